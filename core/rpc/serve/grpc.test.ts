import { gzipSync } from 'node:zlib';
import { connect } from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AccountService, NormalSide } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import {
  CreateTransactionsRequestSchema,
  CreateTransactionsResponseSchema,
  TransactionService,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { CallRefused, Uncertain } from '../../shard/service.ts';
import { CONNECTION_WINDOW_BYTES, REQUEST_BYTES_MAX, STREAM_WINDOW_BYTES } from '../limits.ts';
import { byGrpc, bytesByGrpc, pathOf, refusalOf } from '../testing/callers.ts';
import { POSITION } from '../testing/fakeLedger.ts';
import { ALICE, accountRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { createAccounts, getAccount, closeAccounts } = AccountService.method;
const { createTransactions, postTransactions } = TransactionService.method;
const NEW = { id: ALICE, code: 'a', asset: 'EUR', normalSide: NormalSide.CREDIT };

let serving: Serving;
beforeAll(async () => {
  serving = await serve({ level: 'debug' });
});
afterAll(() => serving.close());
beforeEach(() => {
  serving.lines.length = 0;
  serving.ended.length = 0;
  serving.refused.length = 0;
});

describe('a mutation by gRPC', () => {
  test('answers each item in order; a malformed one does not touch the others', async () => {
    serving.ledger.onItem = (item) => ({
      done: false,
      reason: 'INSUFFICIENT_FUNDS',
      field: 'amounts[0].amount',
      posting: 0,
      account: ALICE,
      remembered: true,
      seq: item.op === 'post' ? 12 : 0,
      replayed: true,
    });
    const posts = [{ id: 'x' }, { id: ALICE, transactionId: ALICE }];
    const answer = await byGrpc(serving.grpc, postTransactions, { book: 'shop', posts });
    const { blockHash } = POSITION;
    expect(answer.position).toMatchObject({ shard: 7, epoch: 3n, seq: 41n, height: 9n });
    expect(Buffer.from(answer.position?.blockHash ?? []).equals(blockHash)).toBe(true);
    expect(answer.results.map(({ outcome }) => outcome.value)).toMatchObject([
      {
        reason: 'INVALID_UUID',
        field: 'id',
        message: expect.stringContaining('UUID') as string,
        remembered: false,
        seq: 0n,
      },
      {
        reason: 'INSUFFICIENT_FUNDS',
        posting: 0,
        accountId: ALICE,
        remembered: true,
        seq: 12n,
        replayed: true,
      },
    ]);
    expect(serving.refused).toEqual(['INVALID_UUID', 'INSUFFICIENT_FUNDS']);
  });

  test('tells what it did to the accounts', async () => {
    const effect = { version: 4n, posted: -3n, available: -5n };
    serving.ledger.onItem = () => ({
      done: true,
      seq: 9,
      replayed: true,
      effects: [{ debit: effect, credit: effect }],
    });
    const posts = [{ id: ALICE, transactionId: ALICE }];
    const answer = await byGrpc(serving.grpc, postTransactions, { book: 'shop', posts });
    const told = { version: 4n, postedBalance: -3n, availableBalance: -5n };
    expect(answer.results[0].outcome).toMatchObject({
      case: 'booked',
      value: { seq: 9n, replayed: true, effects: [{ debit: told, credit: told }] },
    });
    const accounts = await byGrpc(serving.grpc, createAccounts, { book: 'shop', accounts: [NEW] });
    expect(accounts.results[0].outcome).toMatchObject({ case: 'done', value: { seq: 9n, replayed: true } });
  });

  test('passes CreateTransactions through as bytes, untouched', async () => {
    const answer = toBinary(
      CreateTransactionsResponseSchema,
      create(CreateTransactionsResponseSchema, { position: { seq: 5n } }),
    );
    serving.ledger.onCreate = () => Promise.resolve(answer);
    const request = { book: 'shop', transactions: [{ id: ALICE, reference: 'r' }] };
    expect(await byGrpc(serving.grpc, createTransactions, request)).toMatchObject({ position: { seq: 5n } });
    expect(fromBinary(CreateTransactionsRequestSchema, serving.ledger.wire.at(-1)!)).toMatchObject(request);
  });
});

describe('a frame that is no message', () => {
  const sent = (frame: Buffer, headers: Record<string, string> = {}) => {
    const session = connect(`http://127.0.0.1:${serving.rpc.grpcPort}`);
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    session.once('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': pathOf(createTransactions),
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.once('response', (head) => head['grpc-status'] !== undefined && resolve(head));
    stream.once('trailers', resolve).once('error', reject).resume();
    stream.end(frame);
    return promise.finally(() => session.destroy());
  };
  const framed = (message: Buffer, { flag = 0, length = message.length } = {}) => {
    const head = Buffer.alloc(5, flag);
    head.writeUInt32BE(length, 1);
    return Buffer.concat([head, message]);
  };

  test.each([
    ['nothing at all', Buffer.alloc(0)],
    ['half a prefix', Buffer.alloc(3)],
    ['less than it says', framed(Buffer.alloc(10), { length: 11 })],
    ['a second message', Buffer.concat([framed(Buffer.alloc(4)), framed(Buffer.alloc(4))])],
    ['a compressed one, compression unnamed', framed(Buffer.alloc(4), { flag: 1 })],
  ])('is refused: %s', async (_what, frame) => {
    const asked = serving.ledger.wire.length;
    expect(await sent(frame)).toMatchObject({ 'grpc-status': String(status.INVALID_ARGUMENT) });
    expect(serving.ledger.wire.length).toBe(asked);
  });

  test('is refused for the length that it says, before that much has come', async () => {
    const frame = framed(Buffer.alloc(10), { length: REQUEST_BYTES_MAX + 1 });
    expect(await sent(frame)).toMatchObject({ 'grpc-status': String(status.RESOURCE_EXHAUSTED) });
  });

  test('nor is a deadline that cannot be read taken for none', async () => {
    expect(await sent(framed(Buffer.alloc(0)), { 'grpc-timeout': '1 hour' })).toMatchObject({
      'grpc-status': String(status.INTERNAL),
    });
  });

  test('an answer larger than a frame comes whole', async () => {
    const answer = Buffer.alloc(300_000, 7);
    serving.ledger.onCreate = () => Promise.resolve(answer);
    const got = await bytesByGrpc(serving.grpc, pathOf(createTransactions), Buffer.alloc(0));
    expect(Buffer.compare(Buffer.from(got), answer)).toBe(0);
  });
});

test('of two servers in one process each answers what was sent to it', async () => {
  const other = await serve();
  try {
    const answer = (seq: bigint) => () =>
      Promise.resolve(
        toBinary(
          CreateTransactionsResponseSchema,
          create(CreateTransactionsResponseSchema, { position: { seq } }),
        ),
      );
    serving.ledger.onCreate = answer(1n);
    other.ledger.onCreate = answer(2n);
    expect(await byGrpc(serving.grpc, createTransactions, {})).toMatchObject({ position: { seq: 1n } });
    expect(await byGrpc(other.grpc, createTransactions, {})).toMatchObject({ position: { seq: 2n } });
  } finally {
    await other.close();
  }
});

test('a connection takes whole batches without waiting for the reader, from its first call on', async () => {
  const session = connect(`http://127.0.0.1:${serving.rpc.grpcPort}`);
  const widened = new Promise<number | undefined>((resolve) => {
    session.on('remoteSettings', ({ initialWindowSize }) => {
      if (initialWindowSize !== 65_535) resolve(initialWindowSize);
    });
  });
  session.request({ ':method': 'POST', ':path': '/', 'content-type': 'application/grpc' }).end();
  expect(await widened).toBe(STREAM_WINDOW_BYTES);
  await new Promise((resolve) => session.ping(resolve));
  expect(session.state.remoteWindowSize).toBe(CONNECTION_WINDOW_BYTES);
  session.close();
});

describe('a call is refused as a whole', () => {
  test.each([
    ['BATCH_SIZE', 'none', []],
    ['BATCH_SIZE', '8193', Array.from({ length: 8_193 }, () => ({}))],
  ])('with %s for a batch of %s', async (reason, _size, closures) => {
    const told = await refusalOf(byGrpc(serving.grpc, closeAccounts, { book: 'shop', closures }));
    expect(told).toMatchObject({
      code: status.INVALID_ARGUMENT,
      info: { reason, metadata: { field: 'closures' } },
    });
  });

  test.each([
    ['', 'MISSING_FIELD'],
    ['Shop', 'INVALID_VALUE'],
    ['.shop', 'INVALID_VALUE'],
    ['s'.repeat(65), 'INVALID_VALUE'],
  ])('with MALFORMED_REQUEST for the book %j', async (book, reason) => {
    const told = await refusalOf(byGrpc(serving.grpc, createAccounts, { book, accounts: [NEW] }));
    expect(told.info).toMatchObject({
      reason: 'MALFORMED_REQUEST',
      metadata: { field: 'book', retryable: 'false' },
    });
    expect(told.badRequest).toMatchObject({ fieldViolations: [{ field: 'book', reason }] });
  });

  test('with BOOK_NOT_FOUND for a book that is not there', async () => {
    const told = await refusalOf(byGrpc(serving.grpc, createAccounts, { book: 'other', accounts: [NEW] }));
    expect(told).toMatchObject({ code: status.NOT_FOUND, info: { reason: 'BOOK_NOT_FOUND' } });
  });

  test('with MALFORMED_REQUEST where the bytes are no such message', async () => {
    const told = await refusalOf(bytesByGrpc(serving.grpc, pathOf(getAccount), Buffer.from([0x0a, 0x7f, 1])));
    expect(told).toMatchObject({ code: status.INVALID_ARGUMENT, info: { reason: 'MALFORMED_REQUEST' } });
    expect(told.message).toContain('florin.ledger.v1.GetAccountRequest');
  });

  test('with REQUEST_TOO_LARGE before it is read, also where it is small on the wire', async () => {
    const path = pathOf(createTransactions);
    const told = await refusalOf(bytesByGrpc(serving.grpc, path, new Uint8Array(REQUEST_BYTES_MAX + 1)));
    expect(told).toMatchObject({ code: status.RESOURCE_EXHAUSTED, info: { reason: 'REQUEST_TOO_LARGE' } });
    expect(told.message).toContain(String(REQUEST_BYTES_MAX));
    expect(await gzipped(serving.rpc.grpcPort, path, new Uint8Array(REQUEST_BYTES_MAX + 1))).toBe(
      status.RESOURCE_EXHAUSTED,
    );
    expect(await gzipped(serving.rpc.grpcPort, path, new Uint8Array(1_000))).toBe(status.OK);
  });

  test('as it is by the ledger: OVERLOADED with RetryInfo, an open outcome as OUTCOME_UNKNOWN', async () => {
    serving.ledger.onCreate = () => Promise.reject(new CallRefused('OVERLOADED', { retryAfterMs: 50 }));
    const told = await refusalOf(byGrpc(serving.grpc, createTransactions, {}));
    expect(told).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      retry: { retryDelay: { nanos: 50_000_000 } },
    });
    expect(told.info).toMatchObject({ reason: 'OVERLOADED', metadata: { retryable: 'true' } });
    serving.ledger.onCreate = () => Promise.reject(new Uncertain('x'));
    const open = await refusalOf(byGrpc(serving.grpc, createTransactions, {}));
    expect(open).toMatchObject({ code: status.UNAVAILABLE, info: { reason: 'OUTCOME_UNKNOWN' } });
    expect(serving.refused).toEqual(['OVERLOADED', 'OUTCOME_UNKNOWN']);
  });

  test('with INTERNAL for a defect: the log has it, the caller does not', async () => {
    serving.ledger.onCreate = () => Promise.reject(new Error('secret of the house'));
    const told = await refusalOf(byGrpc(serving.grpc, createTransactions, {}));
    expect(told).toMatchObject({ code: status.INTERNAL, info: { reason: 'INTERNAL' } });
    expect(told.message).not.toContain('secret');
    expect(serving.lines).toMatchObject([
      { event: 'rpc.defect', code: 'INTERNAL', err: { message: 'secret of the house' } },
    ]);
  });
});

describe('around a call', () => {
  test('the deadline reaches the ledger on its own clock', async () => {
    serving.ledger.onItem = () => ({ done: true, seq: 1, replayed: false, effects: [] });
    const before = performance.now() * 1000;
    await byGrpc(
      serving.grpc,
      createAccounts,
      { book: 'shop', accounts: [NEW] },
      { deadline: new Date(Date.now() + 60_000) },
    );
    const { deadlineUs } = serving.ledger.submitted.at(-1)!.context;
    expect(deadlineUs - before).toBeGreaterThan(59e6);
    expect(deadlineUs - before).toBeLessThan(61e6);
    await byGrpc(serving.grpc, createAccounts, { book: 'shop', accounts: [NEW] });
    expect(serving.ledger.submitted.at(-1)!.context.deadlineUs).toBe(Infinity);
  });

  test('the log has method, code, time and trace, and nothing of the request', async () => {
    serving.reads.accountRows = [accountRow()];
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    await byGrpc(
      serving.grpc,
      getAccount,
      { book: 'shop', account: { case: 'accountId', value: ALICE } },
      { headers },
    );
    const [line] = serving.lines;
    expect(line).toMatchObject({
      event: 'rpc.call',
      level: 20,
      method: 'florin.ledger.v1.AccountService/GetAccount',
      code: 'OK',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
    });
    expect(JSON.stringify(line)).not.toContain(ALICE);
    expect(serving.ended).toEqual(['florin.ledger.v1.AccountService/GetAccount OK']);
  });

  test('a method that is not there is UNIMPLEMENTED', async () => {
    const call = bytesByGrpc(
      serving.grpc,
      '/florin.ledger.v1.AccountService/StealAccounts',
      new Uint8Array(0),
    );
    await expect(call).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });
});

/** Sends one gzipped message, which the client library does not do; returns the gRPC status. */
function gzipped(port: number, path: string, message: Uint8Array): Promise<number> {
  const body = gzipSync(message);
  const frame = Buffer.alloc(5 + body.length);
  frame.writeUInt8(1, 0);
  frame.writeUInt32BE(body.length, 1);
  body.copy(frame, 5);
  serving.ledger.onCreate = () => Promise.resolve(new Uint8Array(0));
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.once('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-encoding': 'gzip',
    });
    const take = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] === undefined) return;
      session.close();
      resolve(Number(headers['grpc-status']));
    };
    stream.once('response', take);
    stream.once('trailers', take);
    stream.once('error', reject);
    stream.resume();
    stream.end(frame);
  });
}
