// One of a thousand payments, read as it stands.
import { check } from 'k6';
import { asked, get, payment, post, RIGHT, stages } from './edge.js';

const PAYMENTS = 1_000;

export const options = {
  scenarios: stages(asked),
  thresholds: {
    ...RIGHT,
    ...(asked.rate > 0 ? { 'http_req_duration{name:retrieve}': ['p(99)<20'] } : {}),
  },
  setupTimeout: '120s',
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
};

export function setup() {
  return Array.from({ length: PAYMENTS }, () =>
    post('/v1/payment_intents', payment({ confirm: false }), 'create').json('id'),
  );
}

export default function (ids) {
  const answer = get(`/v1/payment_intents/${ids[Math.floor(Math.random() * ids.length)]}`, 'retrieve');
  check(answer, { there: ({ status }) => status === 200 });
}
