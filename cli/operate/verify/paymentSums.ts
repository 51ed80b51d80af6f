import type { EventAt } from './events.ts';
import { chargesOf } from './paymentFees.ts';
import type { IntentFold, OperationFold } from './paymentFold.ts';
import type { ShardFold } from './shardFold.ts';

/** Counters of which each is the sum of its postings. */
const POSTED_COUNTERS = [
  'captured',
  'pending',
  'reserve',
  'memo',
  'fees',
  'tax',
  'returned',
  'disputed',
] as const;
const OPEN = new Set(['pending', 'accepted', 'requires_action', 'unknown']);

/** The counters of a payment after an event: within their bounds, and what its operations and its postings add up to. */
export function checkSums(fold: ShardFold, event: EventAt, intent: IntentFold): void {
  if (intent.isDoubtful) return;
  const wrong = [
    ...bounds(fold, intent),
    ...operations(fold, intent),
    ...postings(fold, intent),
    ...charges(fold, intent),
  ];
  if (wrong.length === 0) return;
  // Told once: whatever follows goes on from there.
  intent.isDoubtful = true;
  fold.tell('I12', event, `payment ${intent.id}: ${wrong.join('; ')}`);
}

function* bounds(fold: ShardFold, intent: IntentFold): Generator<string> {
  const { payments } = fold;
  const counter = (name: Parameters<typeof payments.counter>[1]): bigint => payments.counter(intent, name);
  if (counter('captured') > counter('authorized'))
    yield `${counter('captured')} captured, ${counter('authorized')} authorised`;
  // Whoever refunds at the provider's own pages does not ask how much is being refunded already.
  const foreign = intent.operations.reduce(
    (sum, { isForeign, source, state, amount }) =>
      isForeign && source === 'available' && state === 'succeeded' ? sum + amount : sum,
    0n,
  );
  const most = counter('captured') + counter('returned') + foreign;
  if (counter('refunded') + counter('refunding') > most)
    yield `${counter('refunded')} refunded and ${counter('refunding')} being refunded, ${counter('captured')} captured and ${counter('returned')} taken back`;
}

/**
 * What was taken is captured, unless it came when nobody wanted it: then it is unapplied until it is sent back. A sale
 * authorises what it captures.
 */
function* operations(fold: ShardFold, intent: IntentFold): Generator<string> {
  const { payments } = fold;
  const isDone = ({ state }: OperationFold): boolean => state === 'succeeded';
  const takes = ({ kind }: OperationFold): boolean => kind === 'capture' || kind === 'sale';
  // Of another amount than was asked: it has come, and an operator decides whose it is.
  const isUndecided = (one: OperationFold): boolean => takes(one) && OPEN.has(one.state) && one.differs;
  const sum = (holds: (one: OperationFold) => boolean, of: 'done' | 'amount'): bigint =>
    intent.operations.reduce((total, one) => (holds(one) ? total + one[of] : total), 0n);
  const returned = sum((one) => one.kind === 'refund' && one.source === 'unapplied' && isDone(one), 'done');
  const undecided = sum(isUndecided, 'done');
  const nobodys =
    payments.counter(intent, 'unapplied') -
    payments.posted(intent, 'lost') +
    payments.posted(intent, 'contested');
  const unwanted = nobodys + returned - undecided;
  const taken = sum((one) => takes(one) && isDone(one), 'done');
  const isRefund = (one: OperationFold): boolean => one.kind === 'refund' && one.source === 'available';
  yield* same('captured', payments.counter(intent, 'captured'), taken - unwanted);
  yield* same(
    'capturing',
    payments.counter(intent, 'capturing'),
    sum((one) => takes(one) && OPEN.has(one.state), 'amount'),
  );
  yield* same(
    'refunded',
    payments.counter(intent, 'refunded'),
    sum((one) => isRefund(one) && isDone(one), 'done'),
  );
  yield* same(
    'refunding',
    payments.counter(intent, 'refunding'),
    sum((one) => isRefund(one) && OPEN.has(one.state), 'amount'),
  );
  const unwantedSales = sum(
    (one) => one.kind === 'sale' && one.source === 'unapplied' && isDone(one),
    'done',
  );
  const granted = sum((one) => grants(one) && isDone(one) && !one.isGone, 'done');
  yield* authorized(fold, intent, { unwanted, unwantedSales, granted });
}

export function grants({ kind }: OperationFold): boolean {
  return kind === 'authorize' || kind === 'increment' || kind === 'sale';
}

/**
 * What was granted is authorised, but for what a payment that goes on has let go of, less what sales brought that nobody wanted. A capture that nobody wanted takes its part
 * with it only once it is sent back; where an operator has accepted or undone one that came late, or in another amount
 * than was asked, it is off by no more than those captures.
 */
function* authorized(
  { payments }: ShardFold,
  intent: IntentFold,
  { granted, unwanted, unwantedSales }: { granted: bigint; unwanted: bigint; unwantedSales: bigint },
): Generator<string> {
  const off = intent.operations
    .filter(({ kind, state, differs }) => kind === 'capture' && state === 'succeeded' && differs)
    .reduce((total, { done, amount }) => total + (done > amount ? done : amount), 0n);
  const said = payments.counter(intent, 'authorized');
  const least = granted - unwanted - off,
    most = granted - unwantedSales + off + (off === 0n ? 0n : unwanted);
  if (said < least || said > most)
    yield `authorized is ${said}, its operations add up to ${least === most ? least : `${least} to ${most}`}`;
}

function* same(name: string, said: bigint, sum: bigint): Generator<string> {
  if (said !== sum) yield `${name} is ${said}, its operations add up to ${sum}`;
}

/** Fees and tax are those of the terms that it began under, whatever was agreed since. */
function* charges({ payments }: ShardFold, intent: IntentFold): Generator<string> {
  const captured = payments.counter(intent, 'captured'),
    refunded = payments.counter(intent, 'refunded');
  const owed = chargesOf(intent, { captured, refunded });
  if (owed === null) return;
  for (const name of ['fees', 'tax'] as const) {
    const said = payments.counter(intent, name);
    if (said !== owed[name]) yield `${name} is ${said}, by its terms it is ${owed[name]}`;
  }
}

/** No payment without its postings, account by account of the chart. */
function* postings(fold: ShardFold, intent: IntentFold): Generator<string> {
  const { payments } = fold;
  for (const name of POSTED_COUNTERS) {
    const said = payments.counter(intent, name),
      sum = payments.posted(intent, name);
    if (said !== sum) yield `${name} is ${said}, its postings add up to ${sum}`;
  }
  const unapplied = payments.counter(intent, 'unapplied');
  const sentBack =
    payments.posted(intent, 'sentBack') -
    payments.posted(intent, 'cameLate') +
    payments.posted(intent, 'contested') -
    payments.posted(intent, 'lost');
  if (payments.counter(intent, 'refunded') - unapplied !== sentBack)
    yield `refunded less unapplied is ${payments.counter(intent, 'refunded') - unapplied}, its postings add up to ${sentBack}`;
  const held = payments.posted(intent, 'inFlight') + payments.posted(intent, 'nobodys');
  if (payments.counter(intent, 'refunding') + unapplied !== held)
    yield `refunding and unapplied are ${payments.counter(intent, 'refunding') + unapplied}, its postings add up to ${held}`;
}
