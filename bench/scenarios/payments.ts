import { WITH_SIMULATOR } from '../core/coreProcess.ts';
import { Arrivals } from '../load/arrivals.ts';
import type { Draw } from '../load/draw.ts';
import { forMs, type Section } from '../load/callers.ts';
import type { PaymentLoad } from '../load/payments.ts';
import { Latencies } from '../measure/latencies.ts';
import { median } from '../measure/median.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, USUAL } from './ground.ts';
import { agreementBar, mismatchesOf, paymentLoad } from './paymentsGround.ts';
import { type Measured, measured, rateOf, underProjection } from './rounds.ts';

/** Payments under way in the closed loop: enough that the core is never without work, and batches are worth a block. */
const CALLERS = 256;
/** Of what the closed loop reached, where latency counts: a system at its limit has queues and nothing else. */
const SHARE_OF_MOST = 0.7;
/** The open loop runs for as long as so many rounds. */
const OPEN_ROUNDS = 2;
/** The rate at which Florin's own time is measured. */
const OWN_PER_SECOND = 1_000;

interface OwnTimes {
  readonly own: Latencies;
  /** How late the load generator came to begin them. */
  readonly late: Latencies;
}

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
  { sizes, tell }: Ground,
  load: PaymentLoad,
  { draw, perSecond }: { draw: Draw; perSecond: number },
): Promise<Section> {
  const arrivals = new Arrivals({ draw, perSecond, forMs: sizes.roundMs * OPEN_ROUNDS });
  const section = await load.open(arrivals);
  const [p50, p99] = [section.latencies.percentile(0.5), section.latencies.percentile(0.99)];
  tell(`${figure(perSecond)} arrivals/s: p50 ${figure(p50)} ms, p99 ${figure(p99)} ms`);
  return section;
}

/** Florin's own time of payments, from when the client has the confirmation until the payment rests, without the provider's. */
async function ownTimes({ core, sizes, tell }: Ground, load: PaymentLoad, draw: Draw): Promise<OwnTimes> {
  const arrivals = new Arrivals({ draw, perSecond: OWN_PER_SECOND, forMs: sizes.roundMs });
  // More than will arrive: ten standard deviations of the count.
  const mean = (OWN_PER_SECOND * sizes.roundMs) / 1_000;
  const count = Math.ceil(mean + 10 * Math.sqrt(mean));
  const ids: string[] = [];
  const creating = async (): Promise<void> => {
    while (ids.length < count) ids.push(await load.create());
  };
  await Promise.all(Array.from({ length: CALLERS }, creating));
  // What those have left to do is no part of 1,000/s.
  await core.operations.caughtUp();
  await core.simulator.countTraffic({ timesKept: count });
  const times = await load.openConfirmations(arrivals, ids);
  const { timesMs } = await core.simulator.traffic();
  const [own, late] = [new Latencies(), new Latencies()];
  for (const [reference, { lateMs, tookMs }] of times) {
    const atProvider = timesMs.get(reference);
    if (atProvider === undefined) throw new Error(`the provider has no time of ${reference}`);
    own.add(tookMs - atProvider);
    late.add(lateMs);
  }
  const [p50, p99] = [own.percentile(0.5), own.percentile(0.99)];
  const lateP99 = figure(late.percentile(0.99));
  tell(
    `${OWN_PER_SECOND} confirmations/s without the provider: p50 ${figure(p50)} ms, p99 ${figure(p99)} ms`,
  );
  tell(`the load generator began them late by ${lateP99} ms at p99`);
  return { own, late };
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
    const { core } = ground;
    const load = await paymentLoad(ground);
    // Before anything is drawn by calls that run side by side: arrivals are those of the seed.
    const [draw, ownDraw] = [ground.draw.fork(), ground.draw.fork()];
    const found = await underProjection(ground, async () => {
      const sections = await closedRounds(ground, load);
      const most = median(sections.map(rateOf));
      const open = await openLoop(ground, load, { draw, perSecond: most * SHARE_OF_MOST });
      return { sections, most, open, ...(await ownTimes(ground, load, ownDraw)) };
    });
    const { sections, most, open, own, late } = found;
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => open.latencies.percentile(share));
    const ownP99 = own.percentile(0.99);
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
        own_p50_ms: own.percentile(0.5),
        own_p99_ms: ownP99,
        own_late_p99_ms: late.percentile(0.99),
        turned_away: [...sections, open].reduce((sum, one) => sum + one.turnedAway, 0),
      },
      bars: [
        { what: 'payments a second', value: most, least: 1_500 },
        { what: 'p95 of a payment at 70%, ms', value: p95, most: 100 },
        { what: 'p99 of a payment at 70%, ms', value: p99, most: 200 },
        { what: "p99 of Florin's own time at 1,000/s, ms", value: ownP99, most: 20 },
        agreementBar(mismatches),
      ],
    };
  },
};
