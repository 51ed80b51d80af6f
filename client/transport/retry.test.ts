import { expect, test } from 'vitest';
import { CODE, type CodeName } from '../errors/codes.ts';
import { retryWaitMs } from './retry.ts';

const limits = { attemptsMax: 5, backoffMs: 100, backoffMsMax: 350 };
const standing = { attempts: 1, remainingMs: 10_000 };
const almostOne = () => 0.999_999;

const repeated: ReadonlySet<CodeName> = new Set([
  'CANCELLED',
  'UNKNOWN',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

test.each(Object.entries(CODE) as [CodeName, number][])(
  '%s is repeated only if it may pass',
  (name, code) => {
    const waitMs = retryWaitMs({ code, retryDelayMs: undefined }, standing, limits, () => 0);
    expect(waitMs).toBe(repeated.has(name) ? 0 : undefined);
  },
);

test('repeats a full core only if it says when to come back, and not before', () => {
  const full = { code: CODE.RESOURCE_EXHAUSTED, retryDelayMs: 700 };
  expect(retryWaitMs(full, standing, limits, () => 0)).toBe(700);
  expect(retryWaitMs(full, standing, limits, () => 0.5)).toBe(750);
  expect(retryWaitMs({ ...full, retryDelayMs: undefined }, standing, limits, () => 0)).toBeUndefined();
});

test('waits a random part of a span that doubles up to its bound', () => {
  const waits = [1, 2, 3, 4].map((attempts) =>
    retryWaitMs(
      { code: CODE.UNAVAILABLE, retryDelayMs: undefined },
      { ...standing, attempts },
      limits,
      almostOne,
    ),
  );
  expect(waits.map((waitMs) => Math.round(waitMs ?? NaN))).toEqual([100, 200, 350, 350]);
});

test('gives up after the last try, and where the wait would outlast the call', () => {
  const error = { code: CODE.UNAVAILABLE, retryDelayMs: undefined };
  expect(retryWaitMs(error, { attempts: 5, remainingMs: 10_000 }, limits, almostOne)).toBeUndefined();
  expect(retryWaitMs(error, { attempts: 1, remainingMs: 99 }, limits, almostOne)).toBeUndefined();
  expect(retryWaitMs(error, { attempts: 1, remainingMs: 101 }, limits, almostOne)).toBeDefined();
});
