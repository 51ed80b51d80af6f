import { isIPv4, isIPv6 } from 'node:net';

const GROUPS = 8;
/** Of an IPv6 address what its owner does not choose: whoever has one has 2^64 of them. */
const NETWORK_GROUPS = 4;

/** What limits by address count under one name: an IPv4 address, or the network of an IPv6 one. */
export function countedAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const [, mapped] = /^::ffff:([0-9.]+)$/i.exec(address) ?? [];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  return `${groupsOf(address).slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [bare] = address.split('%');
  const [head, tail] = bare.split('::').map((part) => (part === '' ? [] : part.split(':')));
  if (tail === undefined) return head.map(plain);
  // A tail in the form of an IPv4 address is two groups, and none of the first four.
  const tailGroups = tail.at(-1)?.includes('.') === true ? tail.length + 1 : tail.length;
  const zeros = Array<string>(GROUPS - head.length - tailGroups).fill('0');
  return [...head, ...zeros, ...tail].map(plain);
}

function plain(group: string): string {
  return group.toLowerCase().replace(/^0+(?=.)/, '');
}
