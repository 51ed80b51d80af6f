import { beforeEach, expect, test } from 'vitest';
import type { Uuid } from '../kernel/ledger/commands.ts';
import type { RecordEvent } from '../kernel/payments/commands.ts';
import type { OperationPlace, PaymentAnswer, PaymentOutcome } from '../shard/service.ts';
import { ProviderEvents } from './events.ts';
import type { PspAdapter, PspEvent } from './psp.ts';

const OPERATION = '01900000-0000-7000-8000-000000000001' as Uuid;
const INTENT = '01900000-0000-7000-8000-000000000002' as Uuid;
const ADAPTER = { name: 'acme', capabilities: { provenByEvents: false } } as PspAdapter;

const done = (seq: number, replayed: boolean): PaymentOutcome => ({
  done: true,
  seq,
  replayed,
  subject: INTENT,
  after: null,
});
const LATER = { done: false, reason: 'PAYMENT_STATE' } as PaymentOutcome;

let submitted: RecordEvent[];
let says: () => PaymentOutcome;
let events: ProviderEvents;
beforeEach(() => {
  submitted = [];
  says = () => done(7, false);
  events = new ProviderEvents({
    shards: {
      placeOf: (reference) =>
        Promise.resolve(reference === OPERATION ? ({ book: 1, intent: INTENT } as OperationPlace) : null),
      submitOutcomes: (_, __, commands) => {
        submitted.push(...commands);
        return Promise.resolve({ outcomes: [says()] } as PaymentAnswer);
      },
    },
    nowMs: () => 0,
    rememberedMax: 2,
  });
});

function told(dedupeKey: string, operation: Uuid | '' = OPERATION): ReturnType<ProviderEvents['take']> {
  const event: PspEvent = {
    dedupeKey,
    operation,
    providerReference: operation === '' ? 'pay_of_others' : 'pay_1',
    kind: 'refund_failed',
    money: null,
    occurredAtMs: 1,
  };
  return events.take(ADAPTER, event);
}

test('an event is submitted once, under an id that follows from its key', async () => {
  expect([await told('a'), await told('a'), await told('b')]).toEqual(['new', 'known', 'new']);
  expect(submitted).toHaveLength(2);
  expect(submitted[0].id).not.toBe(submitted[1].id);
  const before = submitted[0].id;
  expect([await told('c'), await told('a')]).toEqual(['new', 'new']);
  // Forgotten, and the same to the journal.
  expect(submitted[3].id).toBe(before);
});

test('one that the journal has is known', async () => {
  says = () => done(7, true);
  expect([await told('a'), await told('a')]).toEqual(['known', 'known']);
  expect(submitted).toHaveLength(1);
});

test('one that changed nothing may do so when it is told again', async () => {
  says = () => done(0, false);
  expect(await told('a')).toBe('known');
  says = () => done(8, false);
  expect(await told('a')).toBe('new');
});

test('one that matches nothing, or not yet, is to be told again', async () => {
  expect(await told('a', '')).toBe('later');
  says = () => LATER;
  expect(await told('a')).toBe('later');
  says = () => done(8, false);
  expect(await told('a')).toBe('new');
});
