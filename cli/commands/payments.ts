import type { Command } from 'commander';
import type { Transaction } from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { type PaymentIntent, PaymentIntentState } from '../../gen/florin/payments/v1/payments_pb.ts';
import type { TimelineEvent } from '../../gen/florin/payments/v1/timelines_pb.ts';
import { SHOP } from '../sample/story.ts';
import { readMoment } from './moment.ts';
import { PAYMENT_STATES } from './names.ts';
import { itemsOf } from './pages.ts';
import { addPaymentChanges } from './paymentChanges.ts';
import {
  explanationJson,
  paymentJson,
  paymentLines,
  paymentsLines,
  timelineJson,
  timelineLines,
} from './paymentForms.ts';
import { type BookOptions, bookOf, FRESH, scaleReader, type Session, withCore } from './session.ts';
import { bookCommand, choice, count, readId } from './shape.ts';
import { printTransactions, transactionJson } from './transactions.ts';

const SHOWN_DEFAULT = 20;

interface PaymentsOptions extends BookOptions {
  readonly merchant?: string;
  readonly state?: PaymentIntentState;
  readonly reference?: string;
  readonly attention?: true;
  readonly since?: string;
  readonly before?: string;
  readonly limit?: number;
  readonly json?: true;
}

interface PaymentOptions extends BookOptions {
  readonly json?: true;
}

export function addPayments(program: Command): void {
  bookCommand(program, 'payment', {
    description: 'print a payment: why it stands as it does, its timeline, and its postings',
    example: 'florin payment 0190a000-0000-7000-8000-000000000012 --book shop',
  })
    .argument('<id>', "the payment intent's id", readId)
    .action((id: string, options: PaymentOptions) =>
      withCore(options, (session) => showPayment(session, id, options)),
    );
  const payments = program
    .command('payments')
    .description('list the payments of a book, make one, or give one back');
  bookCommand(payments, 'list', {
    description: 'list the payments of a book, newest first; "florin payments" alone does the same',
    example: 'florin payments list --book shop --state processing',
    isDefault: true,
  })
    .option('--merchant <id>', 'only those of this merchant', readId)
    .addOption(choice('--state <state>', 'only those that stand like this', PAYMENT_STATES))
    .option('--reference <text>', 'only with exactly this reference')
    .option('--attention', 'only those that an operator has to look at')
    .option('--since <moment>', 'only created at or after this date (UTC) or moment (1994-01-31T12:00:00Z)')
    .option('--before <moment>', 'only created before this date or moment')
    .addOption(limit())
    .action((options: PaymentsOptions) => withCore(options, (session) => listPayments(session, options)));
  addPaymentChanges(payments);
}

export function limit(): ReturnType<typeof count> {
  const bounds = { min: 0, max: 999_999_999 };
  return count('--limit <n>', `how many at most; default ${SHOWN_DEFAULT}, 0 for all`, bounds);
}

async function showPayment(session: Session, id: string, options: PaymentOptions): Promise<void> {
  const { client, terminal } = session;
  const book = await bookOf(session, options, SHOP);
  const about = { book, paymentIntentId: id, freshness: FRESH };
  const { paymentIntent: payment } = await client.paymentIntents.getPaymentIntent(about);
  if (payment === undefined) throw new Error('the core answered without a payment intent');
  const explained = await client.timelines.explain(about);
  const events: TimelineEvent[] = [];
  const fetchEvents = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.timelines.getTimeline({ ...about, ...page });
    return { items: answer.events, nextPageToken: answer.nextPageToken };
  };
  for await (const event of itemsOf(fetchEvents)) events.push(event);
  const transactions: Transaction[] = [];
  const fetchTransactions = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.timelines.listPaymentTransactions({ ...about, ...page });
    return { items: answer.transactions, nextPageToken: answer.nextPageToken };
  };
  for await (const one of itemsOf(fetchTransactions)) transactions.push(one);
  // Below the timeline, which tells the oldest first too.
  transactions.reverse();

  if (options.json === true) {
    const json = {
      payment: paymentJson(payment),
      explanation: explanationJson(explained),
      timeline: events.map(timelineJson),
      transactions: transactions.map(transactionJson),
    };
    await terminal.print(JSON.stringify(json));
    return;
  }
  const scale = await scaleReader(session)(payment.amount?.asset ?? '');
  for (const line of paymentLines(payment, explained, scale)) await terminal.print(line);
  await terminal.print('');
  for (const line of timelineLines(events, terminal)) await terminal.print(line);
  if (transactions.length === 0) return terminal.remark('No money was moved yet.');
  await terminal.print('');
  await printTransactions(session, book, transactions);
}

async function listPayments(session: Session, options: PaymentsOptions): Promise<void> {
  const limit = options.limit ?? SHOWN_DEFAULT;
  const moment = (text: string, option: string) => readMoment(text, { option, dateMeans: 'its begin' });
  const filter = {
    merchantId: options.merchant ?? '',
    state: options.state ?? PaymentIntentState.UNSPECIFIED,
    reference: options.reference ?? '',
    onlyAttention: options.attention === true,
    ...(options.since === undefined ? {} : { createdFrom: moment(options.since, '--since') }),
    ...(options.before === undefined ? {} : { createdUntil: moment(options.before, '--before') }),
  };
  const book = await bookOf(session, options, SHOP);
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const request = { ...filter, ...page, book, freshness: FRESH };
    const answer = await session.client.paymentIntents.listPaymentIntents(request);
    return { items: answer.paymentIntents, nextPageToken: answer.nextPageToken };
  };
  const payments: PaymentIntent[] = [];
  for await (const one of itemsOf(fetch, limit === 0 ? Infinity : limit)) payments.push(one);

  const { terminal } = session;
  if (options.json === true) {
    await terminal.print(JSON.stringify(payments.map(paymentJson)));
    return;
  }
  if (payments.length === 0) {
    terminal.remark(
      options.attention === true
        ? `Book ${book} has no payment that an operator has to look at.`
        : `Book ${book} has no such payment.`,
    );
    return;
  }
  const scales = await scalesOf(session, payments);
  for (const line of paymentsLines(payments, scales, terminal)) await terminal.print(line);
  if (payments.length === limit) terminal.remark(`The newest ${limit}; --limit 0 shows all.`);
}

async function scalesOf(
  session: Session,
  payments: readonly PaymentIntent[],
): Promise<ReadonlyMap<string, number>> {
  const scaleOf = scaleReader(session);
  const scales = new Map<string, number>();
  for (const { amount } of payments)
    if (amount !== undefined) scales.set(amount.asset, await scaleOf(amount.asset));
  return scales;
}
