import { Floor } from '../baselines/floor.ts';
import { PlainWay } from '../baselines/plainWay.ts';
import { type Section, type Until, forMs } from '../load/callers.ts';
import { machineUs, nowMs } from '../measure/clock.ts';
import { Latencies } from '../measure/latencies.ts';
import { median } from '../measure/median.ts';
import type { Bar, LedgerResult } from '../report/result.ts';
import { figure } from '../report/table.ts';
import type { Ground } from './ground.ts';

/** Something that puts load on the core until it is told to end. */
export interface Load {
  run(until: Until): Promise<Section>;
}

/** A section with what it cost. */
export interface Measured extends Section {
  readonly coreMs: number;
  readonly postgresMs: number;
  readonly simulatorMs: number;
  readonly generatorMs: number;
  /** All that went by, the wait for the last answer included. */
  readonly wallMs: number;
}

const generatorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};

/** Runs one section and reads the CPU time of all processes around it. */
export async function measured({ core }: Ground, run: () => Promise<Section>): Promise<Measured> {
  const before = { ...core.cpu(), generatorMs: generatorMs(), at: nowMs() };
  const fromUs = machineUs();
  const section = await run();
  core.loadWindows.push({ fromUs, toUs: machineUs() });
  const after = { ...core.cpu(), generatorMs: generatorMs(), at: nowMs() };
  return {
    ...section,
    coreMs: after.coreMs - before.coreMs,
    postgresMs: after.postgresMs - before.postgresMs,
    simulatorMs: after.simulatorMs - before.simulatorMs,
    generatorMs: after.generatorMs - before.generatorMs,
    wallMs: after.at - before.at,
  };
}

/** The core's rate of one section. */
export function rateOf({ booked, seconds }: Section): number {
  return booked / seconds;
}

export interface RoundsResult {
  readonly sections: readonly Measured[];
  readonly floors: readonly number[];
  readonly lagStart: number;
  readonly lagEnd: number;
  readonly catchUpSeconds: number;
}

/** Pauses the read models where the run asks for that, from when they hold everything until `body` has ended. */
export async function underProjection<T>(
  { core: { operations }, projection }: Ground,
  body: () => Promise<T>,
): Promise<T & { lagStart: number; lagEnd: number; catchUpSeconds: number }> {
  await operations.caughtUp();
  if (projection === 'deferred') await operations.projection('pause');
  const lagStart = (await operations.lag()).events;
  try {
    const found = await body();
    const lagEnd = (await operations.lag()).events;
    if (projection === 'deferred') await operations.projection('resume');
    const catchUpSeconds = await operations.caughtUp();
    return { ...found, lagStart, lagEnd, catchUpSeconds };
  } catch (error) {
    if (projection === 'deferred') await operations.projection('resume').catch(() => undefined);
    throw error;
  }
}

/** Warm-up, then rounds of load, and after each the floor with the blocks that the round has written. */
export async function rounds(ground: Ground, load: Load): Promise<RoundsResult> {
  const { core, sizes, tell } = ground;
  const floor = await Floor.open(core.databaseUrl);
  try {
    return await underProjection(ground, async () => {
      await load.run(forMs(sizes.warmUpMs));
      const sections: Measured[] = [];
      const floors: number[] = [];
      for (let round = 1; round <= sizes.rounds; round++) {
        const tips = await floor.tips();
        const section = await measured(ground, () => load.run(forMs(sizes.roundMs)));
        sections.push(section);
        // A projection that runs must not work against the floor.
        if (ground.projection === 'ran' && round < sizes.rounds) await core.operations.caughtUp();
        floors.push(await floor.measure(await floor.blocksSince(tips), sizes.floorMs));
        tell(`round ${round}: ${figure(rateOf(section))}/s, floor ${figure(floors[floors.length - 1])}/s`);
      }
      return { sections, floors };
    });
  } finally {
    await floor.close();
  }
}

/** Transfers a second of the plain way, in the same Postgres, while the core has nothing to do. */
export async function plainWay(
  { core, draw, sizes, tell }: Ground,
  { traffic }: { traffic: 'uniform' | 'hot' },
): Promise<number> {
  const plain = await PlainWay.open({
    url: core.databaseUrl,
    accounts: sizes.accounts,
    draw,
    isHot: traffic === 'hot',
  });
  try {
    const rate = await plain.measure(sizes.plainMs);
    tell(`the plain way, ${traffic}: ${figure(rate)}/s`);
    return rate;
  } finally {
    await plain.close();
  }
}

export interface Summary extends RoundsResult {
  readonly scenario: string;
  readonly plain: number | null;
  readonly rates?: readonly number[];
  readonly bars: (figures: {
    rate: number;
    toFloor: number;
    p99Ms: number;
    cpuUsACall: number;
  }) => readonly Bar[];
  readonly extra?: LedgerResult['extra'];
}

/** Puts a scenario's rounds together. */
export function resultOf({ core, projection }: Ground, summary: Summary): LedgerResult {
  const { scenario, sections, floors, plain } = summary;
  const rates = summary.rates ?? sections.map(rateOf);
  const rate = median(rates);
  const latencies = new Latencies();
  for (const section of sections) latencies.addAll(section.latencies);
  const sum = (of: (section: Measured) => number): number => sections.reduce((all, one) => all + of(one), 0);
  const calls = sum((one) => one.calls);
  const wallMs = sum((one) => one.wallMs);
  const toFloor =
    floors.length === 0 ? NaN : median(rates.map((one, i) => one / floors[Math.min(i, floors.length - 1)]));
  const cpuUsACall = (sum((one) => one.coreMs) * 1_000) / calls;
  const p99Ms = latencies.percentile(0.99);
  return {
    scenario,
    transfers_per_s: rate,
    p50_ms: latencies.percentile(0.5),
    p99_ms: p99Ms,
    floor_per_s: floors.length === 0 ? null : median(floors),
    plain_per_s: plain,
    rss_bytes: core.peakBytes(),
    ratio_to_floor: floors.length === 0 ? null : toFloor,
    ratio_to_plain: plain === null ? null : rate / plain,
    core_cpu_us_per_call: cpuUsACall,
    cores_used: {
      core: sum((one) => one.coreMs) / wallMs,
      postgres: sum((one) => one.postgresMs) / wallMs,
      load_generator: sum((one) => one.generatorMs) / wallMs,
    },
    projection,
    lag_events_start: summary.lagStart,
    lag_events_end: summary.lagEnd,
    catch_up_s: summary.catchUpSeconds,
    rounds: rates,
    transfers: sum((one) => one.booked),
    calls,
    turned_away: sum((one) => one.turnedAway),
    bars: summary.bars({ rate, toFloor, p99Ms, cpuUsACall }),
    extra: summary.extra ?? {},
  };
}
