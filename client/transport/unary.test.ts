import { afterEach, beforeEach, expect, test } from 'vitest';
import { BookService, GetBookResponseSchema } from '../../gen/florin/ledger/v1/books_pb.ts';
import { ErrorInfoSchema, RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { CODE } from '../errors/codes.ts';
import { FlorinError } from '../errors/florinError.ts';
import { connectFlorin, type Florin } from '../florin.ts';
import type { FlorinOptions } from '../options.ts';
import { bytesOf, type FakeCore, fakeCore, type Incoming, statusBytes } from '../testing/fakeCore.ts';

let core: FakeCore;
const florins: Florin[] = [];

beforeEach(async () => {
  core = await fakeCore();
});

afterEach(() => {
  for (const florin of florins.splice(0)) florin.close();
  core.stop();
});

function connect(options: FlorinOptions = {}): Florin {
  const retry = { backoffMs: 1, ...options.retry };
  const florin = connectFlorin({ target: core.target, ...options, retry });
  florins.push(florin);
  return florin;
}

/** The error of a call that must fail. */
async function errorOf(call: Promise<unknown>): Promise<FlorinError> {
  const error = await call.then(
    () => new Error('the call succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof FlorinError) return error;
  throw error;
}

const book = bytesOf(GetBookResponseSchema, { book: { name: 'acme', shard: 7 } });

/** Fails with the codes in turn, then answers. */
const failing =
  (...codes: number[]) =>
  (incoming: Incoming) => {
    const code = codes.shift();
    if (code === undefined) incoming.answer(book);
    else incoming.fail({ code });
  };

test('sends identical bytes again until the core answers', async () => {
  core.handle = failing(CODE.UNAVAILABLE, CODE.INTERNAL, CODE.UNKNOWN);
  const answer = await connect().books.createBook({ name: 'acme' });
  expect(answer.book?.shard).toBe(7);
  expect(core.received.length).toBe(4);
  for (const { bytes, path } of core.received) {
    expect(bytes).toEqual(core.received[0].bytes);
    expect(path).toBe(`/${BookService.typeName}/CreateBook`);
  }
});

test('stops at the first answer that cannot change', async () => {
  core.handle = failing(CODE.UNAVAILABLE, CODE.INVALID_ARGUMENT);
  const error = await errorOf(connect().books.createBook({ name: '' }));
  expect(error).toMatchObject({ code: CODE.INVALID_ARGUMENT, codeName: 'INVALID_ARGUMENT', attempts: 2 });
  expect(core.received.length).toBe(2);
});

test('stops at the bound of tries', async () => {
  core.handle = (incoming) => incoming.fail({ code: CODE.UNAVAILABLE });
  const error = await errorOf(connect({ retry: { attemptsMax: 3 } }).books.getBook({ name: 'acme' }));
  expect(error).toMatchObject({ codeName: 'UNAVAILABLE', attempts: 3 });
  expect(core.received.length).toBe(3);
});

test('a read leaves nothing open, a mutation does; also if only an earlier try may have arrived', async () => {
  core.handle = (incoming) => incoming.fail({ code: CODE.INTERNAL });
  const florin = connect({ retry: { attemptsMax: 1 } });
  expect((await errorOf(florin.books.getBook({ name: 'acme' }))).outcome).toBe('none');
  expect((await errorOf(florin.books.createBook({ name: 'acme' }))).outcome).toBe('unknown');
  core.handle = failing(CODE.NOT_FOUND);
  expect((await errorOf(florin.books.createBook({ name: 'acme' }))).outcome).toBe('none');
  core.handle = failing(CODE.UNAVAILABLE, CODE.RESOURCE_EXHAUSTED);
  expect((await errorOf(connect().books.createBook({ name: 'acme' }))).outcome).toBe('unknown');
});

test('a call that never left leaves nothing open', async () => {
  const florin = connect({ retry: { attemptsMax: 2 } });
  core.stop();
  const error = await errorOf(florin.books.createBook({ name: 'acme' }));
  expect(error).toMatchObject({ codeName: 'UNAVAILABLE', outcome: 'none', attempts: 2 });
});

test('comes back when a full core says so', async () => {
  const details = statusBytes(CODE.RESOURCE_EXHAUSTED, 'full', [
    [ErrorInfoSchema, { reason: 'MAILBOX_FULL' }],
    [RetryInfoSchema, { retryDelay: { nanos: 2_000_000 } }],
  ]);
  core.handle = (incoming) => {
    if (core.received.length > 1) incoming.answer(book);
    else incoming.fail({ code: CODE.RESOURCE_EXHAUSTED, details });
  };
  expect((await connect().books.getBook({ name: 'acme' })).book?.name).toBe('acme');
  core.handle = (incoming) => incoming.fail({ code: CODE.RESOURCE_EXHAUSTED, details });
  const error = await errorOf(connect({ retry: { attemptsMax: 1 } }).books.getBook({ name: 'acme' }));
  expect(error).toMatchObject({ reason: 'MAILBOX_FULL', retryDelayMs: 2, rawMessage: 'said the test' });
  expect(error.message).toBe('RESOURCE_EXHAUSTED MAILBOX_FULL: said the test');
});

test('passes what is left of the deadline on with every try', async () => {
  core.handle = failing(CODE.UNAVAILABLE, CODE.UNAVAILABLE);
  const before = Date.now();
  await connect().books.getBook({ name: 'acme' }, { timeoutMs: 5_000 });
  const after = Date.now();
  for (const { deadlineMs } of core.received) {
    // The header carries whole units, and the server counts from when it arrived.
    expect(deadlineMs).toBeGreaterThan(before + 4_900);
    expect(deadlineMs).toBeLessThan(after + 5_100);
  }
});

test('ends at its deadline, open for a mutation', async () => {
  const error = await errorOf(connect().books.createBook({ name: 'acme' }, { timeoutMs: 80 }));
  expect(error).toMatchObject({ codeName: 'DEADLINE_EXCEEDED', outcome: 'unknown', attempts: 1 });
  expect(core.received.length).toBe(1);
});

test('gives up when the caller does', async () => {
  const controller = new AbortController();
  const call = errorOf(connect().books.createBook({ name: 'acme' }, { signal: controller.signal }));
  await core.arrival(0);
  controller.abort(new Error('enough'));
  expect(await call).toMatchObject({ codeName: 'CANCELLED', outcome: 'unknown', cause: new Error('enough') });
  const late = await errorOf(connect().books.createBook({ name: 'acme' }, { signal: controller.signal }));
  expect(late).toMatchObject({ codeName: 'CANCELLED', outcome: 'none' });
  expect(core.received.length).toBe(1);
});

test('passes traces and headers on', async () => {
  core.handle = (incoming) => incoming.answer(book);
  const ours = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const florin = connect({ metadata: { 'x-caller': 'test' }, traceparent: () => ours });
  await florin.books.getBook({ name: 'acme' });
  const own = ours.replace('0af', '1af');
  await florin.books.getBook({ name: 'acme' }, { traceparent: own });
  expect(core.received.map(({ metadata }) => metadata.get('traceparent'))).toEqual([[ours], [own]]);
  expect(core.received[0].metadata.get('x-caller')).toEqual(['test']);
});

test('a request that is no message is the caller’s mistake, and is not sent', async () => {
  const error = await errorOf(connect().assets.createAsset({ code: 'BTC', scale: 2 ** 40 }));
  expect(error).toMatchObject({
    codeName: 'INVALID_ARGUMENT',
    reason: 'MALFORMED_ITEM',
    outcome: 'none',
    attempts: 0,
  });
  expect(core.received.length).toBe(0);
});

test('an answer that is no message leaves a mutation open', async () => {
  core.handle = (incoming) => incoming.answer(Uint8Array.of(0x0a, 0x7f));
  const florin = connect();
  expect(await errorOf(florin.books.createBook({ name: 'acme' }))).toMatchObject({
    reason: 'MALFORMED_ANSWER',
    outcome: 'unknown',
  });
  expect((await errorOf(florin.books.getBook({ name: 'acme' }))).outcome).toBe('none');
});

test('a closed client refuses at once', async () => {
  const florin = connect();
  florin.close();
  expect(await errorOf(florin.books.getBook({ name: 'acme' }))).toMatchObject({ reason: 'CLIENT_CLOSED' });
});
