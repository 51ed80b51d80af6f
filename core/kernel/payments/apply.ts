import { spend } from '../ledger/apply.ts';
import type { Uuid } from '../ledger/commands.ts';
import { PAYMENT } from '../ledger/layout.ts';
import type { LedgerState } from '../ledger/state.ts';
import { declinesIn } from './cardTries.ts';
import { type IntentChange, type PaymentChange, changeAt, subjectAt } from './change.ts';
import {
  apiKeyOf,
  customerOf,
  evolve,
  evolveMerchant,
  evolveWebhooks,
  intentOf,
  merchantOf,
  paymentLinkOf,
  paymentMethodOf,
} from './evolve.ts';
import type { PaymentsState } from './state.ts';

/**
 * Brings the payments of a shard past one event. The subject of an event that begins none must be resident. Whoever has
 * just decided the event hands in its change, which is what the event says (applied.test.ts): to read it back out of its
 * bytes is the dearest part of applying it.
 */
export function applyPayment(
  state: LedgerState & { readonly payments: PaymentsState },
  view: DataView,
  at: number,
  seq: number,
  change: PaymentChange = changeAt(view, at),
): void {
  const subject = subjectAt(view, at, seq);
  if (hasId(view, at)) spend(state, view, at + PAYMENT.id, subject.book, seq);
  keep(state.payments, change, subject, seq);
}

/** Keeps what an event says of its subject. */
export function keep(
  payments: PaymentsState,
  change: PaymentChange,
  subject: { book: number; id: Uuid; seq: number },
  seq: number,
): void {
  if (change.name === 'merchant_created') {
    payments.merchants.set(seq, merchantOf(change, { ...subject, seq }));
    return;
  }
  if (change.name === 'merchant_updated') {
    const merchant = payments.merchants.get(subject.seq);
    if (merchant === undefined) throw new Error(`merchant ${subject.id} of event ${seq} is not resident`);
    evolveMerchant(merchant, change, seq);
    return;
  }
  if (change.name === 'webhook_attempts_logged' || change.name === 'webhook_resend_asked') return;
  if ('endpoint' in change) {
    const merchant = payments.merchants.get(subject.seq);
    if (merchant === undefined) throw new Error(`merchant ${subject.id} of event ${seq} is not resident`);
    evolveWebhooks(merchant, change, seq);
    return;
  }
  if ('apiKey' in change) {
    payments.apiKeys.set(subject.seq, apiKeyOf(change, subject, seq));
    return;
  }
  if ('paymentLink' in change) {
    payments.paymentLinks.set(subject.seq, paymentLinkOf(change, subject, seq));
    return;
  }
  // Whoever asks for it finds it by its id, in the event.
  if ('record' in change) return;
  if ('customer' in change) {
    payments.customers.set(subject.seq, customerOf(change, subject, seq));
    return;
  }
  if ('paymentMethod' in change) {
    payments.paymentMethods.set(subject.seq, paymentMethodOf(change, subject, seq));
    return;
  }
  if (change.name === 'intent_created') {
    payments.intents.set(seq, intentOf(change, { ...subject, seq }));
  } else {
    const intent = payments.intents.get(subject.seq);
    if (intent === undefined) throw new Error(`payment ${subject.id} of event ${seq} is not resident`);
    evolve(intent, change, seq);
  }
  noteDeclines(payments, change, subject.seq, seq);
  for (const { id } of change.operations) payments.operations.set(id, subject.seq);
  if (change.after.dueUs !== Infinity) payments.dues.add(change.after.dueUs, subject.seq);
}

function noteDeclines(
  { intents, cardTries }: PaymentsState,
  change: IntentChange,
  subjectSeq: number,
  seq: number,
): void {
  for (const { token, one } of declinesIn(change)) {
    const { book, merchant } = intents.get(subjectSeq)!;
    cardTries.note({ book, merchant, token }, one, seq);
  }
}

function hasId(view: DataView, at: number): boolean {
  return view.getUint32(at + PAYMENT.id) !== 0 || view.getUint32(at + PAYMENT.id + 4) !== 0;
}
