/** A script of k6 in this folder, and what it wants of the run. */
export interface K6Scenario {
  readonly name: string;
  readonly about: string;
  /** How long it is measured, seconds. */
  readonly seconds: number;
  /** `rest`: over an edge, by a merchant's key; `grpc`: to the core. */
  readonly over: 'rest' | 'grpc';
  /** API keys that the callers share out among them; default 1. */
  readonly keys?: number;
  /** Whether limits are those of an edge by default. */
  readonly isLimited?: true;
  /** Whether what the edge adds is held against its bar. */
  readonly holdsOwnTime?: true;
}

export const k6Scenarios: readonly K6Scenario[] = [
  {
    name: 'checkout',
    about: 'a payment in one request, until it has succeeded',
    seconds: 15,
    over: 'rest',
    holdsOwnTime: true,
  },
  { name: 'steps', about: 'created, then confirmed', seconds: 15, over: 'rest' },
  { name: 'capture', about: 'authorised, then captured in part', seconds: 15, over: 'rest' },
  { name: 'refunds', about: 'paid, refunded in part, twice', seconds: 15, over: 'rest' },
  { name: 'reads', about: 'one of a thousand payments', seconds: 15, over: 'rest' },
  {
    name: 'mixed',
    about: 'half reads; payments, captures, refunds, declines, lists',
    seconds: 15,
    over: 'rest',
  },
  {
    name: 'spike',
    about: 'payments at a rate (400/s), at five times that, then as before',
    seconds: 60,
    over: 'rest',
    isLimited: true,
  },
  {
    name: 'flood',
    about: 'the same by many keys, far beyond what the machine takes (600/s, and five times that)',
    seconds: 60,
    over: 'rest',
    keys: 8,
    isLimited: true,
  },
  { name: 'soak', about: 'mixed, for long, at a rate (400/s)', seconds: 600, over: 'rest' },
  { name: 'single', about: 'transfers, one a call', seconds: 15, over: 'grpc' },
  { name: 'batch', about: 'transfers, 64 a call', seconds: 15, over: 'grpc' },
];
