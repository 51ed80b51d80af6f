import type { Command } from 'commander';
import type { SingleAnswer } from '../../client/index.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  CaptureMethod,
  type PaymentIntent,
  type PaymentResult,
} from '../../gen/florin/payments/v1/payments_pb.ts';
import { parseMinorUnits } from '../print/money.ts';
import { cannotRun, refused } from '../problem.ts';
import { SHOP } from '../sample/story.ts';
import { operationStateName, paymentStateName } from './names.ts';
import { paymentJson } from './paymentForms.ts';
import { type BookOptions, bookOf, FRESH, scaleReader, type Session, withCore } from './session.ts';
import { bookCommand, readId } from './shape.ts';

/** Whoever pays by hand waits for what the provider makes of it. */
const WAITING = { waitMs: 10_000 };

interface CreateOptions extends BookOptions {
  readonly merchant: string;
  readonly amount: string;
  readonly currency: string;
  readonly method?: string;
  readonly customer?: string;
  readonly reference?: string;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly manual?: true;
  readonly id?: string;
  readonly json?: true;
}

interface RefundOptions extends BookOptions {
  readonly amount?: string;
  readonly id?: string;
  readonly json?: true;
}

/** What makes payments and gives them back, below "florin payments". */
export function addPaymentChanges(payments: Command): void {
  bookCommand(payments, 'create', {
    description: 'make a payment, and pay it if --method says with what',
    example:
      'florin payments create --book shop --merchant 0190a000-0000-7000-8000-000000000011 ' +
      '--amount 19.99 --currency EUR --method pm_card_visa',
  })
    .requiredOption('--merchant <id>', 'the merchant who is paid')
    .requiredOption('--amount <amount>', 'how much, in the units of the currency: 19.99')
    .requiredOption('--currency <code>', 'ISO 4217')
    .option('--method <token>', "a card's token; it is paid at once")
    .option('--customer <id>', 'who pays', readId)
    .option('--reference <text>', "the merchant's own reference")
    .option('--description <text>', 'for people')
    .option('--metadata <key=value>', 'an entry; give it once an entry', metadataEntry)
    .option('--manual', 'authorise only; another call captures')
    .option('--id <uuid>', "the payment's id, to say the same again (default: a new one)")
    .action((options: CreateOptions) => withCore(options, (session) => create(session, options)));
  bookCommand(payments, 'refund', {
    description: 'give a payment back, in full or in part',
    example: 'florin payments refund 0190a000-0000-7000-8000-000000000012 --book shop --amount 5.00',
  })
    .argument('<id>', "the payment intent's id", readId)
    .option('--amount <amount>', 'how much (default: all that is left)')
    .option('--id <uuid>', "the refund's id, to say the same again (default: a new one)")
    .action((id: string, options: RefundOptions) =>
      withCore(options, (session) => refund(session, id, options)),
    );
}

export function metadataEntry(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw cannotRun(`--metadata is "${text}": it must be a key and a value like order=42.`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

async function create(session: Session, options: CreateOptions): Promise<void> {
  const { client, terminal } = session;
  const book = await bookOf(session, options, SHOP);
  const asset = options.currency.toUpperCase();
  const minorUnits = await amountOf(session, options.amount, asset);
  const { merchant: merchantId, method: token, metadata = {} } = options;
  const answer = await client.paymentIntents.createPaymentIntent(
    book,
    {
      id: await idOf(options),
      merchantId,
      amount: { minorUnits, asset },
      captureMethod: options.manual === true ? CaptureMethod.MANUAL : CaptureMethod.AUTOMATIC,
      confirm: token !== undefined,
      ...(token === undefined ? {} : { paymentMethod: { type: PaymentMethodType.CARD, token } }),
      customerId: options.customer ?? '',
      reference: options.reference ?? '',
      description: options.description ?? '',
      metadata,
    },
    WAITING,
  );
  const payment = await changedBy(session, book, answer);
  if (options.json === true) return terminal.print(JSON.stringify(paymentJson(payment)));
  await terminal.print(`Payment ${payment.id} is ${paymentStateName(payment.state)}.`);
  if (payment.nextActionUrl !== '') terminal.remark(`The payer goes to ${payment.nextActionUrl}`);
  if (payment.lastDeclineCode !== '') terminal.remark(`It was declined: ${payment.lastDeclineCode}.`);
}

async function refund(session: Session, paymentIntentId: string, options: RefundOptions): Promise<void> {
  const { client, terminal } = session;
  const book = await bookOf(session, options, SHOP);
  const id = await idOf(options);
  const asked = { book, paymentIntentId, freshness: FRESH };
  const { paymentIntent: before } = await client.paymentIntents.getPaymentIntent(asked);
  const amount =
    options.amount === undefined
      ? {}
      : { amount: await amountOf(session, options.amount, before?.amount?.asset ?? '') };
  const answer = await client.refunds.createRefund(book, { id, paymentIntentId, ...amount }, WAITING);
  const payment = await changedBy(session, book, answer);
  const operation = payment.operations.find(({ requestId }) => requestId === id.toLowerCase());
  if (operation === undefined) throw new Error(`payment ${payment.id} does not have its refund`);
  if (options.json === true)
    return terminal.print(JSON.stringify({ refund: id, payment: paymentJson(payment) }));
  await terminal.print(`Refund ${id} is ${operationStateName(operation.state)}.`);
}

/** Exact minor units of what a person has typed. */
export async function amountOf(session: Session, text: string, asset: string): Promise<bigint> {
  const scale = await scaleReader(session)(asset);
  const units = parseMinorUnits(text, scale);
  if (units !== undefined && units > 0n) return units;
  throw cannotRun(`--amount is "${text}": it must be above 0, with at most ${scale} decimals for ${asset}.`);
}

async function idOf({ id }: { id?: string }): Promise<string> {
  const { uuidv7 } = await import('../../client/index.ts');
  return id ?? uuidv7();
}

/** The payment after a command; it stands in the answer, unless it could not be read in time. */
async function changedBy(
  { client }: Session,
  book: string,
  { outcome }: SingleAnswer<PaymentResult['outcome']>,
): Promise<PaymentIntent> {
  if (outcome.case !== 'changed') {
    const { reason, field } = outcome.value ?? { reason: 'no outcome', field: '' };
    throw refused(`it was refused: ${reason}${field === '' ? '' : ` (${field})`}; see docs/errors.md.`);
  }
  const { paymentIntent, paymentIntentId } = outcome.value;
  const payment = paymentIntent ?? (await client.paymentIntents.readPaymentIntent(book, paymentIntentId));
  if (payment === undefined) throw new Error('the core has changed a payment that it does not have');
  return payment;
}
