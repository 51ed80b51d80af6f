// Authorised, captured in part, refunded in part: three requests a payment.
import { check } from 'k6';
import { asked, payment, post, RIGHT, stages } from './edge.js';

export const options = {
  scenarios: stages(asked),
  thresholds: RIGHT,
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
};

export default function () {
  const created = post(
    '/v1/payment_intents',
    payment({ amount: 1_000, capture_method: 'manual' }),
    'authorise',
  );
  const id = created.json('id');
  const captured = post(`/v1/payment_intents/${id}/capture`, { amount_to_capture: 900 }, 'capture');
  const refunded = post('/v1/refunds', { payment_intent: id, amount: 100 }, 'refund');
  check(captured, { captured: ({ body }) => body.includes('"amount_received":900') });
  check(refunded, { refunded: ({ status }) => status === 200 });
}
