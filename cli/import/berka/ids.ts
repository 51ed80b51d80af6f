import { namedId } from '../../../client/ids/namedId.ts';

/** Changing it, or anything below, would book every file a second time. */
const NAMESPACE = 'florin/import/berka/v1';

/**
 * Not a UUIDv7 stamped with the row's date, though that would be quicker to look up: a row whose date was corrected would
 * get another id and be booked twice. This way the core refuses it with ID_REUSED and names the field that differs.
 */
export function transactionId(names: { book: string; transId: string }): string {
  return namedId([NAMESPACE, 'transaction', names.book, names.transId]);
}

/** No name can hold the separator: book names, codes and numbers are of narrow alphabets. */
export function accountId(names: { book: string; code: string }): string {
  return namedId([NAMESPACE, 'account', names.book, names.code]);
}
