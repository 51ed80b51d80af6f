// A payment in one request, until it has succeeded.
import { check } from 'k6';
import { asked, payment, post, RIGHT, stages } from './edge.js';

export const options = {
  scenarios: stages(asked),
  thresholds: {
    ...RIGHT,
    ...(asked.rate > 0 ? { http_req_duration: ['p(95)<100', 'p(99)<200'] } : {}),
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
};

export default function () {
  const answer = post('/v1/payment_intents', payment(), 'create and confirm');
  check(answer, { succeeded: ({ status, body }) => status === 200 && body.includes('"status":"succeeded"') });
}
