import { createHash } from 'node:crypto';

/**
 * A UUID that follows from words: the same words give the same id at every edge, so that what is done again is done
 * once. 122 bits of their SHA-256, as version 8 of RFC 9562.
 */
export function derivedUuid(...words: readonly [string, ...string[]]): string {
  // The words' lengths are hashed too, so that no two lists of words run into one.
  const hash = createHash('sha256').update(JSON.stringify(words)).digest();
  hash[6] = (hash[6] & 0x0f) | 0x80;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
