import { beforeEach, expect, test } from 'vitest';
import type { Uuid } from '../kernel/ledger/commands.ts';
import type { RecordEvent } from '../kernel/payments/commands.ts';
import type { OperationPlace, PaymentAnswer, PaymentOutcome } from '../shard/service.ts';
import { ProviderEvents, type TakenOrNot } from './events.ts';
import type { PspAdapter, PspEvent, PspEventKind } from './psp.ts';

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

const BROKEN = '01900000-0000-7000-8000-000000000003' as Uuid;
const PLACE = { writer: { shard: 3 }, book: 1, intent: INTENT } as OperationPlace;

let submitted: RecordEvent[];
let calls: number;
let nowMs: number;
let says: () => PaymentOutcome;
let events: ProviderEvents;
beforeEach(() => {
  submitted = [];
  calls = 0;
  nowMs = 0;
  says = () => done(7, false);
  events = new ProviderEvents({
    shards: {
      placeOf: (reference) =>
        reference === BROKEN
          ? Promise.reject(new Error('no connection'))
          : Promise.resolve(reference === OPERATION ? PLACE : null),
      submitOutcomes: (_, __, commands) => {
        if (commands.some(({ payment }) => payment === 'poison'))
          return Promise.reject(new Error('a defect'));
        calls++;
        submitted.push(...commands);
        return Promise.resolve({ outcomes: commands.map(() => says()) } as PaymentAnswer);
      },
    },
    nowMs: () => nowMs,
    rememberedMax: 2,
  });
});

function eventOf(
  dedupeKey: string,
  operation: Uuid | '' = OPERATION,
  payment = 'pay_1',
  kind: PspEventKind = 'captured',
): PspEvent {
  return {
    dedupeKey,
    operation,
    providerReference: operation === '' ? 'pay_of_others' : payment,
    kind,
    money: null,
    occurredAtMs: 1,
  };
}

async function told(dedupeKey: string, operation?: Uuid | ''): Promise<TakenOrNot> {
  const [taken] = await events.takeAll(ADAPTER, [eventOf(dedupeKey, operation)]);
  return taken;
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

test('one that changed nothing may do so when it is told again, as long as a call may be on its way', async () => {
  says = () => done(0, false);
  expect(await told('a')).toBe('known');
  says = () => done(8, false);
  expect(await told('a')).toBe('new');
  says = () => done(0, false);
  await told('b');
  nowMs = 29_999;
  await told('b');
  expect(submitted).toHaveLength(4);
  nowMs = 30_000;
  // Once more, when every call of before is over.
  await told('b');
  expect(submitted).toHaveLength(5);
  await told('b');
  expect(submitted).toHaveLength(5);
});

test('many go to the writer of their book in one call, and one that is broken keeps none of the others out', async () => {
  const all = [eventOf('a'), eventOf('b', ''), eventOf('c', BROKEN), eventOf('d')];
  expect(await events.takeAll(ADAPTER, all)).toEqual(['new', 'later', new Error('no connection'), 'new']);
  expect(calls).toBe(1);
  const bad = [eventOf('e'), eventOf('f', OPERATION, 'poison'), eventOf('g')];
  expect(await events.takeAll(ADAPTER, bad)).toEqual(['new', new Error('a defect'), 'new']);
});

test('one that matches nothing, or not yet, is to be told again', async () => {
  expect(await told('a', '')).toBe('later');
  says = () => LATER;
  expect(await told('a')).toBe('later');
  says = () => done(8, false);
  expect(await told('a')).toBe('new');
});

test('one that contradicts a success is told again as long as that may still be on its way', async () => {
  const failed = async (adapter = ADAPTER): Promise<TakenOrNot> => {
    const [taken] = await events.takeAll(adapter, [eventOf('a', OPERATION, 'pay_1', 'refund_failed')]);
    return taken;
  };
  says = () => done(0, false);
  expect(await failed()).toBe('later');
  nowMs = 29_999;
  expect(await failed()).toBe('later');
  nowMs = 30_000;
  expect(await failed()).toBe('known');
  // Where the event is the proof it has said what it says.
  const proving = { name: 'other', capabilities: { provenByEvents: true } } as PspAdapter;
  expect(await failed(proving)).toBe('known');
});
