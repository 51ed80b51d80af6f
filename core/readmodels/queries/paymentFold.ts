import type { Uuid } from '../../kernel/ledger/commands.ts';
import { type IntentChange, type PaymentChange, changeOfText } from '../../kernel/payments/change.ts';
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
} from '../../kernel/payments/evolve.ts';
import type { ApiKey, PaymentLink } from '../../kernel/payments/edgeModel.ts';
import type { Customer, Intent, Merchant, StoredMethod } from '../../kernel/payments/model.ts';
import type { Marked } from './reading.ts';

/** An event as the queries below read it. */
export interface PaymentEventSql extends Marked {
  subject_seq: string;
  seq: string;
  book_no: number;
  subject_id: string;
  change: string;
}

export const PAYMENT_EVENT = 'e.subject_seq, e.seq, e.book_no, e.subject_id, e.change';

export function changeOf({ change }: { change: string }): PaymentChange {
  return changeOfText(change);
}

/** The intents whose events these are, each in its order; in the order in which their first events come. */
export function intentsOf(rows: readonly PaymentEventSql[]): Intent[] {
  const intents = new Map<string, Intent>();
  for (const row of rows) {
    const change = changeOf(row);
    const seq = Number(row.seq);
    if (change.name === 'intent_created') {
      intents.set(row.subject_seq, intentOf(change, whoseOf(row)));
      continue;
    }
    const intent = intents.get(row.subject_seq);
    if (intent === undefined || !isOfIntent(change))
      throw new Error(`the events of payment ${row.subject_id} are not whole: run "florin verify"`);
    evolve(intent, change, seq);
  }
  return [...intents.values()];
}

/** The same of merchants. */
export function merchantsOf(rows: readonly PaymentEventSql[]): Merchant[] {
  const merchants = new Map<string, Merchant>();
  for (const row of rows) {
    const change = changeOf(row);
    if (change.name === 'merchant_created') {
      merchants.set(row.subject_seq, merchantOf(change, whoseOf(row)));
      continue;
    }
    const merchant = merchants.get(row.subject_seq);
    if (merchant === undefined || (change.name !== 'merchant_updated' && !('endpoint' in change)))
      throw new Error(`the events of merchant ${row.subject_id} are not whole: run "florin verify"`);
    if ('endpoint' in change) evolveWebhooks(merchant, change, Number(row.seq));
    else evolveMerchant(merchant, change, Number(row.seq));
  }
  return [...merchants.values()];
}

export function customersOf(rows: readonly PaymentEventSql[]): Customer[] {
  return rows.map((row) => {
    const change = changeOf(row);
    if (!('customer' in change)) throw new Error(`event ${row.seq} is of no customer: run "florin verify"`);
    return customerOf(change, { ...whoseOf(row), seq: Number(row.subject_seq) }, Number(row.seq));
  });
}

export function paymentMethodsOf(rows: readonly PaymentEventSql[]): StoredMethod[] {
  return rows.map((row) => {
    const change = changeOf(row);
    if (!('paymentMethod' in change))
      throw new Error(`event ${row.seq} is of no payment method: run "florin verify"`);
    return paymentMethodOf(change, { ...whoseOf(row), seq: Number(row.subject_seq) }, Number(row.seq));
  });
}

export function apiKeysOf(rows: readonly PaymentEventSql[]): ApiKey[] {
  return rows.map((row) => {
    const change = changeOf(row);
    if (!('apiKey' in change)) throw new Error(`event ${row.seq} is of no API key: run "florin verify"`);
    return apiKeyOf(change, { ...whoseOf(row), seq: Number(row.subject_seq) }, Number(row.seq));
  });
}

export function paymentLinksOf(rows: readonly PaymentEventSql[]): PaymentLink[] {
  return rows.map((row) => {
    const change = changeOf(row);
    if (!('paymentLink' in change))
      throw new Error(`event ${row.seq} is of no payment link: run "florin verify"`);
    return paymentLinkOf(change, { ...whoseOf(row), seq: Number(row.subject_seq) }, Number(row.seq));
  });
}

export function isOfIntent(change: PaymentChange): change is IntentChange {
  return 'after' in change;
}

function whoseOf(row: PaymentEventSql): { id: Uuid; book: number; seq: number } {
  // Ids of the journal are canonical: they were parsed before they came into it.
  return { id: row.subject_id as Uuid, book: row.book_no, seq: Number(row.seq) };
}
