import { refusal } from '../ledger/context.ts';
import { type MerchantCreated, type MerchantUpdated, Subject, writeChange } from './change.ts';
import type { CreateMerchant, UpdateMerchant } from './commands.ts';
import { factsOfPayment, factsOfTerms } from './facts.ts';
import type { PaymentContext } from './flow.ts';
import type { Merchant, Terms } from './model.ts';
import { newestTerms, TERMS_MAX } from './terms.ts';
import type { Decided } from './flow.ts';

export function decideMerchant(context: PaymentContext, command: CreateMerchant): Decided {
  const { op: _op, id, name, country, mode, routing, ...terms } = command;
  const first = context.body.events;
  const change: MerchantCreated = {
    name: 'merchant_created',
    by: 'caller',
    request: factsOfPayment(command),
    merchant: {
      name,
      country,
      routing,
      terms,
      termsNumber: 1,
      version: 1,
      ...(mode === 'live' ? { mode } : {}),
    },
  };
  const event = { id, book: context.book, subject: Subject.merchant, subjectId: id, subjectSeq: 0 };
  return { done: 'events', first, at: writeChange(context.body, event, change), change };
}

/** Other terms get a number of their own: what was agreed when a payment was created stays true for it. */
export function decideMerchantUpdate(
  context: PaymentContext,
  command: UpdateMerchant,
  merchant: Merchant,
): Decided {
  const before = newestTerms(merchant);
  const terms = changedTerms(before, command);
  const isNew = String(factsOfTerms(terms)) !== String(factsOfTerms(before));
  const termsNumber = merchant.terms.length + (isNew ? 1 : 0);
  if (termsNumber > TERMS_MAX) return refusal('TERMS_EXHAUSTED', { field: 'merchant_id' });
  const first = context.body.events;
  const change: MerchantUpdated = {
    name: 'merchant_updated',
    by: 'caller',
    request: factsOfPayment(command),
    merchant: {
      name: command.name ?? merchant.name,
      country: merchant.country,
      routing: command.routing ?? merchant.routing,
      terms,
      termsNumber,
      version: merchant.version + 1,
    },
  };
  const event = {
    id: command.id,
    book: context.book,
    subject: Subject.merchant,
    subjectId: merchant.id,
    subjectSeq: merchant.seq,
  };
  return { done: 'events', first, at: writeChange(context.body, event, change), change };
}

function changedTerms(
  before: Terms,
  { fees, tax, feesReturned, settlementDays, reserve }: UpdateMerchant,
): Terms {
  return {
    fees: fees ?? before.fees,
    taxPpm: tax?.taxPpm ?? before.taxPpm,
    taxJurisdiction: tax?.taxJurisdiction ?? before.taxJurisdiction,
    feesReturned: feesReturned ?? before.feesReturned,
    settlementDays: settlementDays ?? before.settlementDays,
    reserve: reserve ?? before.reserve,
  };
}
