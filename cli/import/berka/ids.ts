import { hash } from 'node:crypto';

/** Changing it, or anything below, would book every file a second time. */
const NAMESPACE = 'florin/import/berka/v1';

/**
 * Ids that follow from what a thing is called and from nothing else, as UUIDv8 (RFC 9562, the first 122 bits of SHA-256).
 * Not a UUIDv7 stamped with the row's date, though that would be quicker to look up: a row whose date was corrected would
 * get another id and be booked twice. This way the core refuses it with ID_REUSED and names the field that differs.
 */
export function transactionId(names: { book: string; transId: string }): string {
  return uuidOf(['transaction', names.book, names.transId]);
}

export function accountId(names: { book: string; code: string }): string {
  return uuidOf(['account', names.book, names.code]);
}

/** No part can hold the separator: book names, codes and numbers are of narrow alphabets. */
function uuidOf(parts: readonly [kind: string, book: string, name: string]): string {
  const digest = hash('sha256', [NAMESPACE, ...parts].join('\n'), 'hex');
  const variant = ((Number.parseInt(digest[16], 16) & 0b0011) | 0b1000).toString(16);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}
