import { expect, test } from 'vitest';
import { type PastAnswer, recall, type ReadAnswers } from './recall.ts';
import { PART_MS, PARTS, Standings } from './standings.ts';

const NOW_US = 1_768_478_400_000_000;
const ABOUT = {
  amount: 10_000n,
  currency: 'EUR',
  method: { type: 'card', token: 'tok' },
  brand: '',
  country: 'DE',
} as const;

const ANSWER: PastAnswer = {
  provider: 'north',
  method: 'card',
  currency: 'EUR',
  kind: 'sale',
  state: 'succeeded',
  decline: '',
  detail: '',
  attempt: 0,
  tries: 1,
  tookMs: 100,
  bookedUs: NOW_US - 1,
};

async function recalled(...answers: Partial<PastAnswer>[]) {
  const north = new Standings({ cost: { ppm: 0, fixed: 0n }, nowMs: () => 1e9 });
  const read: ReadAnswers = ({ fromUs, untilUs }) =>
    Promise.resolve(
      answers
        .map((more) => ({ ...ANSWER, ...more }))
        .filter(({ bookedUs }) => bookedUs >= fromUs && bookedUs < untilUs),
    );
  await recall(new Map([['north', north]]), read, NOW_US);
  return north.standing(ABOUT);
}

test('nothing that was answered is nothing that is known', async () => {
  expect(await recalled()).toMatchObject({ sample: 0, authRate: 0.9, reliability: 1, latency: 0 });
});

test('first attempts that were authorised or declined make the rate of authorisation', async () => {
  const declined = { state: 'failed', decline: 'do_not_honor' } as const;
  const standing = await recalled({}, declined, declined, { bookedUs: NOW_US - 500e6 });
  expect(standing).toMatchObject({ sample: 4, authRate: 20 / 24, reliability: 1 });
});

test.each<[string, Partial<PastAnswer>]>([
  ['of a further attempt', { attempt: 1 }],
  ['of a capture', { kind: 'capture' }],
  ['of a question', { tries: 2 }],
  ['of a payer who is asked for something', { state: 'requires_action' }],
  ['of another method', { method: 'wallet' }],
  ['of another provider', { provider: 'south' }],
  ['of long ago', { bookedUs: NOW_US - PART_MS * PARTS * 1_000 - 1 }],
  ['that a void stands for', { state: 'failed' }],
  ['that is to come', { bookedUs: NOW_US }],
])('an answer %s says nothing about it', async (_, more) => {
  expect(await recalled(more)).toMatchObject({ sample: 0, authRate: 0.9 });
});

test('what proves nothing counts against reliability, unless the breaker held it back', async () => {
  const notSent = { state: 'not_sent' } as const;
  expect(await recalled({}, { state: 'unknown' }, notSent, { state: 'unknown', tries: 3 })).toMatchObject({
    reliability: 0.25,
  });
  expect(
    await recalled(
      {},
      { ...notSent, detail: 'its circuit breaker is open' },
      { ...notSent, detail: 'refused' },
    ),
  ).toMatchObject({ reliability: 0.5 });
});

test('the newest come first, and of too many the oldest are left out', async () => {
  const windows: { untilUs: number; limit: number }[] = [];
  const many = Array.from({ length: 12_000 }, () => ANSWER);
  const read: ReadAnswers = ({ untilUs, limit }) => {
    windows.push({ untilUs, limit });
    return Promise.resolve(many.slice(0, limit));
  };
  expect(await recall(new Map(), read, NOW_US)).toBe(20_000);
  expect(windows).toEqual([
    { untilUs: NOW_US, limit: 20_000 },
    { untilUs: NOW_US - PART_MS * 1_000, limit: 8_000 },
  ]);
});
