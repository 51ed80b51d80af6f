// What a spike is: what is too much is turned away and told when to come again, and five seconds after it all is as it was.
import { check } from 'k6';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { asked, measured, TREND } from './asked.js';
import { isSucceeded, payment, post } from './edge.js';

const TIMES = 5;
const RECOVERY_S = 5;
/** Of a whole run: a third before, the spike as long as asked for, a third after. */
const aroundS = Math.ceil(asked.seconds / 3);

/** Payments arrive, however the ones before fare; nobody makes up for those that no caller was left for. */
const arriving = (phase, rate, startS, seconds) => ({
  executor: 'constant-arrival-rate',
  rate,
  timeUnit: '1s',
  startTime: `${startS}s`,
  duration: `${seconds}s`,
  preAllocatedVUs: rate,
  maxVUs: rate * 2,
  tags: { phase },
});

const TURNED_AWAY = [429, 503];
http.setResponseCallback(http.expectedStatuses(200, ...TURNED_AWAY));

export const spikeOf = (rate) => ({
  scenarios: {
    before: arriving('before', rate, 0, aroundS),
    spike: arriving('spike', rate * TIMES, aroundS, asked.seconds),
    recovering: arriving('recovering', rate, aroundS + asked.seconds, RECOVERY_S),
    after: arriving('after', rate, aroundS + asked.seconds + RECOVERY_S, aroundS),
  },
  thresholds: measured({
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    'checks{phase:after}': ['rate==1'],
    'http_req_duration{phase:before}': ['p(95)<100', 'p(99)<200'],
    'http_req_duration{phase:spike}': ['p(99)<10000'],
    'http_req_duration{phase:after}': ['p(95)<100', 'p(99)<200'],
    'turned_away{phase:before}': ['count==0'],
    'turned_away{phase:spike}': ['count>0'],
    'turned_away{phase:after}': ['count==0'],
  }),
  summaryTrendStats: TREND,
});

const turnedAway = new Counter('turned_away');

export function spiking() {
  const answer = post('/v1/payment_intents', payment(), 'create and confirm');
  if (TURNED_AWAY.includes(answer.status)) {
    turnedAway.add(1);
    check(answer, { 'told when to come again': ({ headers }) => Number(headers['Retry-After']) >= 1 });
  } else check(answer, { succeeded: isSucceeded });
}
