// Created, then confirmed until it has succeeded: two requests a payment.
import { check } from 'k6';
import { asked, payment, post, RIGHT, stages } from './edge.js';

export const options = {
  scenarios: stages(asked),
  thresholds: {
    ...RIGHT,
    ...(asked.rate > 0 ? { iteration_duration: ['p(95)<100', 'p(99)<200'] } : {}),
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
};

export default function () {
  const created = post('/v1/payment_intents', payment({ confirm: false }), 'create');
  const id = created.json('id');
  const confirmed = post(`/v1/payment_intents/${id}/confirm`, {}, 'confirm');
  check(confirmed, {
    succeeded: ({ status, body }) => status === 200 && body.includes('"status":"succeeded"'),
  });
}
