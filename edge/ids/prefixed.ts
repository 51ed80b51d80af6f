import { Problem } from '../problems/problem.ts';

/** What an id of the API begins with, by what it names. */
export const PREFIX = {
  paymentIntent: 'pi',
  attempt: 'pa',
  refund: 're',
  paymentMethod: 'pm',
  customer: 'cus',
  account: 'acct',
  balanceTransaction: 'txn',
  dispute: 'dp',
  apiKey: 'key',
  event: 'evt',
  webhookEndpoint: 'we',
  paymentLink: 'plink',
  request: 'req',
} as const;

export type Prefix = (typeof PREFIX)[keyof typeof PREFIX];

const DIGITS = /^[0-9a-f]{32}$/;

/** "pi_0190a000000070008000000000000001" of a UUID of the core: the same digits without hyphens. */
export function prefixed(prefix: Prefix, uuid: string): string {
  return `${prefix}_${uuid.replaceAll('-', '')}`;
}

/** The UUID behind an id; undefined where it is no id of that kind. */
export function uuidOf(prefix: Prefix, id: string): string | undefined {
  const digits = id.slice(prefix.length + 1);
  if (!id.startsWith(`${prefix}_`) || !DIGITS.test(digits)) return undefined;
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20),
  ].join('-');
}

/** The same of an id that a request names; one that cannot be is as good as none. */
export function named(prefix: Prefix, id: string, param?: string): string {
  const uuid = uuidOf(prefix, id);
  if (uuid === undefined || uuid === NIL) throw new Problem('resource_missing', { param });
  return uuid;
}

const NIL = '00000000-0000-0000-0000-000000000000';
