// What the scenarios share. Settings come from the environment: EDGE, KEY, and what a scenario asks for besides.
import http from 'k6/http';

const HEADERS = { authorization: `Bearer ${__ENV.KEY}`, 'content-type': 'application/json' };

/** One for each thing that is to be done once, over all runs. */
function idempotencyKey() {
  return `${Date.now()}-${Math.random()}-${Math.random()}`;
}

/** Every answer is right, and there were some: thresholds of nothing are kept. */
export const RIGHT = { checks: ['rate==1'], http_req_failed: ['rate==0'], iterations: ['count>100'] };

export function post(path, body, name) {
  return http.post(`${__ENV.EDGE}${path}`, JSON.stringify(body), {
    headers: { ...HEADERS, 'idempotency-key': idempotencyKey() },
    tags: { name },
  });
}

export function get(path, name) {
  return http.get(`${__ENV.EDGE}${path}`, { headers: HEADERS, tags: { name } });
}

export const payment = (more) => ({
  amount: 100 + Math.floor(Math.random() * 50_000),
  currency: 'eur',
  payment_method: 'pm_card_visa',
  confirm: true,
  ...more,
});

/** As many as there are callers, then so many a second: where latency counts nobody is at the limit. */
export function stages({ rate, callers, seconds }) {
  return rate > 0
    ? {
        open: {
          executor: 'constant-arrival-rate',
          rate,
          timeUnit: '1s',
          duration: `${seconds}s`,
          preAllocatedVUs: callers,
          maxVUs: callers * 4,
        },
      }
    : { closed: { executor: 'constant-vus', vus: callers, duration: `${seconds}s` } };
}

export const asked = {
  rate: Number(__ENV.RATE || 0),
  callers: Number(__ENV.CALLERS || 128),
  seconds: Number(__ENV.SECONDS || 15),
};
