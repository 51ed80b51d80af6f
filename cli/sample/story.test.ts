import { expect, test } from 'vitest';
import { ORDERS, paymentId, SHOWN_ORDER, stepId } from './story.ts';

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
