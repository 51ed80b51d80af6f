import { hash } from 'node:crypto';

/**
 * An id that follows from what a thing is called and from nothing else, as UUIDv8 (RFC 9562, the first 122 bits of
 * SHA-256): whoever makes the same thing again gives it the same id. No part may hold a line break.
 */
export function namedId(parts: readonly [namespace: string, ...names: string[]]): string {
  const digest = hash('sha256', parts.join('\n'), 'hex');
  const variant = ((Number.parseInt(digest[16], 16) & 0b0011) | 0b1000).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}
