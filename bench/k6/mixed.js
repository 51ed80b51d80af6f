// What a day is made of: mostly looking, payments, some captured later, some refunded, some declined.
import { check } from 'k6';
import { stages, TREND } from './asked.js';
import { bars, get, isSucceeded, oneOf, payment, payments, post } from './edge.js';

const PAYMENTS = 200;

export const options = {
  scenarios: stages(),
  thresholds: bars({ open: { http_req_duration: ['p(95)<100', 'p(99)<200'] } }),
  setupTimeout: '120s',
  summaryTrendStats: TREND,
};

export const setup = () => payments(PAYMENTS, {});

const isThere = ({ status }) => status === 200;

/** Of a hundred so many; the rest looks at a payment. */
const MOVES = [
  [25, () => check(post('/v1/payment_intents', payment(), 'create and confirm'), { succeeded: isSucceeded })],
  [8, captureLater],
  [4, refund],
  [3, decline],
  [5, () => check(get('/v1/payment_intents?limit=20', 'list'), { listed: isThere })],
  [5, () => check(get('/v1/balance', 'balance'), { balance: isThere })],
];

function captureLater() {
  const { id } = post('/v1/payment_intents', payment({ capture_method: 'manual' }), 'authorise').json();
  check(post(`/v1/payment_intents/${id}/capture`, {}, 'capture'), { captured: isSucceeded });
}

function refund() {
  const { id } = post('/v1/payment_intents', payment(), 'create and confirm').json();
  check(post('/v1/refunds', { payment_intent: id, amount: 50 }, 'refund'), { refunded: isThere });
}

/** A card that is declined is no failure of ours. */
function decline() {
  const declined = payment({ payment_method: 'pm_card_chargeDeclined', confirm: false });
  const { id } = post('/v1/payment_intents', declined, 'create').json();
  const answer = post(`/v1/payment_intents/${id}/confirm`, {}, 'confirm, declined', [402, 409]);
  // After fifteen the card is not tried again, as card networks want it.
  check(answer, { declined: ({ body }) => /card_(declined|tries_exhausted)/.test(body) });
}

export default function (ids) {
  let drawn = Math.random() * 100;
  for (const [share, move] of MOVES) {
    drawn -= share;
    if (drawn < 0) return move();
  }
  check(get(`/v1/payment_intents/${oneOf(ids)}`, 'retrieve'), { there: isThere });
}
