import { createHmac } from 'node:crypto';

export interface Signed {
  /** The same over all tries. */
  readonly id: string;
  /** Unix time of the try, seconds. */
  readonly timestamp: number;
  readonly body: string;
}

/** The value of `webhook-signature`, as Standard Webhooks 1.0 says: one signature for each secret, parted by spaces. */
export function signatureOf({ id, timestamp, body }: Signed, secrets: readonly Uint8Array[]): string {
  return secrets
    .map(
      (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
    )
    .join(' ');
}
