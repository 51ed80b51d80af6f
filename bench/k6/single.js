// Over gRPC to the core: one transfer a call.
import { check } from 'k6';
import { stages, TREND } from './asked.js';
import { book, BOOKED } from './ledger.js';

export { setup } from './ledger.js';

export const options = {
  scenarios: stages(),
  thresholds: BOOKED,
  summaryTrendStats: TREND,
  setupTimeout: '120s',
};

export default function () {
  check(book(1), { booked: (all) => all });
}
