import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'simulator-signature';

/** `t=` seconds since 1970, `v1=` HMAC-SHA256 over `{t}.{body}` in hexadecimal. */
export function signatureOf(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
