import { WITH_SIMULATOR } from '../core/coreProcess.ts';
import { Arrivals } from '../load/arrivals.ts';
import { forMs, type Section } from '../load/callers.ts';
import { openMerchants } from '../load/merchants.ts';
import { PaymentLoad } from '../load/payments.ts';
import { median } from '../measure/median.ts';
import { PaymentBooks } from '../measure/paymentBooks.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, USUAL } from './ground.ts';
import { type Measured, measured, rateOf, underProjection } from './rounds.ts';

/** Payments under way in the closed loop: enough that the core is never without work, and batches are worth a block. */
const CALLERS = 256;
export const MERCHANTS = 100;
/** Of what the closed loop reached, where latency counts: a system at its limit has queues and nothing else. */
const SHARE_OF_MOST = 0.7;
/** The open loop runs for as long as so many rounds. */
const OPEN_ROUNDS = 2;
const SETTLE_LIMIT_MS = 120_000;

async function closedRounds(ground: Ground, load: PaymentLoad): Promise<Measured[]> {
  const { sizes, tell } = ground;
  await load.closed(CALLERS, forMs(sizes.warmUpMs));
  const sections: Measured[] = [];
  for (let round = 1; round <= sizes.rounds; round++) {
    const section = await measured(ground, () => load.closed(CALLERS, forMs(sizes.roundMs)));
    sections.push(section);
    tell(`round ${round}: ${figure(rateOf(section))} payments/s`);
  }
  return sections;
}

async function openLoop(
  { draw, sizes, tell }: Ground,
  load: PaymentLoad,
  perSecond: number,
): Promise<Section> {
  const arrivals = new Arrivals({ draw, perSecond, forMs: sizes.roundMs * OPEN_ROUNDS });
  const section = await load.open(arrivals);
  const [p50, p99] = [section.latencies.percentile(0.5), section.latencies.percentile(0.99)];
  tell(`${figure(perSecond)} arrivals/s: p50 ${figure(p50)} ms, p99 ${figure(p99)} ms`);
  return section;
}

/** Waits until nothing is open, and compares the provider's books with ours. */
export async function mismatchesOf({ core, tell }: Ground): Promise<number> {
  await core.operations.caughtUp();
  const books = await PaymentBooks.open(core.databaseUrl);
  try {
    await books.untilSettled({ limitMs: SETTLE_LIMIT_MS });
    await core.operations.caughtUp();
    const mismatches = await books.mismatches(core.simulator.report());
    tell(`the provider's books and ours differ in ${mismatches} places`);
    return mismatches;
  } finally {
    await books.close();
  }
}

/** CPU time of each process, milliseconds a payment, over these sections. */
function cpuAPayment(sections: readonly Measured[]) {
  const sum = (of: (section: Measured) => number): number => sections.reduce((all, one) => all + of(one), 0);
  const payments = sum((one) => one.booked);
  return {
    core_cpu_ms_per_payment: sum((one) => one.coreMs) / payments,
    simulator_cpu_ms_per_payment: sum((one) => one.simulatorMs) / payments,
    postgres_cpu_ms_per_payment: sum((one) => one.postgresMs) / payments,
    load_cpu_ms_per_payment: sum((one) => one.generatorMs) / payments,
  };
}

export const payments: Scenario = {
  name: 'payments',
  about: 'create, confirm and capture at a provider: as fast as it goes, then arrivals at 70% of that',
  projection: 'ran',
  // Payments go a long way through code of five processes, which is compiled for good only after tens of thousands.
  sizes: { ...USUAL, warmUpMs: 10_000 },
  env: WITH_SIMULATOR,
  run: async (ground) => {
    const { client, core, book, draw } = ground;
    const merchants = await openMerchants(client, { book, merchants: MERCHANTS });
    const load = new PaymentLoad({ client, book, merchants, draw });
    const found = await underProjection(ground, async () => {
      const sections = await closedRounds(ground, load);
      const most = median(sections.map(rateOf));
      return { sections, most, open: await openLoop(ground, load, most * SHARE_OF_MOST) };
    });
    const { sections, most, open } = found;
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => open.latencies.percentile(share));
    const mismatches = await mismatchesOf(ground);
    return {
      scenario: 'payments',
      figures: {
        payments_per_s: most,
        p50_ms: p50,
        p95_ms: p95,
        p99_ms: p99,
        mismatches,
        rss_bytes: core.peakBytes(),
        ...cpuAPayment(sections),
        projection: ground.projection,
        lag_events_start: found.lagStart,
        lag_events_end: found.lagEnd,
        catch_up_s: found.catchUpSeconds,
        rounds: sections.map(rateOf),
        arrivals_per_s: most * SHARE_OF_MOST,
        arrivals: open.booked,
        turned_away: [...sections, open].reduce((sum, one) => sum + one.turnedAway, 0),
      },
      bars: [
        { what: 'payments a second', value: most, least: 1_500 },
        { what: 'p95 of a payment at 70%, ms', value: p95, most: 100 },
        { what: 'p99 of a payment at 70%, ms', value: p99, most: 200 },
        { what: "differences between the provider's books and ours", value: mismatches, most: 0 },
      ],
    };
  },
};
