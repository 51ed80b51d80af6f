/** Counters of an account, four a slot: debits posted, credits posted, debits pending, credits pending. */
export const DEBITS = 0,
  CREDITS = 1,
  DEBITS_HELD = 2,
  CREDITS_HELD = 3;

export const Mark = { opened: 1, creditNormal: 2, closed: 4 } as const;

/** What verify adds up by itself about each account of a shard, by the account's number. */
export class AccountColumns {
  counters = new BigInt64Array(4 * 1024);
  /** In the order of LIMIT_ORDER; `limitMask` says which are set. */
  limits = new BigInt64Array(4 * 1024);
  limitMask = new Uint8Array(1024);
  marks = new Uint8Array(1024);
  asset = new Uint16Array(1024);
  book = new Uint32Array(1024);
  version = new Float64Array(1024);
  /** Of the last entry; of the opening where there is none. */
  lastSeq = new Float64Array(1024);
  /** The highest number that was opened. */
  last = 0;
  readonly closedUs = new Map<number, number>();
  /** As JSON text, where there is any. */
  readonly metadata = new Map<number, string>();

  has(number: number): boolean {
    return number <= this.last && (this.marks[number] & Mark.opened) !== 0;
  }

  open(number: number): void {
    if (number >= this.marks.length) this.#grow(number);
    this.marks[number] |= Mark.opened;
    if (number > this.last) this.last = number;
  }

  #grow(number: number): void {
    let size = this.marks.length;
    while (size <= number) size *= 2;
    const longer = <T extends { set(from: T): void }>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.counters = longer(this.counters, new BigInt64Array(size * 4));
    this.limits = longer(this.limits, new BigInt64Array(size * 4));
    this.limitMask = longer(this.limitMask, new Uint8Array(size));
    this.marks = longer(this.marks, new Uint8Array(size));
    this.asset = longer(this.asset, new Uint16Array(size));
    this.book = longer(this.book, new Uint32Array(size));
    this.version = longer(this.version, new Float64Array(size));
    this.lastSeq = longer(this.lastSeq, new Float64Array(size));
  }
}

/** The first limit that the account's counters pass, and by which balance; null where they keep all. */
export function passedLimit(
  accounts: AccountColumns,
  number: number,
): { limit: number; balance: bigint } | null {
  const mask = accounts.limitMask[number];
  if (mask === 0) return null;
  const at = number * 4;
  const { counters, limits } = accounts;
  const creditNormal = (accounts.marks[number] & Mark.creditNormal) !== 0;
  const posted = creditNormal
    ? counters[at + CREDITS] - counters[at + DEBITS]
    : counters[at + DEBITS] - counters[at + CREDITS];
  const lowering = counters[at + (creditNormal ? DEBITS_HELD : CREDITS_HELD)];
  const raising = counters[at + (creditNormal ? CREDITS_HELD : DEBITS_HELD)];
  const balances = [posted, posted, posted - lowering, posted + raising];
  for (let limit = 0; limit < 4; limit++) {
    if ((mask & (1 << limit)) === 0) continue;
    const isFloor = limit % 2 === 0;
    const balance = balances[limit];
    if (isFloor ? balance < limits[at + limit] : balance > limits[at + limit]) return { limit, balance };
  }
  return null;
}
