import { randomInt } from 'node:crypto';

/** A fraction from 0 inclusive to 1 exclusive, in steps of a millionth: enough to spread retries. */
export function randomFraction(): number {
  return randomInt(1_000_000) / 1_000_000;
}
