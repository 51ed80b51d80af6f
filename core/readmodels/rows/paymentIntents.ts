import { PAYMENT } from '../../kernel/ledger/layout.ts';
import { BigintColumn } from '../copy/columnBuffer.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import { TextColumn } from '../copy/textColumn.ts';
import type { EventCursor } from '../projection/cursor.ts';
import { type ChangeNamed, type IntentChangeJson, columnText, subjectSeqOf } from './paymentChange.ts';

export const paymentIntentsColumns =
  'book_no, seq, shard, id, merchant_id, terms_number, customer_id, created_at, expires_at, amount, currency, capture, reference, description, statement_descriptor, return_url, metadata';

const FIXED_BYTES = 17 * 4 + 4 * 8 + 3 * 16 + 4 + 2 * 2;

/** The row of a payment intent as it was created. Where a confirmation sends its payer back to stands in that event alone. */
export function writePaymentIntent(
  rows: RowBuffer,
  cursor: EventCursor,
  { intent }: ChangeNamed<'intent_created'>,
): void {
  const texts = [intent.reference, intent.description, intent.statementDescriptor, intent.returnUrl].map(
    columnText,
  );
  const metadata = intent.metadata.length === 0 ? null : JSON.stringify(Object.fromEntries(intent.metadata));
  rows.row(
    17,
    FIXED_BYTES + textBytesMax(...texts, metadata, intent.currency, intent.capture, intent.merchant),
  );
  rows.i32(cursor.i32(PAYMENT.book));
  rows.whole(cursor.seq);
  rows.i16(cursor.shard);
  rows.uuid(cursor.view, cursor.at + PAYMENT.subjectId);
  rows.hexUuid(intent.merchant);
  rows.i16(intent.termsNumber);
  rows.hexUuidOrNull(intent.customer);
  rows.moment(intent.createdUs);
  rows.momentOrNull(intent.expiresAtUs);
  rows.big(BigInt(intent.amount));
  rows.string(intent.currency);
  rows.string(intent.capture);
  for (const text of texts) rows.stringOrNull(text);
  rows.jsonOrNull(metadata);
}

/** What the columns of an update are called: numbers first, then texts. */
export const INTENT_UPDATE_NUMBERS = ['book_no', 'seq', 'amount'] as const;
export const INTENT_UPDATE_TEXTS = [
  'customer_id',
  'reference',
  'description',
  'return_url',
  'metadata',
] as const;

type Updated = NonNullable<Exclude<IntentChangeJson, { name: 'intent_created' }>['updated']>;

/** What callers have changed of payment intents before any provider was asked: one change an intent and batch. */
export class PaymentIntentUpdates {
  readonly numbers = INTENT_UPDATE_NUMBERS.map(() => new BigintColumn());
  readonly texts = INTENT_UPDATE_TEXTS.map(() => new TextColumn());
  readonly #last = new Map<string, { book: number; seq: number; updated: Updated }>();

  clear(): void {
    this.#last.clear();
    for (const column of [...this.numbers, ...this.texts]) column.clear();
  }

  get updates(): number {
    return this.numbers[0].length;
  }

  add(cursor: EventCursor, updated: Updated): void {
    const book = cursor.i32(PAYMENT.book);
    const seq = subjectSeqOf(cursor);
    this.#last.set(`${book}/${seq}`, { book, seq, updated });
  }

  /** The parameters of the update, in the order of the columns. */
  finish(): Buffer[] {
    return [...this.numbers, ...this.texts].map((column) => column.finish());
  }

  write(): void {
    for (const { book, seq, updated } of this.#last.values()) {
      const { customer, amount, reference, description, returnUrl, metadata } = updated;
      for (const [index, value] of [BigInt(book), BigInt(seq), BigInt(amount)].entries())
        this.numbers[index].pushBig(value);
      const entries = metadata.length === 0 ? null : JSON.stringify(Object.fromEntries(metadata));
      for (const [index, text] of [
        customer,
        columnText(reference),
        columnText(description),
        // What an event does not say stays as it is.
        returnUrl ?? null,
        entries,
      ].entries())
        this.texts[index].push(text);
    }
  }
}
