import { expect, test } from 'vitest';
import { randomPayments } from '../../../test/support/randomPayments.ts';
import { chart } from './chart.ts';
import { dueOf } from './due.ts';
import { doneBy, lostOf } from './said.ts';
import { isOpen } from './transitions.ts';
import type { Counters, Intent, Operation } from './model.ts';

const WALKS = Array.from({ length: 200 }, (_, seed) => ({ seed, ...walked(seed) }));

function walked(seed: number) {
  const { shard, merchants } = randomPayments(seed % 64, seed);
  return { shard, merchants, intents: [...shard.state.payments.intents.values()] };
}

function sumOf<T>(all: Iterable<T>, of: (one: T) => bigint): bigint {
  let sum = 0n;
  for (const one of all) sum += of(one);
  return sum;
}

/** What accounts and counters say of the same money: pairs that must be equal. */
function books({
  shard,
  merchants,
  intents,
}: ReturnType<typeof walked>): Record<string, [accounts: bigint, counters: bigint]> {
  const counted = (name: keyof Counters) => sumOf(intents, ({ counters }) => counters[name]);
  const disputed = (state: string, whose?: 'merchant' | 'nobody') =>
    sumOf(intents, ({ disputes }) =>
      sumOf(disputes, (one) => {
        const isTheirs = whose === undefined || (one.source === undefined) === (whose === 'merchant');
        return one.state === state && isTheirs ? one.amount : 0n;
      }),
    );
  const ofMerchants = (of: (typeof chart)['pending']) =>
    sumOf(merchants, ({ id }) => shard.balance(of(id, 'EUR')));
  const ofProviders = (of: (typeof chart)['pspReceivable']) =>
    sumOf(['alpha', 'beta'], (name) => shard.balance(of(name, 'EUR')));
  const lost = shard.balance(chart.expenseMerchantLoss('EUR'));
  const income =
    shard.balance(chart.incomeFees('EUR')) +
    shard.balance(chart.incomeDispute('EUR')) +
    sumOf(['DE', 'FR'], (jurisdiction) => shard.balance(chart.tax(jurisdiction, 'EUR')));
  return {
    pending: [ofMerchants(chart.pending), counted('pending')],
    reserve: [ofMerchants(chart.reserve), counted('reserve')],
    memo: [shard.balance(chart.authOpen('EUR')), counted('memo')],
    fees: [shard.balance(chart.incomeFees('EUR')), counted('fees')],
    held: [ofMerchants(chart.disputeHold), disputed('open', 'merchant')],
    contested: [ofProviders(chart.disputePending), disputed('open')],
    'on its way, or nobody’s': [
      shard.balance(chart.refundsInFlight('EUR')) + shard.balance(chart.unappliedFunds('EUR')),
      counted('refunding') + counted('unapplied'),
    ],
    'owed by providers': [
      ofProviders(chart.pspReceivable) + shard.balance(chart.expensePspFees('EUR')),
      counted('captured') -
        counted('refunded') +
        counted('unapplied') -
        counted('disputed') -
        disputed('open', 'nobody') -
        lost,
    ],
    lost: [lost, sumOf(intents, lostOf)],
    'owed to merchants': [
      ofMerchants(chart.pending) +
        ofMerchants(chart.available) +
        ofMerchants(chart.reserve) +
        ofMerchants(chart.disputeHold) -
        ofMerchants(chart.merchantReceivable),
      counted('captured') -
        counted('refunded') -
        counted('refunding') -
        disputed('lost', 'merchant') -
        income,
    ],
  };
}

test('whatever is said in whatever order, accounts and counters tell of the same money', () => {
  for (const walk of WALKS)
    for (const [what, [accounts, counters]] of Object.entries(books(walk)))
      expect(accounts, `${what}, seed ${walk.seed}`).toBe(counters);
});

test('control: the walks meet refunds made elsewhere, and losses', () => {
  const intents = WALKS.flatMap((walk) => walk.intents);
  const foreign = intents.flatMap(({ operations }) => operations.filter((one) => one.foreign === true));
  for (const source of ['available', 'unapplied'])
    expect(foreign.filter((one) => one.source === source && one.state === 'succeeded')).not.toHaveLength(0);
  expect(
    foreign.filter(({ source, state }) => source === 'available' && state === 'failed'),
  ).not.toHaveLength(0);
  expect(intents.filter((intent) => lostOf(intent) > 0n)).not.toHaveLength(0);
  expect(intents.flatMap(({ disputes }) => disputes.map(({ source }) => source))).toContain('unapplied');
});

/** Why nobody would ever look at a payment again, or ''. */
function abandoned(intent: Intent): string {
  const { state, operations, attention, counters } = intent;
  if (attention !== '' || dueOf(intent) !== Infinity) return '';
  if (state === 'processing' || state === 'conflicted') return state;
  if (counters.memo > 0n) return 'an authorisation';
  // What is contested waits for the end of that.
  const isContested = intent.disputes.some((one) => one.source === 'unapplied' && one.state === 'open');
  if (counters.unapplied > 0n && !isContested) return 'money that is nobody’s';
  return operations.some(({ state: one }) => isOpen(one)) ? 'an operation' : '';
}

test('whatever is said in whatever order, nothing is asked of a provider under an id that was used before', () => {
  for (const { seed, intents } of WALKS)
    for (const { id, operations } of intents)
      expect(new Set(operations.map((one) => one.id)).size, `${id}, seed ${seed}`).toBe(operations.length);
});

test('whatever is said in whatever order, what is not over has an operator or a next date', () => {
  for (const { seed, intents } of WALKS)
    for (const intent of intents) expect(abandoned(intent), `${intent.id}, seed ${seed}`).toBe('');
});

test('whatever is said in whatever order, counters of what is open are the sums of operations', () => {
  const open = ({ operations }: Intent, of: (one: Operation) => boolean) =>
    sumOf(operations, (one) => (isOpen(one.state) && of(one) ? one.amount : 0n));
  for (const { seed, intents } of WALKS)
    for (const intent of intents) {
      const { counters, operations } = intent;
      const about = `${intent.id}, seed ${seed}`;
      const isTaking = ({ kind }: Operation): boolean => kind === 'sale' || kind === 'capture';
      expect(counters.capturing, about).toBe(open(intent, isTaking));
      expect(counters.refunding, about).toBe(
        open(intent, ({ kind, source }) => kind === 'refund' && source === 'available'),
      );
      const refunded = sumOf(operations, (one) =>
        one.kind === 'refund' && one.source === 'available' && one.state === 'succeeded' ? doneBy(one) : 0n,
      );
      expect(counters.refunded, about).toBe(refunded);
    }
});
