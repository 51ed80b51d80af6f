import type { Command } from 'commander';
import type { Verdict } from '../../gen/florin/payments/v1/operators_pb.ts';
import type { PaymentIntent } from '../../gen/florin/payments/v1/payments_pb.ts';
import { refused } from '../problem.ts';
import { VERDICTS, paymentStateName } from './names.ts';
import { itemsOf } from './pages.ts';
import { operationLines, paymentJson } from './paymentForms.ts';
import { limit } from './payments.ts';
import { SHOP } from '../sample/story.ts';
import { type BookOptions, bookOf, FRESH, type Session, withCore } from './session.ts';
import { bookCommand, choice, readId } from './shape.ts';

const SHOWN_DEFAULT = 20;
/** An operator waits for what the provider makes of it. */
const WAIT_MS = 10_000;

interface QueueOptions extends BookOptions {
  readonly merchant?: string;
  readonly limit?: number;
  readonly json?: true;
}

interface ResolveOptions extends BookOptions {
  readonly verdict: Verdict;
  readonly note: string;
  readonly id?: string;
  readonly json?: true;
}

export function addOperations(program: Command): void {
  const operations = program.command('operations').description('what operators have to decide');
  bookCommand(operations, 'list', {
    description: 'list the payments of a book that an operator has to look at, with what is to be decided',
    example: 'florin operations list --book shop',
  })
    .option('--merchant <id>', 'only those of this merchant', readId)
    .addOption(limit())
    .action((options: QueueOptions) => withCore(options, (session) => listQueue(session, options)));
  bookCommand(operations, 'resolve', {
    description: 'decide about an operation: ask its provider again, say what is proven, accept or send back',
    example:
      'florin operations resolve 0190a000-0000-7000-8000-000000000012 0190a000-0000-7000-8000-0000000000c1 ' +
      '--book shop --verdict not_done --note "their support says so"',
  })
    .argument('<payment>', "the payment intent's id", readId)
    .argument('<operation>', "the operation's id, as the list shows it", readId)
    .addOption(choice('--verdict <verdict>', 'what is decided', VERDICTS).makeOptionMandatory())
    .requiredOption('--note <text>', 'what the verdict rests on; it stands in the timeline')
    .option('--id <uuid>', "the settlement's id, to say the same again (default: a new one)")
    .action((payment: string, operation: string, options: ResolveOptions) =>
      withCore(options, (session) => resolve(session, { payment, operation }, options)),
    );
}

async function listQueue(session: Session, options: QueueOptions): Promise<void> {
  const { client, terminal } = session;
  const most = options.limit ?? SHOWN_DEFAULT;
  const book = await bookOf(session, options, SHOP);
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const request = { book, merchantId: options.merchant ?? '', freshness: FRESH, ...page };
    const answer = await client.operators.listOperatorQueue(request);
    return { items: answer.paymentIntents, nextPageToken: answer.nextPageToken };
  };
  const payments: PaymentIntent[] = [];
  for await (const one of itemsOf(fetch, most === 0 ? Infinity : most)) payments.push(one);
  if (options.json === true) return terminal.print(JSON.stringify(payments.map(paymentJson)));
  if (payments.length === 0)
    return terminal.remark(`Book ${book} has no payment that an operator has to look at.`);
  for (const line of operationLines(payments, terminal)) await terminal.print(line);
  if (payments.length === most) terminal.remark(`The newest ${most}; --limit 0 shows all.`);
}

async function resolve(
  session: Session,
  { payment, operation }: { payment: string; operation: string },
  { verdict, note, ...options }: ResolveOptions,
): Promise<void> {
  const { client, terminal } = session;
  const book = await bookOf(session, options, SHOP);
  const { uuidv7 } = await import('../../client/index.ts');
  const id = options.id ?? uuidv7();
  const settlement = { id, paymentIntentId: payment, operationId: operation, verdict, note };
  const { outcome } = await client.operators.settleOperation(book, settlement, { waitMs: WAIT_MS });
  if (outcome.case !== 'changed') {
    const { reason, field } = outcome.value ?? { reason: 'no outcome', field: '' };
    throw refused(`it was refused: ${reason}${field === '' ? '' : ` (${field})`}; see docs/errors.md.`);
  }
  const { paymentIntent } = outcome.value;
  if (options.json === true)
    return terminal.print(JSON.stringify(paymentIntent === undefined ? null : paymentJson(paymentIntent)));
  const state = paymentStateName((paymentIntent ?? outcome.value).state);
  await terminal.print(`The payment is ${state}.`);
  if (paymentIntent !== undefined && paymentIntent.attention !== '')
    terminal.remark(`It is still to be looked at: ${paymentIntent.attention}.`);
}
