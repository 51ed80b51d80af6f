import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** What is nobody's on the Internet: RFC 6890 and its successors, with documentation, multicast and what is reserved. */
const PRIVATE_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
] as const;
/** Of IPv6 only global unicast is anybody's; in there, what leads to IPv4 addresses and what is for documents is not. */
const GLOBAL_V6 = '2000::/3';
const PRIVATE_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'] as const;

const privates = listOf([...PRIVATE_V4, ...PRIVATE_V6]);
const global = listOf([GLOBAL_V6]);

/** A host that is on no public address, and on none that the operator allows. */
export class AddressForbidden extends Error {
  override readonly name = 'AddressForbidden';
  readonly code = 'ADDRESS_FORBIDDEN';
}

/** Which addresses deliveries may go to: public ones, and networks that the operator names. */
export class Addresses {
  readonly #allowed: BlockList;

  /** Networks as "10.1.0.0/16" or "::1/128". */
  constructor(allowed: readonly string[]) {
    this.#allowed = listOf(allowed);
  }

  mayReach(address: string): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (this.#allowed.check(address, family)) return true;
    return !privates.check(address, family) && (family === 'ipv4' || global.check(address, family));
  }

  /** Throws for a host that is an address that may not be reached; names are looked at when they are resolved. */
  checkHost(hostname: string): void {
    const address = hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(address) !== 0 && !this.mayReach(address)) throw new AddressForbidden(address);
  }

  /**
   * Resolves a name for a connection, which then goes to the very address that was looked at: whatever the name says a
   * moment later changes nothing.
   */
  readonly lookup: LookupFunction = (hostname, { family, hints, all }, callback) => {
    resolve(hostname, { family: family ?? 0, hints, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const open = addresses.filter(({ address }) => this.mayReach(address));
      const [first] = open;
      if (first === undefined) return callback(new AddressForbidden(hostname), '', 0);
      // Node asks for all, to try one after the other, or for one.
      if (all === true) callback(null, open);
      else callback(null, first.address, first.family);
    });
  };
}

/** Throws a RangeError where one is no network. */
export function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, bits] = network.split('/');
    const family = isIP(address);
    const width = family === 6 ? 128 : 32;
    if (family === 0 || bits === undefined || !/^\d{1,3}$/.test(bits) || Number(bits) > width)
      throw new RangeError(`"${network}" is no network as 10.1.0.0/16 or ::1/128`);
    list.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
