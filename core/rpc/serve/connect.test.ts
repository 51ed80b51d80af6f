import { gzipSync } from 'node:zlib';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AccountService } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { StatementService } from '../../../gen/florin/ledger/v1/statements_pb.ts';
import {
  CreateTransactionsRequestSchema,
  CreateTransactionsResponseSchema,
  TransactionService,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.ts';
import { REQUEST_BYTES_MAX } from '../limits.ts';
import { byJson, pathOf } from '../testing/callers.ts';
import { ALICE, accountRow, lineRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';

const TOO_LARGE = JSON.stringify({ book: 'x'.repeat(REQUEST_BYTES_MAX) });

/** A body whose length is not said beforehand. */
function chunked(text: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(at, (at += 1024 * 1024)));
    },
  });
}

const { getAccount, createAccounts } = AccountService.method;
const { createTransactions, voidTransactions } = TransactionService.method;

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
  serving.reads.accountRows = [accountRow()];
});
afterAll(() => serving.close());
beforeEach(() => {
  serving.lines.length = 0;
});

const json = (method: Parameters<typeof byJson>[1], body: unknown, headers?: Record<string, string>) =>
  byJson(serving.rpc.connectPort, method, body, headers);

describe('Connect JSON', () => {
  test('answers as curl asks, int64 as strings and zeros shown', async () => {
    const { status, body } = await json(getAccount, { book: 'shop', code: 'customers:alice' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      account: {
        id: ALICE,
        normalSide: 'NORMAL_SIDE_CREDIT',
        postedBalance: '900',
        availableBalance: '850',
        metadata: {},
      },
      asOfSeq: '41',
    });
  });

  test('carries a mutation, each item with its own answer', async () => {
    const voids = [{ id: ALICE, transactionId: ALICE }, { id: 'x' }];
    const { body } = await json(voidTransactions, { book: 'shop', voids });
    expect(body).toMatchObject({
      position: { shard: 7, seq: '41' },
      results: [
        { booked: { seq: '41', replayed: false } },
        { refused: { reason: 'INVALID_UUID', field: 'id' } },
      ],
    });
  });

  test('carries CreateTransactions to the ledger in wire form, and its answer back', async () => {
    serving.ledger.onCreate = (bytes) => {
      const { transactions } = fromBinary(CreateTransactionsRequestSchema, bytes);
      const results = transactions.map(() => ({ outcome: { case: 'booked' as const, value: { seq: 8n } } }));
      return Promise.resolve(
        toBinary(CreateTransactionsResponseSchema, create(CreateTransactionsResponseSchema, { results })),
      );
    };
    const transactions = [{ id: ALICE, postings: [{ amount: '9223372036854775807' }], metadata: { a: 'b' } }];
    const { body } = await json(createTransactions, { book: 'shop', transactions });
    expect(body).toMatchObject({ results: [{ booked: { seq: '8' } }] });
    const sent = fromBinary(CreateTransactionsRequestSchema, serving.ledger.wire.at(-1)!);
    expect(sent.transactions[0]).toMatchObject({
      postings: [{ amount: 9223372036854775807n }],
      metadata: { a: 'b' },
    });
  });

  test('tells errors with their reason', async () => {
    const { status, body } = await json(getAccount, { book: 'other', code: 'a' });
    expect(status).toBe(404);
    expect(body).toMatchObject({
      code: 'not_found',
      details: [{ type: 'google.rpc.ErrorInfo', debug: { reason: 'BOOK_NOT_FOUND', domain: 'florin' } }],
    });
  });

  test('that takes longer than its caller allows is DEADLINE_EXCEEDED, and no defect', async () => {
    const { reads } = serving;
    reads.reached = (_shard, _seq, { signal }: { waitMs: number; signal?: AbortSignal }) =>
      new Promise((resolve) => signal?.addEventListener('abort', () => resolve(false)));
    try {
      const request = { book: 'shop', code: 'customers:alice', freshness: { minSeq: '42' } };
      const { body } = await json(getAccount, request, { 'connect-timeout-ms': '100' });
      expect(body).toMatchObject({ code: 'deadline_exceeded' });
      expect(serving.lines.filter(({ level }) => level === 'error')).toEqual([]);
    } finally {
      delete (reads as Partial<typeof reads>).reached;
    }
  });

  test.each([
    ['no JSON', '{"book":'],
    ['a misspelt field', '{"book":"shop","acounts":[]}'],
    [
      'a number beyond int64',
      '{"book":"shop","accounts":[{"limits":{"postedFloor":"9223372036854775808"}}]}',
    ],
    ['half a surrogate pair in a field', '{"book":"shop","accounts":[{"code":"\\ud800"}]}'],
    ['half a surrogate pair in metadata', '{"book":"shop","accounts":[{"metadata":{"a":"\\ud800"}}]}'],
    ['half a surrogate pair in a key', '{"book":"shop","accounts":[{"metadata":{"\\ud800":"a"}}]}'],
    ['an enum that is none', '{"book":"shop","accounts":[{"normalSide":"LEFT"}]}'],
  ])('refuses %s as INVALID_ARGUMENT, and the ledger is not asked', async (_what, text) => {
    const asked = serving.ledger.submitted.length;
    const { status, body } = await json(createAccounts, text);
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_argument' });
    expect(body).toMatchObject({
      details: [{ type: 'google.rpc.ErrorInfo', debug: { reason: 'MALFORMED_REQUEST', domain: 'florin' } }],
    });
    expect(serving.ledger.submitted.length).toBe(asked);
  });

  test.each([
    ['by the length that it says', (text: string) => ({ body: text })],
    [
      'as it comes in, where it says none',
      (text: string) => ({ body: chunked(text), duplex: 'half' as const }),
    ],
    [
      'once it is unpacked',
      (text: string) => ({ body: gzipSync(text), headers: { 'content-encoding': 'gzip' } }),
    ],
  ])('refuses what is too large %s, and tells the reason', async (_how, packed) => {
    const { headers, ...request } = { headers: {}, ...packed(TOO_LARGE) };
    const response = await fetch(`http://127.0.0.1:${serving.rpc.connectPort}${pathOf(createAccounts)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      ...request,
    });
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({
      code: 'resource_exhausted',
      message: expect.stringContaining(`larger than ${REQUEST_BYTES_MAX} bytes`) as string,
      details: [{ type: 'google.rpc.ErrorInfo', debug: { reason: 'REQUEST_TOO_LARGE', domain: 'florin' } }],
    });
  });

  test('hides defects, and takes deadline and trace from the headers', async () => {
    serving.ledger.onCreate = () => Promise.reject(new Error('secret of the house'));
    const headers = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'connect-timeout-ms': '60000',
    };
    const { status, body } = await json(createTransactions, { book: 'shop' }, headers);
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(serving.lines).toMatchObject([
      { event: 'rpc.defect', traceId: '0af7651916cd43dd8448eb211c80319c' },
    ]);
    serving.ledger.submitted.length = 0;
    const before = performance.now() * 1000;
    await json(voidTransactions, { book: 'shop', voids: [{}] }, headers);
    const leftUs = serving.ledger.submitted[0].context.deadlineUs - before;
    expect(leftUs).toBeGreaterThan(59e6);
    expect(leftUs).toBeLessThan(61e6);
  });

  test('sends no CORS headers, and 404 for what is not there', async () => {
    const response = await fetch(`http://127.0.0.1:${serving.rpc.connectPort}/`, {
      headers: { origin: 'https://evil.example' },
    });
    expect(response.status).toBe(404);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe.each([
  ['Connect', createConnectTransport],
  ['gRPC-Web', createGrpcWebTransport],
])('a client by %s', (_protocol, transportOf) => {
  const transport = () =>
    transportOf({ baseUrl: `http://127.0.0.1:${serving.rpc.connectPort}`, httpVersion: '1.1' });

  test('gets messages and errors with details', async () => {
    const client = createClient(AccountService, transport());
    const account = { case: 'code', value: 'customers:alice' } as const;
    expect(await client.getAccount({ book: 'shop', account })).toMatchObject({
      account: { postedBalance: 900n },
    });
    const error = await client
      .getAccount({ book: 'Shop', account })
      .catch((thrown: unknown) => ConnectError.from(thrown));
    expect(error).toMatchObject({ code: Code.InvalidArgument });
    expect((error as ConnectError).findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: 'MALFORMED_REQUEST' },
    ]);
  });

  test('is told why what is too large is refused', async () => {
    const book = 'x'.repeat(REQUEST_BYTES_MAX);
    const accounts = createClient(AccountService, transport());
    const statements = createClient(StatementService, transport());
    const streamed = async () => {
      for await (const _ of statements.streamStatement({ book })) throw new Error('it was answered');
    };
    for (const call of [() => accounts.createAccounts({ book }), streamed]) {
      const error = await call().then(
        () => new Error('it was answered'),
        (thrown: unknown) => ConnectError.from(thrown),
      );
      expect(error).toMatchObject({ code: Code.ResourceExhausted });
      expect((error as ConnectError).findDetails(ErrorInfoSchema)).toMatchObject([
        { reason: 'REQUEST_TOO_LARGE', domain: 'florin' },
      ]);
    }
  });

  test('gets a stream whole', async () => {
    serving.reads.lineRows = Array.from({ length: 2_500 }, (_, i) => lineRow(i + 1));
    const client = createClient(StatementService, transport());
    const sizes = [];
    const account = { case: 'accountId', value: ALICE } as const;
    for await (const { lines } of client.streamStatement({ book: 'shop', account })) sizes.push(lines.length);
    expect(sizes).toEqual([1_000, 1_000, 500]);
  });
});
