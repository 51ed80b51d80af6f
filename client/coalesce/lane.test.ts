import { fromBinary } from '@bufbuild/protobuf';
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  SaveIdempotencyRecordsRequestSchema,
  SaveIdempotencyRecordsResponseSchema,
} from '../../gen/florin/idempotency/v1/records_pb.ts';
import {
  CreateAccountsRequestSchema,
  CreateAccountsResponseSchema,
} from '../../gen/florin/ledger/v1/accounts_pb.ts';
import {
  CreateTransactionsRequestSchema,
  CreateTransactionsResponseSchema,
  PostTransactionsRequestSchema,
} from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { CODE } from '../errors/codes.ts';
import { FlorinError } from '../errors/florinError.ts';
import { connectFlorin, type Florin } from '../florin.ts';
import { uuidv7 } from '../ids/uuidv7.ts';
import type { CallOptions, CoalesceOptions } from '../options.ts';
import { bytesOf, type FakeCore, fakeCore, type Incoming } from '../testing/fakeCore.ts';

let core: FakeCore;
const florins: Florin[] = [];

beforeEach(async () => {
  core = await fakeCore();
});

afterEach(() => {
  for (const florin of florins.splice(0)) florin.close();
  core.stop();
});

function connect(coalesce: CoalesceOptions = {}): Florin {
  const florin = connectFlorin({ target: core.target, coalesce, retry: { backoffMs: 1 } });
  florins.push(florin);
  return florin;
}

/** The end of each reference in a request, which the tests use as the item's number. */
const numbersIn = ({ bytes }: Incoming): number[] =>
  fromBinary(CreateTransactionsRequestSchema, bytes).transactions.map(({ reference }) => Number(reference));

/** Books every item with its number as seq; those below zero are refused. */
function book(incoming: Incoming): void {
  const results = numbersIn(incoming).map((number) => ({
    outcome:
      number < 0
        ? { case: 'refused' as const, value: { reason: 'INSUFFICIENT_FUNDS' } }
        : { case: 'booked' as const, value: { seq: BigInt(number) } },
  }));
  incoming.answer(bytesOf(CreateTransactionsResponseSchema, { position: { shard: 7, seq: 99n }, results }));
}

const item = (number: number) => ({ id: uuidv7(), reference: String(number) });

function create(florin: Florin, number: number, options?: CallOptions): Promise<string> {
  return florin.transactions.createTransaction('acme', item(number), options).then(
    ({ outcome, position }) => {
      expect(position).toMatchObject({ shard: 7, seq: 99n });
      return outcome.case === 'booked' ? `booked ${outcome.value.seq}` : `refused ${outcome.value?.reason}`;
    },
    (error: unknown) => {
      if (!(error instanceof FlorinError)) throw error;
      return `${error.codeName} ${error.reason ?? '-'} ${error.outcome}`;
    },
  );
}

const range = (count: number, first = 0) => Array.from({ length: count }, (_, index) => first + index);

/** Two turns of the event loop: whatever would leave at the end of a turn has left. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('calls of one turn travel together, and each gets its own outcome', async () => {
  core.handle = book;
  const florin = connect();
  const answers = await Promise.all([1, 2, -3, 4].map((number) => create(florin, number)));
  expect(answers).toEqual(['booked 1', 'booked 2', 'refused INSUFFICIENT_FUNDS', 'booked 4']);
  expect(core.received.map(numbersIn)).toEqual([[1, 2, -3, 4]]);
});

test('a call alone leaves at once; those made meanwhile wait and leave together', async () => {
  const florin = connect();
  const first = create(florin, 0);
  const incoming = await core.arrival(0);
  const rest = range(100, 1).map((number) => create(florin, number));
  await turns();
  expect(core.received.length).toBe(1);
  core.handle = book;
  book(incoming);
  expect(await first).toBe('booked 0');
  expect(await Promise.all(rest)).toEqual(range(100, 1).map((number) => `booked ${number}`));
  expect(core.received.map(numbersIn)).toEqual([[0], range(100, 1)]);
});

test('books and methods are never mixed', async () => {
  core.handle = (incoming) => {
    if (incoming.path.endsWith('/CreateTransactions')) return book(incoming);
    const results = [{ outcome: { case: 'done' as const, value: { seq: 5n } } }];
    incoming.answer(bytesOf(CreateAccountsResponseSchema, { position: {}, results }));
  };
  const florin = connect();
  const [account] = await Promise.all([
    florin.accounts.openAccount('acme', { code: 'cash', asset: 'EUR' }),
    florin.transactions.createTransaction('acme', item(1)),
    florin.transactions.createTransaction('zeta', item(2)),
  ]);
  expect(account.outcome).toMatchObject({ case: 'done', value: { seq: 5n } });
  const creates = core.received.filter(({ path }) => path.endsWith('/CreateTransactions'));
  const books = creates.map(({ bytes }) => fromBinary(CreateTransactionsRequestSchema, bytes).book);
  expect(books.sort()).toEqual(['acme', 'zeta']);
  const opening = core.received.find(({ path }) => path.endsWith('/CreateAccounts'));
  const request = fromBinary(CreateAccountsRequestSchema, opening?.bytes ?? new Uint8Array());
  expect(request).toMatchObject({ book: 'acme', accounts: [{ code: 'cash', asset: 'EUR' }] });
});

test('posts, voids and reversals gather as well', async () => {
  core.handle = (incoming) => {
    const { posts } = fromBinary(PostTransactionsRequestSchema, incoming.bytes);
    const results = posts.map(() => ({ outcome: { case: 'booked' as const, value: { seq: 1n } } }));
    incoming.answer(bytesOf(CreateTransactionsResponseSchema, { position: {}, results }));
  };
  const { transactions } = connect();
  for (const call of [
    transactions.postTransaction,
    transactions.voidTransaction,
    transactions.reverseTransaction,
  ]) {
    await Promise.all(range(5).map(() => call('acme', { id: uuidv7(), transactionId: uuidv7() })));
  }
  const paths = core.received.map(({ path }) => path.split('/').at(-1));
  expect(paths).toEqual(['PostTransactions', 'VoidTransactions', 'ReverseTransactions']);
});

test('a batch ends at its items and at its bytes; one larger item travels alone', async () => {
  core.handle = book;
  const florin = connect({ itemsMax: 10, bytesMax: 1_024, inFlightMax: 64 });
  await Promise.all(range(25).map((number) => create(florin, number)));
  expect(core.received.map((incoming) => numbersIn(incoming).length)).toEqual([10, 10, 5]);

  core.received.length = 0;
  const metadata = { text: 'x'.repeat(300) };
  const sized = range(7).map((number) =>
    florin.transactions.createTransaction('acme', {
      ...item(number),
      metadata:
        number === 3 ? { text: 'x'.repeat(500), more: 'x'.repeat(500), most: 'x'.repeat(500) } : metadata,
    }),
  );
  const outcomes = (await Promise.all(sized)).map(({ outcome }) => outcome);
  expect(outcomes.map(({ value }) => value)).toMatchObject(
    range(7).map((number) => ({ seq: BigInt(number) })),
  );
  expect(core.received.map(numbersIn).sort(([a], [b]) => a - b)).toEqual([[0, 1], [2], [3], [4, 5], [6]]);
  for (const incoming of core.received) {
    if (numbersIn(incoming).length > 1) expect(incoming.bytes.length).toBeLessThanOrEqual(1_024);
  }
});

test('a batch ends where its answer might be too large', async () => {
  const countIn = ({ bytes }: Incoming) =>
    fromBinary(SaveIdempotencyRecordsRequestSchema, bytes).records.length;
  core.handle = (incoming) => {
    const results = range(countIn(incoming)).map(() => ({
      outcome: { case: 'kept' as const, value: { seq: 1n } },
    }));
    incoming.answer(bytesOf(SaveIdempotencyRecordsResponseSchema, { position: {}, results }));
  };
  const save = (florin: Florin) => florin.idempotencyRecords.saveIdempotencyRecord('acme', { id: uuidv7() });
  const florin = connect();
  await Promise.all(range(150).map(() => save(florin)));
  expect(core.received.map(countIn)).toEqual([60, 60, 30]);
  core.received.length = 0;
  const sparing = connect({ itemsMax: 40 });
  await Promise.all(range(100).map(() => save(sparing)));
  expect(core.received.map(countIn)).toEqual([40, 40, 20]);
});

test('no more batches are on their way than allowed', async () => {
  const florin = connect({ itemsMax: 1, inFlightMax: 3 });
  const calls = range(8).map((number) => create(florin, number));
  await core.arrival(2);
  await turns();
  expect(core.received.length).toBe(3);
  core.handle = book;
  for (const incoming of core.received.slice(0, 3)) book(incoming);
  expect(await Promise.all(calls)).toEqual(range(8).map((number) => `booked ${number}`));
});

test('a batch worth a request of its own does not wait for the one before', async () => {
  const florin = connect({ eagerItems: 4 });
  const first = create(florin, 0);
  const early = await core.arrival(0);
  const three = range(3, 1).map((number) => create(florin, number));
  await turns();
  expect(core.received.length).toBe(1);
  core.handle = book;
  const fourth = create(florin, 4);
  expect(await fourth).toBe('booked 4');
  expect(core.received.map(numbersIn)).toEqual([[0], [1, 2, 3, 4]]);
  book(early);
  expect(await Promise.all([first, ...three])).toEqual(range(4).map((number) => `booked ${number}`));
});

test('a batch that fails rejects its own items and no others', async () => {
  core.handle = (incoming) => {
    if (numbersIn(incoming).includes(13)) incoming.fail({ code: CODE.NOT_FOUND });
    else book(incoming);
  };
  const florin = connect({ itemsMax: 10 });
  const answers = await Promise.all(range(30).map((number) => create(florin, number)));
  const wanted = range(30).map((number) =>
    number >= 10 && number < 20 ? 'NOT_FOUND - none' : `booked ${number}`,
  );
  expect(answers).toEqual(wanted);
});

test('an item that cannot be written fails alone', async () => {
  core.handle = book;
  const { transactions } = connect();
  const bad = transactions.createTransaction('acme', { ...item(1), postings: [{ amount: 2n ** 64n }] });
  const linked = transactions.createTransaction('acme', Object.assign(item(2), { linked: true }));
  const good = transactions.createTransaction('acme', item(3));
  const [badly, link, well] = await Promise.allSettled([bad, linked, good]);
  const reason = { reason: 'MALFORMED_ITEM', codeName: 'INVALID_ARGUMENT', outcome: 'none' };
  expect(badly).toMatchObject({ status: 'rejected', reason });
  expect(link).toMatchObject({ status: 'rejected', reason });
  expect(well).toMatchObject({ status: 'fulfilled', value: { outcome: { value: { seq: 3n } } } });
  expect(core.received.map(numbersIn)).toEqual([[3]]);
});

test('is sent again with identical bytes until it is answered, and stops at what is final', async () => {
  core.handle = (incoming) => {
    if (core.received.length < 3) incoming.fail({ code: CODE.UNAVAILABLE });
    else book(incoming);
  };
  const florin = connect();
  expect(await Promise.all([1, 2, 3].map((number) => create(florin, number)))).toEqual([
    'booked 1',
    'booked 2',
    'booked 3',
  ]);
  expect(core.received.length).toBe(3);
  for (const { bytes } of core.received) expect(bytes).toEqual(core.received[0].bytes);

  core.received.length = 0;
  core.handle = (incoming) => {
    incoming.fail({ code: core.received.length === 1 ? CODE.INTERNAL : CODE.INVALID_ARGUMENT });
  };
  // The first try may have been carried out, and the second one's answer does not say.
  expect(await create(florin, 4)).toBe('INVALID_ARGUMENT - unknown');
  expect(core.received.length).toBe(2);
});

test('a caller in a hurry is told in time, and the others are not cancelled', async () => {
  const florin = connect();
  const patient = create(florin, 1, { timeoutMs: 5_000 });
  const hasty = create(florin, 2, { timeoutMs: 50 });
  const lessHasty = create(florin, 5, { timeoutMs: 70 });
  const patientToo = create(florin, 3);
  const incoming = await core.arrival(0);
  expect(await hasty).toBe('DEADLINE_EXCEEDED - unknown');
  expect(await lessHasty).toBe('DEADLINE_EXCEEDED - unknown');
  expect(incoming.isCancelled()).toBe(false);
  // The request lives as long as the most patient caller: the default is 10 s.
  expect(incoming.deadlineMs).toBeGreaterThan(Date.now() + 8_000);
  book(incoming);
  expect(await Promise.all([patient, patientToo])).toEqual(['booked 1', 'booked 3']);
});

test('items whose callers went before they were sent are left out', async () => {
  const florin = connect();
  const first = create(florin, 0);
  const incoming = await core.arrival(0);
  const controller = new AbortController();
  const kept = create(florin, 1);
  const late = create(florin, 2, { timeoutMs: 20 });
  const aborted = create(florin, 3, { signal: controller.signal });
  const keptToo = create(florin, 4);
  controller.abort();
  expect(await aborted).toBe('CANCELLED - none');
  expect(await late).toBe('DEADLINE_EXCEEDED - none');
  core.handle = book;
  book(incoming);
  expect(await Promise.all([first, kept, keptToo])).toEqual(['booked 0', 'booked 1', 'booked 4']);
  expect(core.received.map(numbersIn)).toEqual([[0], [1, 4]]);
});

test('a request whose callers are all gone is not sent', async () => {
  const florin = connect({ inFlightMax: 1 });
  const first = create(florin, 0);
  const incoming = await core.arrival(0);
  const late = [create(florin, 1, { timeoutMs: 20 }), create(florin, 2, { timeoutMs: 30 })];
  expect(await Promise.all(late)).toEqual(['DEADLINE_EXCEEDED - none', 'DEADLINE_EXCEEDED - none']);
  core.handle = book;
  book(incoming);
  expect(await first).toBe('booked 0');
  await turns();
  expect(await create(florin, 3)).toBe('booked 3');
  expect(core.received.map(numbersIn)).toEqual([[0], [3]]);
});

test('a batch that all have left while it filled takes others, and watches over them', async () => {
  const controller = new AbortController();
  const florin = connect();
  const first = create(florin, 0);
  const incoming = await core.arrival(0);
  const gone = create(florin, 1, { signal: controller.signal, timeoutMs: 20 });
  controller.abort();
  expect(await gone).toBe('CANCELLED - none');
  const late = create(florin, 2, { timeoutMs: 40 });
  expect(await late).toBe('DEADLINE_EXCEEDED - none');
  const joined = create(florin, 3);
  core.handle = book;
  book(incoming);
  expect(await Promise.all([first, joined])).toEqual(['booked 0', 'booked 3']);
  expect(core.received.map(numbersIn)).toEqual([[0], [3]]);
});

test('lets go of the signal of every call that has ended', async () => {
  const { signal } = new AbortController();
  const florin = connect();
  const call = create(florin, 1, { signal });
  const incoming = await core.arrival(0);
  expect(getEventListeners(signal, 'abort').length).toBe(1);
  expect(await create(florin, 2, { signal, timeoutMs: 20 })).toBe('DEADLINE_EXCEEDED - none');
  book(incoming);
  expect(await call).toBe('booked 1');
  expect(getEventListeners(signal, 'abort').length).toBe(0);
});

test('a request for which nobody waits any more is given up, and the way is free again', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const florin = connect({ inFlightMax: 1 });
  const gone = [create(florin, 1, { signal }), create(florin, 2, { signal })];
  await core.arrival(0);
  controller.abort();
  expect(await Promise.all(gone)).toEqual(['CANCELLED - unknown', 'CANCELLED - unknown']);
  core.handle = book;
  expect(await create(florin, 3)).toBe('booked 3');
});

test('refuses at once when too many wait', async () => {
  const florin = connect({ waitingItemsMax: 3 });
  const waiting = range(3).map((number) => create(florin, number));
  expect(await create(florin, 3)).toBe('RESOURCE_EXHAUSTED CLIENT_QUEUE_FULL none');
  core.handle = book;
  expect(await Promise.all(waiting)).toEqual(['booked 0', 'booked 1', 'booked 2']);
  // What has left waits no more.
  expect(await create(florin, 4)).toBe('booked 4');
});

test.each([
  ['too few results', { position: {}, results: [{ outcome: { case: 'booked' as const, value: {} } }] }],
  ['no place in the journal', { results: range(2).map(() => ({ outcome: { case: undefined } })) }],
])('an answer with %s is believed by nobody', async (_name, answer) => {
  core.handle = (incoming) => incoming.answer(bytesOf(CreateTransactionsResponseSchema, answer));
  const florin = connect();
  const answers = await Promise.all([create(florin, 1), create(florin, 2)]);
  expect(answers).toEqual(['INTERNAL MALFORMED_ANSWER unknown', 'INTERNAL MALFORMED_ANSWER unknown']);
});

test('closing rejects what has not left', async () => {
  const florin = connect();
  const sent = create(florin, 0);
  const incoming = await core.arrival(0);
  const waiting = create(florin, 1);
  florin.close();
  expect(await waiting).toBe('CANCELLED CLIENT_CLOSED none');
  expect(await create(florin, 2)).toBe('CANCELLED CLIENT_CLOSED none');
  book(incoming);
  expect(await sent).toBe('booked 0');
});

test('a batch carries the first trace that one of its calls named', async () => {
  core.handle = book;
  const florin = connect();
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await Promise.all([create(florin, 1), create(florin, 2, { traceparent })]);
  expect(core.received[0].metadata.get('traceparent')).toEqual([traceparent]);
});

test('raw requests pass through as they are', async () => {
  core.handle = book;
  const request = bytesOf(CreateTransactionsRequestSchema, { book: 'acme', transactions: [item(1)] });
  const answer = await connect().createTransactionsRaw(request);
  expect(core.received[0].bytes).toEqual(request);
  expect(fromBinary(CreateTransactionsResponseSchema, answer).results[0].outcome.value).toMatchObject({
    seq: 1n,
  });
});
