// What the scenarios over REST share. Settings come from the environment: EDGE, KEYS, and what a scenario asks for besides.
import http from 'k6/http';
import { asked } from './asked.js';

const KEYS = __ENV.KEYS.split(',');
/** Of this caller: the keys are shared out among all. */
const headers = () => ({
  authorization: `Bearer ${KEYS[__VU % KEYS.length]}`,
  'content-type': 'application/json',
});

/** One for each thing that is to be done once, over all runs. */
function idempotencyKey() {
  return `${Date.now()}-${Math.random()}-${Math.random()}`;
}

/** Every answer is right, and there were some: thresholds of nothing are kept. */
export const RIGHT = { checks: ['rate==1'], http_req_failed: ['rate==0'], iterations: ['count>100'] };

/** `refusals`: statuses that are as good as 200. */
export function post(path, body, name, refusals = []) {
  return http.post(`${__ENV.EDGE}${path}`, JSON.stringify(body), {
    headers: { ...headers(), 'idempotency-key': idempotencyKey() },
    tags: { name },
    ...(refusals.length > 0 ? { responseCallback: http.expectedStatuses(200, ...refusals) } : {}),
  });
}

export function get(path, name) {
  return http.get(`${__ENV.EDGE}${path}`, { headers: headers(), tags: { name } });
}

export const payment = (more) => ({
  amount: 100 + Math.floor(Math.random() * 50_000),
  currency: 'eur',
  payment_method: 'pm_card_visa',
  confirm: true,
  ...more,
});

export const isSucceeded = ({ status, body }) => status === 200 && body.includes('"status":"succeeded"');

/** Payments that are there before anything is measured; their ids. */
export function payments(count, more) {
  return Array.from({ length: count }, () => post('/v1/payment_intents', payment(more), 'set up').json('id'));
}

export const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

/** The bars of a scenario: how fast it is where callers are never idle, how long it takes where payments arrive. */
export function bars({ closed = {}, open = {} }) {
  if (!asked.isMeasured) return {};
  return { ...RIGHT, ...(asked.rate > 0 ? open : closed) };
}
