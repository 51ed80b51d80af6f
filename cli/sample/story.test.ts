import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MERCHANTS, ORDERS, paymentId, SHOWN_ORDER, stepId } from './story.ts';

test('the story has every id once, and the same ones in every release', () => {
  const ids = ORDERS.flatMap(({ order, steps }) => [
    paymentId(order),
    ...steps.map((_, index) => stepId(order, index + 1)),
  ]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(paymentId(1001)).toBe('d446540c-13bc-854d-856f-8245c2c36bea');
  expect(paymentId(SHOWN_ORDER)).toBe('982b2253-c6ee-8cb4-ac73-b47be3af34ed');
});

test('the payment that the banner shows is captured in parts, and refunded', () => {
  const { steps } = ORDERS.find(({ order }) => order === SHOWN_ORDER)!;
  expect(steps.map((step) => step.do)).toEqual(['capture', 'capture', 'refund']);
});

test('the story is some forty payments', () => {
  expect(ORDERS.length).toBeGreaterThanOrEqual(36);
  expect(ORDERS.length).toBeLessThanOrEqual(44);
});

test('the merchant that the README names is there', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, named] = /"merchantId": "([^"]+)"/.exec(readme)!;
  expect(named).toBe(MERCHANTS.chairs.id);
});
