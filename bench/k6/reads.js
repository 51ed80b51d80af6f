// One of a thousand payments, read as it stands.
import { check } from 'k6';
import { atLeast, stages, TREND } from './asked.js';
import { bars, get, oneOf, payments } from './edge.js';

const PAYMENTS = 1_000;
const ANSWERED = { 'http_req_duration{name:retrieve}': ['p(99)<20'] };

export const options = {
  scenarios: stages(),
  thresholds: bars({ closed: { ...ANSWERED, iterations: [atLeast(8_000)] }, open: ANSWERED }),
  setupTimeout: '120s',
  summaryTrendStats: TREND,
};

export const setup = () => payments(PAYMENTS, { confirm: false });

export default function (ids) {
  const answer = get(`/v1/payment_intents/${oneOf(ids)}`, 'retrieve');
  check(answer, { there: ({ status }) => status === 200 });
}
