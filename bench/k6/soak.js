// The mix of a day for long, at half of what the machine takes: memory and latencies stay where they were.
import { asked, stages, TREND } from './asked.js';
import { bars } from './edge.js';

export { default, setup } from './mixed.js';

const RATE = 400;

export const options = {
  scenarios: stages({ ...asked, rate: asked.rate || RATE }),
  thresholds: bars({
    closed: { http_req_duration: ['p(95)<100', 'p(99)<200'] },
    open: { http_req_duration: ['p(95)<100', 'p(99)<200'] },
  }),
  setupTimeout: '120s',
  summaryTrendStats: TREND,
};
