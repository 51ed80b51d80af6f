import { createHmac, timingSafeEqual } from 'node:crypto';
import { PREFIX, prefixed } from '../ids/prefixed.ts';
import type { Caller } from './caller.ts';

/** The shortest key that is taken, bytes. */
const KEY_BYTES_MIN = 32;

/** Whose payment it is: a client secret is good for one merchant, in one mode. */
type Owner = Pick<Caller, 'book' | 'merchantId' | 'isLive'>;

/**
 * The client secrets of payment intents: who has one may retrieve and confirm that payment with a publishable key. Derived
 * from the key that all edges share, and kept nowhere, so that no table, backup or log can give one away.
 */
export class ClientSecrets {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    if (key.length < KEY_BYTES_MIN)
      throw new RangeError(`a key of client secrets has ${KEY_BYTES_MIN} bytes or more`);
    this.#key = key;
  }

  /** "pi_.._secret_..", 256 bits of it secret. */
  secretOf({ book, merchantId, isLive }: Owner, paymentIntentId: string): string {
    const mode = isLive ? 'live' : 'test';
    const secret = createHmac('sha256', this.#key)
      .update(`florin client secret\n${book}\n${merchantId}\n${mode}\n${paymentIntentId}`)
      .digest('base64url');
    return `${prefixed(PREFIX.paymentIntent, paymentIntentId)}_secret_${secret}`;
  }

  /** In a time that does not depend on how much of it is right. */
  isGood(owner: Owner, paymentIntentId: string, secret: string): boolean {
    const good = Buffer.from(this.secretOf(owner, paymentIntentId));
    const told = Buffer.from(secret);
    return told.length === good.length && timingSafeEqual(told, good);
  }
}
