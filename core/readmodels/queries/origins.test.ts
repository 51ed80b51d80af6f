import { expect, test } from 'vitest';
import { NOON_US } from '../../../test/support/ledger.ts';
import { ScriptedPayments } from '../../../test/support/scriptedPayments.ts';
import { evolve, intentOf } from '../../kernel/payments/evolve.ts';
import type { Intent } from '../../kernel/payments/model.ts';
import { Origins } from './origins.ts';

const DECLINED = {
  done: 'declined',
  code: 'do_not_honor',
  providerCode: '05',
  providerReference: '',
} as const;
const from = (requestId: string) => ({ requestId, idempotencyKey: `key of ${requestId}` });

/** What each event of a payment is and which request led to it, in their order. */
function storyOf(shard: ScriptedPayments, id: Intent['id']): string[] {
  const origins = new Origins();
  let intent: Intent | null = null;
  return [...shard.decided].flatMap(([seq, change]) => {
    if (!('after' in change)) return [];
    origins.pass(change, intent);
    if (change.name === 'intent_created') intent = intentOf(change, { id, book: 1, seq });
    else evolve(intent!, change, seq);
    return [`${change.name} ${origins.last?.requestId ?? 'nobody'}`];
  });
}

test('what came of an operation is of whoever asked for it, on the next route too, and what comes later is of nobody', () => {
  const shard = new ScriptedPayments(3, NOON_US);
  const intent = shard.create(shard.merchant(), {
    confirm: false,
    capture: 'manual',
    origin: from('create'),
  });
  shard.run({
    op: 'confirmIntent',
    id: shard.id(),
    intent: intent.id,
    method: null,
    origin: from('confirm'),
  });
  shard.outcome(intent, DECLINED);
  shard.succeed(intent);
  shard.run({ op: 'captureIntent', id: shard.id(), intent: intent.id, amount: null, final: true });
  shard.succeed(intent);
  shard.run({ op: 'refundIntent', id: shard.id(), intent: intent.id, amount: 100n, origin: from('refund') });
  shard.outcome(intent, { done: 'unknown', why: 'a timeout' });
  shard.succeed(intent);
  shard.nowUs += 10 * 86_400e6;
  shard.run({ op: 'advanceIntent', id: shard.id(), intent: intent.id });
  expect(storyOf(shard, intent.id)).toEqual([
    'intent_created create',
    'attempt_started confirm',
    'operation_changed confirm',
    'operation_changed confirm',
    'operation_started nobody',
    'operation_changed nobody',
    'operation_started refund',
    'operation_changed refund',
    'operation_changed refund',
    'money_available nobody',
  ]);
});

test('a request is no part of what a command says: the same command of another request is the same', () => {
  const shard = new ScriptedPayments(3, NOON_US);
  const merchant = shard.merchant();
  shard.customer(merchant, { origin: from('first') });
  const [, change] = [...shard.decided].at(-1)!;
  expect(change).toMatchObject({ origin: from('first') });
  expect(JSON.stringify(change.request)).not.toContain('first');
  expect(JSON.stringify('customer' in change ? change.customer : null)).not.toContain('first');
});
