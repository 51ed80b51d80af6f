import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AccountService } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import {
  StreamStatementRequestSchema,
  StreamStatementResponseSchema,
} from '../../gen/florin/ledger/v1/statements_pb.ts';
import { TransactionService } from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { CODE } from '../errors/codes.ts';
import { FlorinError } from '../errors/florinError.ts';
import { connectFlorin, type Florin } from '../florin.ts';
import { bytesOf, type FakeCore, fakeCore } from '../testing/fakeCore.ts';
import { methodOf } from './serviceClient.ts';

let core: FakeCore;
let florin: Florin;

beforeEach(async () => {
  core = await fakeCore();
  florin = connectFlorin({ target: core.target, retry: { backoffMs: 1 } });
});

afterEach(() => {
  florin.close();
  core.stop();
});

const chunk = (asOfSeq: bigint) => bytesOf(StreamStatementResponseSchema, { asOfSeq });
const wanted = { book: 'acme', account: { case: 'code' as const, value: 'cash' } };

async function readAll(options = {}): Promise<bigint[]> {
  const seqs: bigint[] = [];
  for await (const { asOfSeq } of florin.statements.streamStatement(wanted, options)) seqs.push(asOfSeq);
  return seqs;
}

async function failureOf(call: Promise<unknown>): Promise<FlorinError> {
  const error: unknown = await call.catch((reason: unknown) => reason);
  if (error instanceof FlorinError) return error;
  throw new Error('no FlorinError', { cause: error });
}

test('has a function for every method of every service', () => {
  for (const [service, client] of [
    [AccountService, florin.accounts],
    [TransactionService, florin.transactions],
  ] as const) {
    for (const { localName } of service.methods)
      expect(client).toHaveProperty(localName, expect.any(Function));
  }
});

test('knows reads from mutations by their names', () => {
  const kinds = TransactionService.methods.map(({ name }) => [name, methodOf(TransactionService, name).kind]);
  expect(kinds).toEqual([
    ['CreateTransactions', 'mutation'],
    ['PostTransactions', 'mutation'],
    ['VoidTransactions', 'mutation'],
    ['ReverseTransactions', 'mutation'],
    ['GetTransaction', 'read'],
    ['ListTransactions', 'read'],
  ]);
});

test('hands a stream on chunk by chunk, in order', async () => {
  let asked: unknown;
  core.stream = (bytes) => {
    asked = fromBinary(StreamStatementRequestSchema, bytes);
    return (async function* () {
      for (let seq = 1n; seq <= 50n; seq++) yield await Promise.resolve(chunk(seq));
    })();
  };
  expect(await readAll()).toEqual(Array.from({ length: 50 }, (_, index) => BigInt(index + 1)));
  expect(asked).toMatchObject(wanted);
});

test('opens a stream again that failed before its first chunk', async () => {
  let opened = 0;
  core.stream = () => {
    opened += 1;
    if (opened < 3) return { code: CODE.UNAVAILABLE };
    return (async function* () {
      yield await Promise.resolve(chunk(7n));
    })();
  };
  expect(await readAll()).toEqual([7n]);
  expect(opened).toBe(3);
});

test('does not repeat a stream that the core refuses', async () => {
  let opened = 0;
  core.stream = () => {
    opened += 1;
    return { code: CODE.NOT_FOUND, message: 'no such account' };
  };
  expect(await failureOf(readAll())).toMatchObject({ codeName: 'NOT_FOUND', rawMessage: 'no such account' });
  expect(opened).toBe(1);
});

test('a stream that breaks half way fails, after what had come', async () => {
  let opened = 0;
  let broke = () => {};
  const taken = new Promise<void>((resolve) => (broke = resolve));
  core.stream = () => {
    opened += 1;
    return (async function* () {
      yield chunk(1n);
      await taken;
      throw Object.assign(new Error('broken'), { code: CODE.UNAVAILABLE });
    })();
  };
  const chunks = florin.statements.streamStatement(wanted)[Symbol.asyncIterator]();
  expect(await chunks.next()).toMatchObject({ value: { asOfSeq: 1n } });
  broke();
  expect(await failureOf(chunks.next())).toMatchObject({ codeName: 'UNAVAILABLE', outcome: 'none' });
  expect(opened).toBe(1);
});

test('leaving the loop cancels the stream', async () => {
  const ended = new Promise<void>((resolve) => {
    core.stream = () => {
      let seq = 0n;
      return {
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            await new Promise((turn) => setImmediate(turn));
            return { done: false as const, value: chunk(seq++) };
          },
        }),
      };
    };
    core.onStreamCancelled = resolve;
  });
  for await (const { asOfSeq } of florin.statements.streamStatement(wanted)) if (asOfSeq === 3n) break;
  await ended;
});

test('a stream ends at its deadline', async () => {
  core.stream = () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) });
  expect(await failureOf(readAll({ timeoutMs: 60 }))).toMatchObject({ codeName: 'DEADLINE_EXCEEDED' });
});

test('a stream ends when the caller gives up', async () => {
  const controller = new AbortController();
  core.stream = () => {
    setImmediate(() => controller.abort());
    return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  };
  expect(await failureOf(readAll({ signal: controller.signal }))).toMatchObject({ codeName: 'CANCELLED' });
});
