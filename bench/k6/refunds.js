// Paid, then refunded in part, twice: three requests. The fees of a payment stay with its merchant, so something of each is left.
import { check } from 'k6';
import { stages, TREND } from './asked.js';
import { bars, payment, post } from './edge.js';

export const options = {
  scenarios: stages(),
  thresholds: bars({ open: { http_req_duration: ['p(95)<100', 'p(99)<200'] } }),
  summaryTrendStats: TREND,
};

const isRefunded = (amount) => (answer) =>
  answer.status === 200 && answer.json('status') === 'succeeded' && answer.json('amount') === amount;

export default function () {
  const id = post('/v1/payment_intents', payment({ amount: 1_000 }), 'create and confirm').json('id');
  check(post('/v1/refunds', { payment_intent: id, amount: 300 }, 'refund'), { 'in part': isRefunded(300) });
  check(post('/v1/refunds', { payment_intent: id, amount: 200 }, 'refund more'), { more: isRefunded(200) });
}
