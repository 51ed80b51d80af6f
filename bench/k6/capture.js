// Authorised, then captured in part: two requests a payment.
import { check } from 'k6';
import { stages, TREND } from './asked.js';
import { bars, payment, post } from './edge.js';

export const options = {
  scenarios: stages(),
  thresholds: bars({ open: { http_req_duration: ['p(95)<100', 'p(99)<200'] } }),
  summaryTrendStats: TREND,
};

export default function () {
  const manual = payment({ amount: 1_000, capture_method: 'manual' });
  const authorised = post('/v1/payment_intents', manual, 'authorise');
  const path = `/v1/payment_intents/${authorised.json('id')}/capture`;
  const captured = post(path, { amount_to_capture: 900 }, 'capture');
  check(captured, { captured: ({ body }) => body.includes('"amount_received":900') });
}
