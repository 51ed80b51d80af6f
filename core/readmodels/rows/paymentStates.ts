import { PAYMENT } from '../../kernel/ledger/layout.ts';
import type { Counters } from '../../kernel/payments/model.ts';
import { BigintColumn } from '../copy/columnBuffer.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import { TextColumn } from '../copy/textColumn.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';
import { type IntentChangeJson, columnText, subjectSeqOf } from './paymentChange.ts';

/** In the order of the columns. */
export const COUNTER_NAMES = [
  'authorized',
  'captured',
  'capturing',
  'refunded',
  'refunding',
  'fees',
  'tax',
  'pending',
  'memo',
  'unapplied',
  'returned',
  'disputed',
  'reserve',
] as const satisfies readonly (keyof Counters)[];

export const paymentStatesColumns = `shard, seq, book_no, version, ${COUNTER_NAMES.join(', ')}, due_at, available_at, last_seq, seal, attempts, canceling, state, cancel_reason, attention, method_type, provider, owing`;

const FIELDS = 29;
const FIXED_BYTES = FIELDS * 4 + 19 * 8 + 4 + 2 * 2 + 1;

/** What the columns of an update are called: numbers first, then texts. */
export const UPDATE_NUMBERS = [
  'shard',
  'seq',
  'before',
  'version',
  ...COUNTER_NAMES,
  'due_us',
  'available_us',
  'last_seq',
  'seal',
  'attempts',
  'canceling',
] as const;
export const UPDATE_TEXTS = [
  'state',
  'cancel_reason',
  'attention',
  'method_type',
  'provider',
  'owing',
] as const;

/** States that are encoded before others get a turn of the event loop: about half a millisecond. */
const SLICE = 64;

/** Stands for null in a column of numbers: no moment is at the very beginning of 1970, nor before it. */
const NEVER = 0n;

/** Where a batch leaves one payment intent: its last event says it all, but for what events say only where it changes. */
interface Draft {
  shard: number;
  seq: number;
  book: number;
  /** The version before the batch; 0 where the intent was created in it. */
  before: number;
  lastSeq: number;
  after: IntentChangeJson['after'];
  /** Of the last attempt; null where the batch begins none. */
  provider: string | null;
  /** Attempts that the batch shows, by the highest index. */
  attempts: number;
  /** null where the batch does not change it. */
  methodType: string | null;
}

/** The states that a batch leaves: new rows for the intents that it creates, one change for each other one. */
export class PaymentStateWriter {
  readonly numbers = UPDATE_NUMBERS.map(() => new BigintColumn());
  readonly texts = UPDATE_TEXTS.map(() => new TextColumn());
  readonly #drafts = new Map<string, Draft>();

  clear(): void {
    this.#drafts.clear();
    for (const column of this.numbers) column.clear();
    for (const column of this.texts) column.clear();
  }

  get updates(): number {
    return this.numbers[0].length;
  }

  /** The parameters of the update, in the order of UPDATE_NUMBERS and UPDATE_TEXTS. */
  finish(): Buffer[] {
    return [...this.numbers, ...this.texts].map((column) => column.finish());
  }

  add(cursor: EventCursor, change: IntentChangeJson): void {
    const seq = subjectSeqOf(cursor);
    const key = `${cursor.shard}/${seq}`;
    let draft = this.#drafts.get(key);
    if (draft === undefined) {
      draft = {
        shard: cursor.shard,
        seq,
        book: cursor.i32(PAYMENT.book),
        before: change.after.version - 1,
        lastSeq: 0,
        after: change.after,
        provider: null,
        attempts: 0,
        methodType: null,
      };
      this.#drafts.set(key, draft);
    }
    draft.lastSeq = cursor.seq;
    draft.after = change.after;
    for (const [index, attempt] of change.attempts) {
      if (index < draft.attempts) continue;
      draft.attempts = index + 1;
      draft.provider = attempt.provider;
    }
    const method = change.name === 'intent_created' ? change.intent.method : change.method;
    if (method !== undefined && method !== null) draft.methodType = method.type;
  }

  /** New ones into `rows`, the others into the columns. Each `yield` is a good moment to let others run. */
  *write(rows: RowBuffer, sealer: Sealer): Generator<void> {
    let written = 0;
    for (const draft of this.#drafts.values()) {
      if (++written % SLICE === 0) yield;
      const seal = sealer.paymentStateSeal({
        shard: draft.shard,
        seq: draft.seq,
        book: draft.book,
        version: draft.after.version,
        lastSeq: draft.lastSeq,
        dueUs: draft.after.dueUs,
      });
      if (draft.before === 0) insert(rows, draft, seal);
      else this.#update(draft, seal);
    }
  }

  #update(draft: Draft, seal: bigint): void {
    const { after } = draft;
    const numbers = [
      BigInt(draft.shard),
      BigInt(draft.seq),
      BigInt(draft.before),
      BigInt(after.version),
      ...COUNTER_NAMES.map((name) => BigInt(after.counters[name])),
      after.dueUs === null ? NEVER : BigInt(after.dueUs),
      after.availableAtUs === null ? NEVER : BigInt(after.availableAtUs),
      BigInt(draft.lastSeq),
      seal,
      BigInt(draft.attempts),
      after.canceling ? 1n : 0n,
    ];
    for (const [index, value] of numbers.entries()) this.numbers[index].pushBig(value);
    for (const [index, text] of textsOf(draft).entries()) this.texts[index].push(text);
  }
}

/** In the order of UPDATE_TEXTS. */
function textsOf({ after, methodType, provider }: Draft): (string | null)[] {
  return [
    after.state,
    columnText(after.cancelReason),
    columnText(after.attention),
    methodType,
    provider === null ? null : columnText(provider),
    columnText(after.owing),
  ];
}

function insert(rows: RowBuffer, draft: Draft, seal: bigint): void {
  const { after } = draft;
  const texts = textsOf(draft);
  rows.row(FIELDS, FIXED_BYTES + textBytesMax(...texts));
  rows.i16(draft.shard);
  rows.whole(draft.seq);
  rows.i32(draft.book);
  rows.whole(after.version);
  for (const name of COUNTER_NAMES) rows.big(BigInt(after.counters[name]));
  rows.momentOrNull(after.dueUs);
  rows.momentOrNull(after.availableAtUs);
  rows.whole(draft.lastSeq);
  rows.big(seal);
  rows.i16(draft.attempts);
  rows.boolean(after.canceling);
  for (const text of texts) rows.stringOrNull(text);
}
