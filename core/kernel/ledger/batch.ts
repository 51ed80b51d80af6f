import type { CreateTransaction, MetadataBytes } from './commands.ts';
import type { Reason } from './refusals.ts';

/** How an item of a batch is held. */
export const Form = {
  /** In the columns: one posting, not linked. */
  column: 0,
  /** In `commands`: several postings, or linked. */
  command: 1,
  /** In `malformed`. */
  malformed: 2,
} as const;

/** Bits of `flags`. */
export const ItemFlag = { pending: 1, dated: 2, linked: 4 } as const;

const NOTHING = new Uint8Array(0);
/** Spare batches of one capacity have room for so many items together, at 78 bytes each. */
const SPARE_ITEMS_MAX = 131_072;

/**
 * A batch of new transactions as columns, so that a plain transfer is no object. Whoever parses the request fills it;
 * the reference of an item stays in the request's bytes.
 */
export class TransactionBatch {
  book = '';
  count = 0;
  form: Uint8Array;
  flags: Uint8Array;
  /** Four words an item. */
  id: Int32Array;
  debit: Int32Array;
  credit: Int32Array;
  amount: BigInt64Array;
  /** Days since 1970, where `dated`. */
  day: Int32Array;
  expiresAfterSeconds: Float64Array;
  referenceStart: Uint32Array;
  referenceEnd: Uint32Array;
  metadata: Map<number, MetadataBytes> = new Map();
  commands: Map<number, CreateTransaction> = new Map();
  malformed: Map<number, { reason: Reason; field: string; posting: number }> = new Map();
  /** The request, in which the references lie. */
  source: Uint8Array = NOTHING;

  /** Columns of batches that were answered, by capacity: fresh ones for every batch would keep the collector busy. */
  static readonly #spare = new Map<number, TransactionBatch[]>();

  /** A batch with room for that many items; give it back with `release`. */
  static take(count: number): TransactionBatch {
    const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(count)));
    return TransactionBatch.#spare.get(capacity)?.pop() ?? new TransactionBatch(capacity);
  }

  /** Nobody looks at the batch any more. */
  release(): void {
    this.form.fill(0, 0, this.count);
    this.count = 0;
    this.book = '';
    this.source = NOTHING;
    if (this.metadata.size > 0) this.metadata = new Map();
    if (this.commands.size > 0) this.commands = new Map();
    if (this.malformed.size > 0) this.malformed = new Map();
    const spare = TransactionBatch.#spare.get(this.form.length) ?? [];
    TransactionBatch.#spare.set(this.form.length, spare);
    if ((spare.length + 1) * this.form.length <= SPARE_ITEMS_MAX) spare.push(this);
  }

  constructor(capacity: number) {
    this.form = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.id = new Int32Array(capacity * 4);
    this.debit = new Int32Array(capacity * 4);
    this.credit = new Int32Array(capacity * 4);
    this.amount = new BigInt64Array(capacity);
    this.day = new Int32Array(capacity);
    this.expiresAfterSeconds = new Float64Array(capacity);
    this.referenceStart = new Uint32Array(capacity);
    this.referenceEnd = new Uint32Array(capacity);
  }
}
