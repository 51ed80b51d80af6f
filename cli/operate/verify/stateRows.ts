import { State } from '../../../core/kernel/ledger/layout.ts';
import { CREDITS, CREDITS_HELD, DEBITS, DEBITS_HELD } from './accountColumns.ts';
import { expectApiKey } from './foldApiKey.ts';
import { expectCustomer } from './foldCustomer.ts';
import { expectPaymentLink } from './foldPaymentLink.ts';
import { expectPaymentMethod } from './foldPaymentMethod.ts';
import { expectProgress } from './holds.ts';
import { expectIntent, expectMerchant, expectPaymentState } from './paymentRows.ts';
import { expectReversed } from './reversals.ts';
import type { ShardFold } from './shardFold.ts';
import { expectDelivery, expectWebhookEndpoint } from './toldRows.ts';

/** The rows that show a state rather than an event, as they are at the watermark. */
export function expectState(
  fold: ShardFold,
  at: { height: number; seq: number; hash: Buffer; blockTimeUs: number },
): void {
  for (let number = 1; number <= fold.accounts.last; number++)
    if (fold.accounts.has(number)) expectAccount(fold, number);
  for (const [seq, hold] of fold.holds) expectProgress(fold, seq, hold, State.pending);
  for (const [seq, reversed] of fold.reversed) expectReversed(fold, seq, reversed);
  for (const [seq, merchant] of fold.payments.merchants) expectMerchant(fold, seq, merchant);
  for (const [seq, intent] of fold.payments.intents) {
    expectIntent(fold, seq, intent);
    expectPaymentState(fold, seq, intent);
  }
  for (const [seq, customer] of fold.payments.customers) expectCustomer(fold, seq, customer);
  for (const [seq, key] of fold.payments.apiKeys) expectApiKey(fold, seq, key);
  for (const [seq, link] of fold.payments.paymentLinks) expectPaymentLink(fold, seq, link);
  for (const endpoints of fold.payments.endpoints.values())
    for (const endpoint of endpoints.values()) expectWebhookEndpoint(fold, endpoint);
  for (const delivery of fold.payments.deliveries.values()) expectDelivery(fold, delivery);
  for (const [seq, method] of fold.payments.paymentMethods) expectPaymentMethod(fold, seq, method);
  const { tuple } = fold;
  tuple.begin(8, 32);
  tuple.i16(fold.shard);
  tuple.whole(at.height);
  tuple.whole(at.seq);
  tuple.copy(at.hash, 0, at.hash.length);
  tuple.whole(at.blockTimeUs);
  tuple.whole(fold.highStampMs);
  tuple.whole(fold.accounts.last);
  tuple.whole(fold.controlSeq);
  fold.expected.row('projection', tuple);
}

function expectAccount(fold: ShardFold, number: number): void {
  const { tuple, accounts } = fold;
  const { counters, limits } = accounts;
  const slot = number * 4;
  tuple.begin(7);
  tuple.halves(fold.shard, number | 0);
  tuple.whole(accounts.version[number]);
  for (let i = 0; i < 4; i++) tuple.big(counters[slot + i]);
  tuple.whole(accounts.lastSeq[number]);
  fold.expected.row('balances', tuple);
  const metadata = accounts.metadata.get(number) ?? null,
    closedUs = accounts.closedUs.get(number);
  tuple.begin(7, metadata === null ? 0 : metadata.length * 4);
  tuple.halves(fold.shard, number | 0);
  if (closedUs === undefined) tuple.null();
  else tuple.moment(closedUs);
  for (let i = 0; i < 4; i++)
    tuple.bigOrNull((accounts.limitMask[number] & (1 << i)) === 0 ? null : limits[slot + i]);
  tuple.jsonb(metadata);
  fold.expected.row('accountStates', tuple);
}

/** Debits are credits in each asset, posted and held; and open holds add up to what is pending. */
export function checkTotals(fold: ShardFold, tell: (rule: string, message: string) => void): void {
  const { accounts } = fold;
  const totals = Array.from({ length: fold.assetNumbers.size }, () => [0n, 0n, 0n, 0n]);
  for (let number = 1; number <= accounts.last; number++) {
    const sums = totals[accounts.asset[number]];
    if (sums !== undefined && accounts.has(number))
      for (let i = 0; i < 4; i++) sums[i] += accounts.counters[number * 4 + i];
  }
  for (const [asset, sums] of totals.entries()) {
    if (sums[DEBITS] !== sums[CREDITS])
      tell('I1', `${fold.assetCode(asset)}: ${sums[DEBITS]} debited, ${sums[CREDITS]} credited`);
    if (sums[DEBITS_HELD] !== sums[CREDITS_HELD])
      tell(
        'I1',
        `${fold.assetCode(asset)}: holds of ${sums[DEBITS_HELD]} debit and ${sums[CREDITS_HELD]} credit`,
      );
  }
  checkHeld(fold, tell);
}

function checkHeld(fold: ShardFold, tell: (rule: string, message: string) => void): void {
  const held = new Map<number, bigint>();
  const add = (key: number, amount: bigint): void => void held.set(key, (held.get(key) ?? 0n) + amount);
  for (const hold of fold.holds.values()) {
    for (const [i, amount] of hold.amount.entries()) {
      add(hold.debit[i] * 2, amount - hold.posted[i]);
      add(hold.credit[i] * 2 + 1, amount - hold.posted[i]);
    }
  }
  const { accounts } = fold;
  for (let number = 1; number <= accounts.last; number++) {
    for (let side = 0; side < 2; side++) {
      const pending = accounts.counters[number * 4 + DEBITS_HELD + side];
      const open = held.get(number * 2 + side) ?? 0n;
      if (pending !== open)
        tell(
          'I6',
          `account ${number} has ${pending} pending on its ${side === 0 ? 'debit' : 'credit'} side; its open holds add up to ${open}`,
        );
    }
  }
}
