import { setTimeout as sleep } from 'node:timers/promises';
import { WITH_SIMULATOR } from '../core/coreProcess.ts';
import type { PaymentLoad } from '../load/payments.ts';
import { PaymentIntentState } from '../../gen/florin/payments/v1/payments_pb.ts';
import { nowMs } from '../measure/clock.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, USUAL } from './ground.ts';
import { agreementBar, inBatches, mismatchesOf, paymentLoad, withBooks } from './paymentsGround.ts';

/**
 * Of the answers so many get lost: below the half at which the circuit breaker holds calls back, so that outcomes go on
 * becoming unknown, and questions about them are not answered at all.
 */
const LOST_SHARE = 0.4;
/** Payments that go well first: the breaker looks back ten seconds, and must not open on the first dozen calls. */
const WELL_FIRST = 2_000;
const BATCH = 250;
const UNDER_WAY = 4;
/** Calls that the provider has not seen yet: new payments wait for it above this. */
const AHEAD_MAX = 4_000;
const POLL_MS = 250;
const RESOLVE_LIMIT_MS = 900_000;

/** Makes payments until so many outcomes are unknown; how many there are. */
async function makeUnknown(ground: Ground, load: PaymentLoad, count: number): Promise<number> {
  const { core, tell } = ground;
  const wellFirst = Math.min(WELL_FIRST, count);
  const batches = { most: BATCH, underWay: UNDER_WAY };
  const well = { state: PaymentIntentState.SUCCEEDED };
  await inBatches(wellFirst, batches, (some) => load.batch(some, { confirm: true }, well));
  await core.simulator.countTraffic({ timesKept: 0 });
  await core.simulator.setFaults({ lost_reply: LOST_SHARE, queries_down: true });
  return withBooks(ground, async (books) => {
    let made = 0;
    for (let unknown = 0; unknown < count; unknown = await books.waiting()) {
      const more = Math.ceil((count - unknown) / LOST_SHARE) + BATCH;
      await inBatches(more, batches, async (some) => {
        made += some;
        await core.simulator.untilAsked(made - AHEAD_MAX);
        await load.batch(some, { confirm: true });
      });
      await core.simulator.untilAsked(made);
      await core.operations.caughtUp();
    }
    const unknown = await books.waiting();
    tell(`of ${figure(made)} payments ${figure(unknown)} outcomes are unknown`);
    return unknown;
  });
}

/** Seconds until no outcome is unknown. */
async function untilResolved(ground: Ground): Promise<number> {
  const began = nowMs();
  return withBooks(ground, async (books) => {
    let toldAt = began;
    for (let waiting = await books.waiting(); waiting > 0; waiting = await books.waiting()) {
      const now = nowMs();
      if (now - began > RESOLVE_LIMIT_MS) throw new Error(`${waiting} outcomes stay unknown`);
      if (now - toldAt > 10_000) {
        ground.tell(`${figure((now - began) / 1_000)} s: ${figure(waiting)} are unknown`);
        toldAt = now;
      }
      await sleep(POLL_MS);
    }
    return (nowMs() - began) / 1_000;
  });
}

export const paymentsOutage: Scenario = {
  name: 'payments-outage',
  about: 'answers of the provider get lost until 100,000 outcomes are unknown, then until all are resolved',
  projection: 'ran',
  sizes: { ...USUAL, payments: 100_000 },
  env: WITH_SIMULATOR,
  run: async (ground) => {
    const { core, sizes } = ground;
    const load = await paymentLoad(ground);
    const began = nowMs();
    const unknown = await makeUnknown(ground, load, sizes.payments);
    const outageSeconds = (nowMs() - began) / 1_000;
    await core.simulator.countTraffic({ timesKept: 0 });
    await core.simulator.setFaults({});
    const resolvedSeconds = await untilResolved(ground);
    const { requests } = await core.simulator.traffic();
    const calls = Object.values(requests).reduce((sum, count) => sum + count, 0);
    const mismatches = await mismatchesOf(ground);
    return {
      scenario: 'payments-outage',
      figures: {
        resolved_s: resolvedSeconds,
        unknown,
        outage_s: outageSeconds,
        provider_calls: calls,
        provider_calls_per_unknown: calls / unknown,
        mismatches,
        rss_bytes: core.peakBytes(),
      },
      bars: [
        { what: 'seconds until all are resolved', value: resolvedSeconds, most: 300 },
        { what: 'calls to the provider for each', value: calls / unknown, most: 2 },
        agreementBar(mismatches),
      ],
    };
  },
};
