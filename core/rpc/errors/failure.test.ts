import { create, fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { Code } from '../../../gen/google/rpc/code_pb.ts';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '../../../gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../../../gen/google/rpc/status_pb.ts';
import { REFUSALS, type Reason } from '../../kernel/ledger/refusals.ts';
import { CallRefused, Uncertain } from '../../shard/service.ts';
import { BadField } from './badField.ts';
import { CallerGone, failureOf, statusBytes } from './failure.ts';

/** What a caller can read of anything thrown. */
function told(error: unknown) {
  const { code, message, details } = fromBinary(StatusSchema, statusBytes(failureOf(error)));
  const find = (desc: typeof ErrorInfoSchema | typeof BadRequestSchema | typeof RetryInfoSchema) =>
    details.map((any) => anyUnpack(any, desc)).find((value) => value !== undefined);
  return {
    code,
    message,
    info: find(ErrorInfoSchema),
    badRequest: find(BadRequestSchema),
    retry: find(RetryInfoSchema),
  };
}

const callReasons = (Object.keys(REFUSALS) as Reason[]).filter(
  (reason) => REFUSALS[reason].origin === 'call',
);

test.each(callReasons)('%s carries its code, its text, and whether a retry helps', (reason) => {
  const { code, text, retryable } = REFUSALS[reason];
  const metadata = { retryable: String(retryable) };
  expect(told(new CallRefused(reason))).toMatchObject({
    code: Code[code],
    message: text,
    info: { reason, domain: 'florin', metadata },
  });
});

describe('what a refusal says', () => {
  test('names the field in ErrorInfo, and in BadRequest where the request is at fault', () => {
    const bad = told(new BadField('freshness.min_seq', 'INVALID_VALUE'));
    expect(bad.info).toMatchObject({ reason: 'MALFORMED_REQUEST', metadata: { field: 'freshness.min_seq' } });
    expect(bad.badRequest).toMatchObject({
      fieldViolations: [{ field: 'freshness.min_seq', reason: 'INVALID_VALUE' }],
    });
    const absent = told(new CallRefused('NOT_FOUND', { field: 'account' }));
    expect(absent.info).toMatchObject({ metadata: { field: 'account' } });
    expect(absent.badRequest).toBeUndefined();
  });

  test('has RetryInfo where waiting helps: as long as the refusal says, else a default', () => {
    const wait = create(RetryInfoSchema, { retryDelay: { seconds: 2n, nanos: 500_000_000 } });
    expect(told(new CallRefused('OVERLOADED', { retryAfterMs: 2_500 })).retry).toEqual(wait);
    expect(told(new CallRefused('OVERLOADED')).retry).toMatchObject({ retryDelay: { nanos: 100_000_000 } });
    expect(told(new CallRefused('NOT_FOUND')).retry).toBeUndefined();
    expect(told(new CallRefused('BATCH_SIZE')).retry).toBeUndefined();
  });

  test('survives a name that is no valid Unicode', () => {
    expect(() =>
      encodeURI(failureOf(new CallRefused('BOOK_NOT_FOUND', { message: '\ud800' })).message),
    ).not.toThrow();
  });
});

test('an open outcome is UNAVAILABLE, and never a failure', () => {
  expect(told(new Uncertain('connection reset by 10.0.0.7'))).toMatchObject({
    code: Code.UNAVAILABLE,
    message: REFUSALS.OUTCOME_UNKNOWN.text,
    info: { reason: 'OUTCOME_UNKNOWN' },
  });
});

test('of an unknown error nothing leaks', () => {
  const error = new Error('password "hunter2" for role florin');
  expect(failureOf(error).isDefect).toBe(true);
  expect(
    JSON.stringify(told(error), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toContain('hunter2');
  expect(told(error)).toMatchObject({ code: Code.INTERNAL, info: { reason: 'INTERNAL' } });
  expect(failureOf('a string').isDefect).toBe(true);
});

test('a caller that has gone is no defect', () => {
  expect(failureOf(new CallerGone())).toMatchObject({ code: Code.CANCELLED, isDefect: false });
});

test.each([
  ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
  ['a server that shuts down', Object.assign(new Error('terminating'), { code: '57P01' })],
  ['one that starts up', Object.assign(new Error('starting'), { code: '57P03' })],
  ['no connection left', Object.assign(new Error('too many clients'), { code: '53300' })],
  ['a lost connection', new Error('Connection terminated unexpectedly')],
  ['a pool that could not connect', new Error('timeout exceeded when trying to connect')],
  ['both addresses of a name', new AggregateError([Object.assign(new Error('a'), { code: 'ECONNREFUSED' })])],
  ['no host that takes writes', Object.assign(new Error('none'), { name: 'NoWritableHost' })],
])('%s is no defect: the caller may come again', (_what, error) => {
  expect(failureOf(error)).toMatchObject({ reason: 'DATABASE_UNAVAILABLE', isDefect: false });
  expect(told(error)).toMatchObject({ code: Code.UNAVAILABLE, retry: expect.anything() as unknown });
});

test.each([
  ['a query that is wrong', Object.assign(new Error('syntax error'), { code: '42601' })],
  ['a duplicate key', Object.assign(new Error('duplicate'), { code: '23505' })],
])('%s is a defect, and nothing of it leaks', (_what, error) => {
  expect(failureOf(error)).toMatchObject({ reason: 'INTERNAL', isDefect: true });
});
