// Created, then confirmed until it has succeeded: two requests a payment.
import { check } from 'k6';
import { stages, TREND } from './asked.js';
import { bars, isSucceeded, payment, post } from './edge.js';

export const options = {
  scenarios: stages(),
  thresholds: bars({ open: { iteration_duration: ['p(95)<100', 'p(99)<200'] } }),
  summaryTrendStats: TREND,
};

export default function () {
  const created = post('/v1/payment_intents', payment({ confirm: false }), 'create');
  const confirmed = post(`/v1/payment_intents/${created.json('id')}/confirm`, {}, 'confirm');
  check(confirmed, { succeeded: isSucceeded });
}
