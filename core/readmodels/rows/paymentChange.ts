import { PAYMENT } from '../../kernel/ledger/layout.ts';
import type {
  IntentChange,
  MerchantCreated,
  MerchantUpdated,
  PaymentChange,
} from '../../kernel/payments/change.ts';
import type { ChangeJson, Json } from '../../kernel/payments/changeJson.ts';
import type { EventCursor } from '../projection/cursor.ts';

export type MerchantChangeJson = Json<MerchantCreated | MerchantUpdated>;
export type IntentChangeJson = Json<IntentChange>;

export type ChangeNamed<Name extends PaymentChange['name']> = Json<Extract<PaymentChange, { name: Name }>>;

export type { ChangeJson } from '../../kernel/payments/changeJson.ts';

/** A change as its JSON says it: rows want the text of an amount, so nothing is converted. */
export function changeOf(cursor: EventCursor): ChangeJson {
  return JSON.parse(cursor.text(PAYMENT.bytes, cursor.u32(PAYMENT.changeBytes))) as ChangeJson;
}

/** The seq of the event that began the subject: its own where it does so itself. */
export function subjectSeqOf(cursor: EventCursor): number {
  return cursor.whole(PAYMENT.subjectSeq) || cursor.seq;
}

/**
 * A text as a column holds it: null for none. What a provider said may hold what Postgres cannot, and a fact is never
 * refused; its bytes stand in the event.
 */
export function columnText(text: string): string | null {
  return text === '' ? null : text.replaceAll('\0', '\u{fffd}');
}

/** Of a text column that may be empty. */
export function filledText(text: string): string {
  return columnText(text) ?? '';
}
