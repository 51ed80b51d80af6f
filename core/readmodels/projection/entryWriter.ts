import { Kind, POSTING } from '../../kernel/ledger/layout.ts';
import { RowBuffer } from '../copy/rowBuffer.ts';
import { DisplacedDays } from '../rows/displacedDays.ts';
import type { EntryContext } from '../rows/entries.ts';
import { EntryPage, PAGE_ENTRIES_MIN, writeEntryPage } from '../rows/entryPages.ts';
import type { EntryList } from './entryList.ts';

/** Writes a batch's entries, account by account: plain ones as pages where enough of them follow each other, others as rows. */
export class EntryWriter {
  readonly rows = new RowBuffer();
  readonly pages = new RowBuffer();
  readonly displaced = new DisplacedDays();
  readonly #page = new EntryPage();
  readonly #entry: EntryContext = {
    shard: 0,
    account: 0,
    seq: 0,
    bookedUs: 0,
    bookedDay: 0,
    date: 0,
    kind: 0,
    posting: 0,
    side: 0,
  };

  clear(): void {
    this.rows.clear();
    this.pages.clear();
    this.displaced.clear();
  }

  /** Some entries of one account, in the order of their versions; `place` is the account's in the batch. */
  write(
    list: EntryList,
    view: DataView,
    { place, from, to }: { place: number; from: number; to: number },
  ): void {
    let next = from;
    while (to - next >= PAGE_ENTRIES_MIN) {
      const count = list.fill(this.#page, view, { from: next, to });
      if (count >= PAGE_ENTRIES_MIN) writeEntryPage(this.pages, { view, records: list.records }, this.#page);
      // The entry behind a run is the one that ended it: no page begins there.
      else for (let i = next; i <= next + count && i < to; i++) this.#row(list, view, list.entryAt(i), place);
      next += count >= PAGE_ENTRIES_MIN ? count : count + 1;
    }
    for (; next < to; next++) this.#row(list, view, list.entryAt(next), place);
  }

  #row(list: EntryList, view: DataView, entry: number, place: number): void {
    const context = this.#entry;
    list.write(this.rows, view, entry, context);
    if (context.date === context.bookedDay || context.kind === Kind.pending) return;
    const amount = view.getBigInt64(list.postingAt(entry) + POSTING.amount, true);
    if (amount === 0n) return;
    this.displaced.add(place, {
      bookedDay: context.bookedDay,
      date: context.date,
      isDebit: context.side === 1,
      amount,
    });
  }
}
