import { create } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { AccountService, GetAccountResponseSchema } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { StatementService } from '../../../gen/florin/ledger/v1/statements_pb.ts';
import type { Call } from '../call.ts';
import type { ServedMethod } from '../contract.ts';
import { CALL_LINES_PER_SECOND_MAX, REQUEST_BYTES_IN_FLIGHT_MAX, SLOW_CALL_MS } from '../limits.ts';
import { Gate } from './gate.ts';
import { LineBudget, MethodObserver } from './observer.ts';
import { Failed, type Performance, perform, performStream } from './perform.ts';

let nowUs: number, gate: Gate, inFlight: number, codes: string[], lines: Record<string, unknown>[];
const clock = { wallUs: () => 0, monotonicUs: () => nowUs };

function performance(method: ServedMethod): Performance {
  const metrics = {
    refused: () => undefined,
    method: () => ({
      began: () => void inFlight++,
      ended: (code: string) => void (codes.push(code), inFlight--),
    }),
  };
  const log = pino(
    { messageKey: 'event' },
    { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return {
    method,
    gate,
    clock,
    observer: new MethodObserver(method, { metrics, log, clock, lines: new LineBudget(clock) }),
  };
}

const handle = () => Promise.resolve(create(GetAccountResponseSchema));
const unary = (): Performance =>
  performance({ kind: 'unary', desc: AccountService.method.getAccount, handle });
const call = (deadlineUs = Infinity, signal = new AbortController().signal): Call => ({
  deadlineUs,
  signal,
  trace: null,
});
const reasonOf = (run: Promise<unknown>) =>
  run.then(
    () => 'OK',
    (error: unknown) => (error instanceof Failed ? error.failure.reason : error),
  );

beforeEach(() => {
  nowUs = 1_000;
  gate = new Gate();
  inFlight = 0;
  codes = [];
  lines = [];
});

describe('a call', () => {
  test('whose deadline has passed is refused before any work', async () => {
    let isAsked = false;
    const work = () => Promise.resolve(void (isAsked = true));
    expect(await reasonOf(perform(unary(), call(1_000), 0, work))).toBe('DEADLINE_PASSED');
    expect(isAsked).toBe(false);
    expect(await reasonOf(perform(unary(), call(1_001), 0, work))).toBe('OK');
    expect({ codes, inFlight, calls: gate.calls }).toEqual({
      codes: ['DEADLINE_EXCEEDED', 'OK'],
      inFlight: 0,
      calls: 0,
    });
  });

  test('is refused with OVERLOADED while too many bytes are in flight, and let in again after', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const big = perform(unary(), call(), REQUEST_BYTES_IN_FLIGHT_MAX, () => promise);
    expect(await reasonOf(perform(unary(), call(), 1, () => promise))).toBe('OVERLOADED');
    resolve();
    await big;
    expect(await reasonOf(perform(unary(), call(), 1, () => promise))).toBe('OK');
  });

  test('is refused with DRAINING once the gate is closed; those inside finish, then it is idle', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const inside = perform(unary(), call(), 0, () => promise);
    gate.close();
    expect(await reasonOf(perform(unary(), call(), 0, () => promise))).toBe('DRAINING');
    let isIdle = false;
    const idle = gate.idle().then(() => (isIdle = true));
    await Promise.resolve();
    expect(isIdle).toBe(false);
    resolve();
    await Promise.all([inside, idle]);
    expect(isIdle).toBe(true);
  });

  test('that is slow is logged, one that is quick is not', async () => {
    const taking = (us: number) => () => Promise.resolve(void (nowUs += us));
    await perform(unary(), call(), 0, taking(SLOW_CALL_MS * 1_000));
    expect(lines).toEqual([]);
    await perform(unary(), call(), 0, taking(SLOW_CALL_MS * 1_000 + 1));
    expect(lines).toMatchObject([{ event: 'rpc.call', code: 'OK', slow: true }]);
  });

  test('that waited because its caller asked for it is slow only by the rest', async () => {
    const waiting = (us: number, waitedUs: number) => {
      const one = call();
      return perform(unary(), one, 0, () => Promise.resolve(void ((nowUs += us), (one.waitedUs = waitedUs))));
    };
    await waiting(20_000_000, 20_000_000 - SLOW_CALL_MS * 1_000);
    expect(lines).toEqual([]);
    await waiting(20_000_000, 19_999_999 - SLOW_CALL_MS * 1_000);
    expect(lines).toMatchObject([{ code: 'OK', slow: true }]);
  });

  test('that fails is logged, but not more of them a second than the budget', async () => {
    const one = unary();
    for (let i = 0; i < CALL_LINES_PER_SECOND_MAX + 7; i++) await reasonOf(perform(one, call(0), 0, handle));
    expect(lines).toHaveLength(CALL_LINES_PER_SECOND_MAX);
    nowUs += 1e6;
    await reasonOf(perform(one, call(0), 0, handle));
    expect(lines.at(-1)).toMatchObject({ reason: 'DEADLINE_PASSED', suppressed: 7 });
  });
});

test('a stream that its caller leaves ends its handler, and is counted as cancelled', async () => {
  let isClosed = false;
  async function* parts() {
    try {
      for (;;) yield await Promise.resolve({});
    } finally {
      isClosed = true;
    }
  }
  const streaming = performance({
    kind: 'stream',
    desc: StatementService.method.streamStatement,
    handle: parts,
  });
  for await (const part of performStream(streaming, call(), 10, parts)) {
    expect(part.$typeName).toBe('florin.ledger.v1.StreamStatementResponse');
    expect(gate.calls).toBe(1);
    break;
  }
  expect({ isClosed, codes, inFlight, calls: gate.calls }).toEqual({
    isClosed: true,
    codes: ['CANCELLED'],
    inFlight: 0,
    calls: 0,
  });
});
