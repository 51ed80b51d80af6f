import { COUNTERS, POSTING } from '../../kernel/ledger/layout.ts';
import { BigintColumn } from '../copy/columnBuffer.ts';
import type { RowBuffer } from '../copy/rowBuffer.ts';
import type { Sealer } from '../sealing/seals.ts';

export const balancesColumns =
  'account_key, version, debits_posted, credits_posted, debits_pending, credits_pending, last_seq, seal';

/** Fields of a balance as the sealer takes them, and the seal behind. */
const FIELDS = 7;
const ROW_BYTES = 8 * 12;

/** The balances that a batch leaves: new rows for accounts that it opens, one change for each other account it touches. */
export class BalanceWriter {
  /** One column a field, in the order of `balancesColumns`. */
  readonly columns = Array.from({ length: FIELDS + 1 }, () => new BigintColumn());
  readonly #sealer: Sealer;

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  clear(): void {
    for (const column of this.columns) column.clear();
  }

  get updates(): number {
    return this.columns[0].length;
  }

  /** Takes the counters after an account's last posting of the batch; `at` is where that posting begins. */
  fromPosting(
    view: DataView,
    at: number,
    entry: { shard: number; account: number; seq: number; isDebit: boolean },
  ): void {
    const { balance } = this.#sealer;
    const counters = at + (entry.isDebit ? POSTING.debitCounters : POSTING.creditCounters);
    this.#head(entry);
    turn(balance, 16, view, at + (entry.isDebit ? POSTING.debitVersion : POSTING.creditVersion));
    turn(balance, 24, view, counters + COUNTERS.debitsPosted);
    turn(balance, 32, view, counters + COUNTERS.creditsPosted);
    turn(balance, 40, view, counters + COUNTERS.debitsPending);
    turn(balance, 48, view, counters + COUNTERS.creditsPending);
    this.#sealer.sealBalance();
  }

  /** An account that was opened and has no entry yet. */
  untouched(entry: { shard: number; account: number; seq: number }): void {
    const { balance } = this.#sealer;
    this.#head(entry);
    for (let at = 16; at < 56; at += 4) balance.setUint32(at, 0);
    this.#sealer.sealBalance();
  }

  /** What was taken last, as a new row. */
  insert(rows: RowBuffer): void {
    const { balance, high, low } = this.#sealer;
    rows.row(FIELDS + 1, ROW_BYTES);
    for (let field = 0; field < FIELDS; field++)
      rows.halves(balance.getUint32(8 + field * 8), balance.getUint32(12 + field * 8));
    rows.halves(high, low);
  }

  /** What was taken last, as a change of the row that is there. */
  update(): void {
    const { balance, high, low } = this.#sealer;
    for (let field = 0; field < FIELDS; field++) {
      this.columns[field].push(balance.getUint32(8 + field * 8), balance.getUint32(12 + field * 8));
    }
    this.columns[FIELDS].push(high, low);
  }

  #head({ shard, account, seq }: { shard: number; account: number; seq: number }): void {
    const { balance } = this.#sealer;
    balance.setUint32(8, shard);
    balance.setUint32(12, account);
    balance.setUint32(56, Math.floor(seq / 4_294_967_296));
    balance.setUint32(60, seq >>> 0);
  }
}

/** An i64 from the journal's little endian to big endian. */
function turn(to: DataView, toAt: number, from: DataView, fromAt: number): void {
  to.setUint32(toAt, from.getUint32(fromAt + 4, true));
  to.setUint32(toAt + 4, from.getUint32(fromAt, true));
}
