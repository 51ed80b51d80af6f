import { request as askHttps } from 'node:https';
import { writeFileSync } from 'node:fs';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { Client, credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ApiKeyService } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { AccountService } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { AssetService } from '../../../gen/florin/ledger/v1/assets_pb.ts';
import { BookService } from '../../../gen/florin/ledger/v1/books_pb.ts';
import { StatementService } from '../../../gen/florin/ledger/v1/statements_pb.ts';
import { RequestLogService } from '../../../gen/florin/requests/v1/request_logs_pb.ts';
import {
  CreateTransactionsRequestSchema,
  TransactionService,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { certificateFiles, type Issued, newAuthority } from '../../../test/support/certificates.ts';
import { contractServices } from '../../../test/support/contract.ts';
import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { ApiKey } from '../../kernel/payments/edgeModel.ts';
import type { ServedMethod } from '../contract.ts';
import { byGrpc, bytesByGrpc, pathOf, refusalOf, streamByGrpc, toldBy } from '../testing/callers.ts';
import { ALICE, accountRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';
import { Tls } from '../tls/tls.ts';
import { guarded } from './guard.ts';

const authority = newAuthority('ours');
const files = certificateFiles();
const core = authority.issue({ dns: ['core.internal'] });
const callersFile = files.write('callers.json', '');
const GRANTS = { 'dns:edge.internal': '*', 'uri:spiffe://florin/shop': ['shop'], 'cn:other': ['other'] };

const operator = authority.issue({ dns: ['edge.internal'] });
const shop = authority.issue({ uris: ['spiffe://florin/shop'] });
const other = authority.issue({ commonName: 'other' });
const stranger = authority.issue({ dns: ['stranger.internal'] });

const ACCOUNT = { account: { case: 'accountId', value: ALICE } } as const;
const { getAccount } = AccountService.method;
const { createTransactions } = TransactionService.method;

let serving: Serving;
let tls: Tls;
const clients: Client[] = [];
function as(own: Issued): Client {
  const client = new Client(
    `127.0.0.1:${serving.rpc.grpcPort}`,
    credentials.createSsl(Buffer.from(authority.cert), Buffer.from(own.key), Buffer.from(own.cert)),
    { 'grpc.ssl_target_name_override': 'core.internal', 'grpc.use_local_subchannel_pool': 1 },
  );
  clients.push(client);
  return client;
}

beforeAll(async () => {
  writeFileSync(callersFile, JSON.stringify(GRANTS));
  tls = new Tls({
    certFile: files.write('core.pem', core.cert),
    keyFile: files.write('core.key', core.key),
    clientCaFile: files.write('ca.pem', authority.cert),
    callersFile,
  });
  serving = await serve({ tls });
});
beforeEach(() => {
  serving.reads.accountRows = [accountRow()];
  serving.ledger.wire.length = 0;
});
afterAll(async () => {
  for (const client of clients) client.close();
  await serving.close();
  files.remove();
});

function batchOf(...books: string[]): Uint8Array {
  const parts = books.map((book) =>
    toBinary(CreateTransactionsRequestSchema, create(CreateTransactionsRequestSchema, { book })),
  );
  return Buffer.concat(parts);
}

describe('a caller with books of its own', () => {
  test('uses them by every lane', async () => {
    const grpc = as(shop);
    expect((await byGrpc(grpc, getAccount, { book: 'shop', ...ACCOUNT })).account?.id).toBe(ALICE);
    await bytesByGrpc(grpc, pathOf(createTransactions), batchOf('shop'));
    expect(serving.ledger.wire).toHaveLength(1);
    expect(await connectStatus(shop, { book: 'shop', accountId: ALICE })).toMatchObject({ code: 200 });
  });

  test('finds no book of others, and is told the same as of one that does not exist', async () => {
    const grpc = as(other);
    for (const book of ['shop', 'nowhere']) {
      const told = await refusalOf(byGrpc(grpc, getAccount, { book, ...ACCOUNT }));
      expect(told).toMatchObject({ code: status.NOT_FOUND, info: { reason: 'BOOK_NOT_FOUND' } });
      const raw = await refusalOf(bytesByGrpc(grpc, pathOf(createTransactions), batchOf(book)));
      expect(raw).toMatchObject({ code: status.NOT_FOUND, info: { reason: 'BOOK_NOT_FOUND' } });
      expect(await streamCode(grpc, book)).toBe(status.NOT_FOUND);
      expect(await connectStatus(other, { book, accountId: ALICE })).toMatchObject({ code: 404 });
      const named = await refusalOf(byGrpc(grpc, BookService.method.getBook, { name: book }));
      expect(named).toMatchObject({ code: status.NOT_FOUND, info: { reason: 'BOOK_NOT_FOUND' } });
    }
    expect(serving.ledger.wire).toEqual([]);
  });

  test('cannot name a second book behind its own', async () => {
    // The last of a field that comes twice is what counts, for the ledger as for the guard.
    const told = await refusalOf(
      bytesByGrpc(as(other), pathOf(createTransactions), batchOf('other', 'shop')),
    );
    expect(told.info?.reason).toBe('BOOK_NOT_FOUND');
    expect(serving.ledger.wire).toEqual([]);
  });

  test('makes no books and no assets', async () => {
    const grpc = as(shop);
    const calls = [
      byGrpc(grpc, BookService.method.createBook, { name: 'mine' }),
      byGrpc(grpc, AssetService.method.createAsset, { code: 'ABC' }),
    ];
    for (const call of calls)
      expect(await refusalOf(call)).toMatchObject({
        code: status.PERMISSION_DENIED,
        info: { reason: 'CALLER_NOT_ALLOWED' },
      });
    expect(serving.ledger.controlled).toEqual([]);
  });

  test('tells of no requests, and reads those of its own book', async () => {
    const { writeRequestLogs, listRequestLogs, getRequestLog } = RequestLogService.method;
    const requestId = 'req_0190a000000070008000000000000001';
    const requestLogs = [{ requestId, method: 'GET', status: 401 }];
    const ofNobody = [
      byGrpc(as(shop), writeRequestLogs, { requestLogs }),
      byGrpc(as(shop), listRequestLogs, {}),
      byGrpc(as(shop), getRequestLog, { requestId }),
    ];
    for (const call of ofNobody) expect((await refusalOf(call)).info?.reason).toBe('CALLER_NOT_ALLOWED');
    expect(serving.requestLogs.rows).toEqual([]);
    await byGrpc(as(operator), writeRequestLogs, { requestLogs });
    expect((await byGrpc(as(operator), listRequestLogs, {})).requestLogs).toHaveLength(1);
    expect((await byGrpc(as(shop), listRequestLogs, { book: 'shop' })).requestLogs).toEqual([]);
  });

  test('sees its own books in the list, and not a name of others in a token', async () => {
    serving.reads.bookRows = ['a', 'b', 'other', 'shop', 'z'].map((name) => ({
      name,
      shard: 1,
      description: '',
      createdUs: 0,
    }));
    const list = (own: Issued, page: MessageInitShape<typeof BookService.method.listBooks.input>) =>
      byGrpc(as(own), BookService.method.listBooks, page);
    const { books, nextPageToken } = await list(shop, { pageSize: 1 });
    expect([books.map(({ name }) => name), nextPageToken]).toEqual([['shop'], '']);
    expect((await list(operator, {})).books).toHaveLength(5);
  });

  test('finds no API key of another book', async () => {
    const secretSha256 = Buffer.alloc(32, 7);
    serving.payments.apiKey = () => Promise.resolve(keyOf(secretSha256.toString('hex')));
    serving.reads.apiKeys = () => Promise.resolve([{ shard: 7, seq: 1, book: 'shop' }]);
    const find = (own: Issued) => byGrpc(as(own), ApiKeyService.method.getApiKeyBySecret, { secretSha256 });
    expect((await find(shop)).apiKey?.book).toBe('shop');
    expect((await find(operator)).apiKey?.book).toBe('shop');
    expect((await refusalOf(find(other))).info?.reason).toBe('NOT_FOUND');
  });

  test('is not somebody else by a header', async () => {
    const grpc = as(other);
    await byGrpc(as(operator), getAccount, { book: 'shop', ...ACCOUNT });
    for (let mark = 1; mark <= 40; mark++) {
      const headers = { 'florin-connection': String(mark) };
      const call = byGrpc(grpc, getAccount, { book: 'shop', ...ACCOUNT }, { headers });
      expect((await refusalOf(call)).info?.reason).toBe('BOOK_NOT_FOUND');
    }
  });
});

const methods = (await contractServices()).flatMap((service) => service.methods);
const withBook = methods.filter(({ input }) => input.field['book'] !== undefined);

test.each(withBook.map((method) => [method.name, method] as const))(
  'a book of others is not there for %s, whatever else the request says',
  async (_, method) => {
    const { input } = method;
    const request = reflect(input, create(input));
    request.set(input.field['book'], 'shop');
    const send = method.methodKind === 'unary' ? bytesByGrpc : streamed;
    const call = send(as(other), pathOf(method), toBinary(input, request.message));
    expect((await refusalOf(call)).info?.reason).toBe('BOOK_NOT_FOUND');
  },
);

test('there are many methods that a certificate holds to its books, and few that are about none', () => {
  expect(withBook.length).toBeGreaterThan(50);
  expect(methods.length - withBook.length).toBeLessThan(16);
});

test('a certificate of which nothing is said is good for nothing', async () => {
  const grpc = as(stranger);
  const calls = [
    byGrpc(grpc, getAccount, { book: 'shop', ...ACCOUNT }),
    byGrpc(grpc, AssetService.method.listAssets, {}),
    bytesByGrpc(grpc, pathOf(createTransactions), batchOf('shop')),
  ];
  for (const call of calls)
    expect(await refusalOf(call)).toMatchObject({ info: { reason: 'CALLER_NOT_ALLOWED' } });
  expect(await connectStatus(stranger, { book: 'shop' })).toMatchObject({ code: 403 });
});

test('a grant that is taken away ends on connections that are open', async () => {
  const grpc = as(shop);
  const ask = () => byGrpc(grpc, getAccount, { book: 'shop', ...ACCOUNT });
  await ask();
  writeFileSync(callersFile, JSON.stringify({ ...GRANTS, 'uri:spiffe://florin/shop': [] }));
  expect(tls.reread()).toBe(true);
  expect((await refusalOf(ask())).info?.reason).toBe('BOOK_NOT_FOUND');
  writeFileSync(callersFile, JSON.stringify(GRANTS));
  tls.reread();
  await ask();
});

test('a method that names no book, and of which nothing is said, is not served to callers with certificates', () => {
  const { listAssets } = AssetService.method;
  const unruled = { ...listAssets, name: 'Unruled' } as typeof listAssets;
  const method = { kind: 'unary', desc: unruled, handle: () => Promise.resolve({}) } as ServedMethod;
  expect(() => guarded({ desc: AssetService, methods: [method] })).toThrow('nothing says who may call it');
});

function keyOf(secretSha256: string): ApiKey {
  return {
    id: ALICE as Uuid,
    seq: 1,
    book: 2,
    merchant: ALICE as Uuid,
    mode: 'test',
    kind: 'secret',
    scopes: [],
    name: '',
    secretSha256,
    secretSuffix: 'aZ09',
    createdUs: 0,
    revokedAtUs: null,
    version: 1,
    lastSeq: 1,
  };
}

/** The first thing that a stream of bytes answers. */
function streamed(grpc: Client, path: string, bytes: Uint8Array): Promise<unknown> {
  const asIs = (one: Buffer): Buffer => one;
  return new Promise((resolve, reject) => {
    const stream = grpc.makeServerStreamRequest(path, asIs, asIs, Buffer.from(bytes));
    stream.once('error', reject).once('data', resolve).once('end', resolve);
  });
}

async function streamCode(grpc: Client, book: string): Promise<number> {
  const stream = streamByGrpc(grpc, StatementService.method.streamStatement, { book, ...ACCOUNT });
  return new Promise((resolve) => {
    stream.once('error', (error) => resolve(toldBy(error as never).code));
    stream.once('end', () => resolve(status.OK));
    stream.resume();
  });
}

function connectStatus(own: Issued, body: object): Promise<{ code: number | undefined }> {
  return new Promise((resolve, reject) => {
    const request = askHttps({
      host: '127.0.0.1',
      port: serving.rpc.connectPort,
      path: pathOf(getAccount),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      agent: false,
      servername: 'core.internal',
      ca: authority.cert,
      ...own,
    });
    request.once('error', reject);
    request.once('response', (response) => {
      response.resume();
      resolve({ code: response.statusCode });
    });
    request.end(JSON.stringify(body));
  });
}
