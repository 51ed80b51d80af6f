import { type AccountToOpen, bookingIn } from './booking.ts';
import { readRows } from './parse.ts';
import type { BadRow } from './row.ts';

/** What a whole file needs, known before anything is sent. */
export interface CheckedFile {
  /** Rows that can be booked. */
  readonly rowCount: number;
  /** Every account that the rows name, once, in the order in which they first appear. */
  readonly accounts: readonly AccountToOpen[];
  readonly badRows: readonly BadRow[];
}

/** Reads the whole file once, so that a file with a bad row can be turned away with nothing of it booked. */
export function checkFile(text: string, book: string): CheckedFile {
  const booking = bookingIn(book);
  const accounts: AccountToOpen[] = [];
  const badRows: BadRow[] = [];
  let rowCount = 0;
  for (const read of readRows(text)) {
    if (read.kind === 'bad') {
      badRows.push(read.bad);
      continue;
    }
    rowCount += 1;
    accounts.push(...booking.newAccountsOf(read.row));
  }
  return { rowCount, accounts, badRows };
}
