// A payment in one request, until it has succeeded.
import { check } from 'k6';
import { atLeast, stages, TREND } from './asked.js';
import { bars, isSucceeded, payment, post } from './edge.js';

export const options = {
  scenarios: stages(),
  thresholds: bars({
    closed: { iterations: [atLeast(1_200)] },
    open: { http_req_duration: ['p(95)<100', 'p(99)<200'] },
  }),
  summaryTrendStats: TREND,
};

export default function () {
  check(post('/v1/payment_intents', payment(), 'create and confirm'), { succeeded: isSucceeded });
}
