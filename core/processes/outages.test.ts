import { expect, test } from 'vitest';
import { Outages } from './outages.ts';

function started() {
  let now = 0;
  const outages = new Outages(['alpha'], { nowMs: () => now });
  const pass = (ms: number): void => void (now += ms);
  const answered = (): void => outages.note('alpha', { isAnswered: true });
  const unanswered = (): void => outages.note('alpha', { isAnswered: false });
  return { outages, pass, answered, unanswered, next: () => outages.next('alpha') };
}

/** Past the first look, which nobody knows anything for. */
function settled() {
  const one = started();
  one.answered();
  one.outages.caughtUp('alpha');
  return one;
}

test('after a start a provider is tried, and asked for everything once it answers', () => {
  const { next, answered, outages } = started();
  expect(next()).toBe('probe');
  answered();
  expect(next()).toBe('all');
  outages.caughtUp('alpha');
  expect(next()).toBeNull();
});

test('a single call that goes unanswered is no outage', () => {
  const { next, answered, unanswered, pass } = settled();
  unanswered();
  expect(next()).toBeNull();
  pass(9_999);
  answered();
  expect(next()).toBeNull();
  // Counted from the first one since it answered last.
  unanswered();
  pass(9_999);
  unanswered();
  expect(next()).toBeNull();
  pass(1);
  expect(next()).toBe('probe');
});

test('one that is away is tried each half minute, and asked for everything at its first answer', () => {
  const { next, answered, unanswered, pass } = settled();
  unanswered();
  pass(10_000);
  expect(next()).toBe('probe');
  expect(next()).toBeNull();
  pass(30_000);
  expect(next()).toBe('probe');
  answered();
  expect(next()).toBe('all');
  // Until it has been asked, or is silent again.
  expect(next()).toBe('all');
  unanswered();
  expect(next()).toBeNull();
});

test('a provider that is not configured is nobody’s', () => {
  const { outages } = settled();
  outages.note('beta', { isAnswered: false });
  expect(outages.next('beta')).toBeNull();
});
