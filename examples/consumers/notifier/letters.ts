import type { PaymentIntentEvent } from '../../../gen/florin/events/v1/envelopes_pb.ts';

export interface Letter {
  readonly subject: string;
  readonly text: string;
}

/** What customers are written about, by the names that merchants know. Of all else nobody is told. */
const LETTERS: Readonly<Record<string, (amount: string, payment: string) => Letter>> = {
  'payment_intent.succeeded': (amount, payment) => ({
    subject: `Thank you: ${amount} received`,
    text: `We have received your payment of ${amount}.\n\nPayment ${payment}`,
  }),
  'payment_intent.payment_failed': (amount, payment) => ({
    subject: 'Your payment did not go through',
    text: `Your payment of ${amount} did not go through. Please try another card.\n\nPayment ${payment}`,
  }),
  'refund.updated': (_, payment) => ({
    subject: 'Your refund is on its way',
    text: `We have sent money back to you; it arrives within a few days.\n\nPayment ${payment}`,
  }),
};

export function lettersOf({ told, amount, currency, paymentIntentId }: PaymentIntentEvent): Letter[] {
  return told.flatMap(({ type }) => LETTERS[type]?.(money(amount, currency), paymentIntentId) ?? []);
}

/** Exact: the amount never becomes a number. */
function money(minorUnits: bigint, currency: string): string {
  // Not one of ISO 4217: nobody here knows its decimals.
  if (!/^[A-Z]{3}$/.test(currency)) return `${minorUnits} minor units of ${currency}`;
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' });
  const { maximumFractionDigits: scale = 0 } = format.resolvedOptions();
  return format.format(`${minorUnits}E-${scale}` as Intl.StringNumericLiteral).replaceAll('\u00a0', ' ');
}
