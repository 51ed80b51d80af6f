import { createHmac } from 'node:crypto';
import type { WebhookEndpoint } from '../../gen/florin/events/v1/webhook_endpoints_pb.ts';

/** The shortest key that is taken, bytes. */
export const KEY_BYTES_MIN = 32;

/** A megabyte or two. Begun anew when it is full. */
const REMEMBERED_MAX = 10_000;

/**
 * The secrets of webhook endpoints: derived from one key, which every edge and every deliverer has, and kept nowhere. A
 * secret can so be told again to whoever may see it, and no table, backup or log can give it away.
 */
export class WebhookSecrets {
  readonly #key: Uint8Array;
  readonly #derived = new Map<string, Buffer>();

  constructor(key: Uint8Array) {
    if (key.length < KEY_BYTES_MIN)
      throw new RangeError(`a key of webhooks has ${KEY_BYTES_MIN} bytes or more`);
    this.#key = key;
  }

  /** As Standard Webhooks writes it: "whsec_" and 32 bytes in base64. */
  secretOf({ id }: Pick<WebhookEndpoint, 'id'>, generation: number): string {
    return `whsec_${this.#bytesOf(id, generation).toString('base64')}`;
  }

  /** Those that sign now, the newest first: during a rotation there are two. */
  signing(
    {
      id,
      secretGeneration,
      oldSecretUntil,
    }: Pick<WebhookEndpoint, 'id' | 'secretGeneration' | 'oldSecretUntil'>,
    nowSeconds: number,
  ): Buffer[] {
    const isOldGood = oldSecretUntil !== undefined && Number(oldSecretUntil.seconds) > nowSeconds;
    const generations = isOldGood ? [secretGeneration, secretGeneration - 1] : [secretGeneration];
    return generations.map((generation) => this.#bytesOf(id, generation));
  }

  #bytesOf(id: string, generation: number): Buffer {
    const name = `${id}\n${generation}`;
    const known = this.#derived.get(name);
    if (known !== undefined) return known;
    const secret = createHmac('sha256', this.#key).update(`florin webhook endpoint\n${name}`).digest();
    if (this.#derived.size >= REMEMBERED_MAX) this.#derived.clear();
    this.#derived.set(name, secret);
    return secret;
  }
}
