import { WITH_SIMULATOR } from '../core/coreProcess.ts';
import type { PaymentLoad } from '../load/payments.ts';
import { CaptureMethod, PaymentIntentState } from '../../gen/florin/payments/v1/payments_pb.ts';
import { nowMs } from '../measure/clock.ts';
import { figure } from '../report/table.ts';
import { type Ground, type Scenario, USUAL } from './ground.ts';
import { agreementBar, inBatches, mismatchesOf, paymentLoad, withBooks } from './paymentsGround.ts';

/** Of the open payments so many again are due within seconds of each kill: their provider's answer got lost. */
const DUE_SOON_SHARE = 0.01;
/** Before them so many times as many go well: else the circuit breaker, which has just begun to count, holds calls back. */
const WELL_FIRST = 3;
const BATCH = 500;
const UNDER_WAY = 4;
/** An unknown outcome is asked about after 5 s, and a second time 30 s later. */
const FIRE_LIMIT_MS = 60_000;

const BATCHES = { most: BATCH, underWay: UNDER_WAY };
const AUTHORIZED = { captureMethod: CaptureMethod.MANUAL, confirm: true };

/** Half waits to be confirmed, half is authorised and waits to be captured: each has a moment at which it expires. */
async function openPayments(load: PaymentLoad, count: number): Promise<void> {
  const waiting = Math.floor(count / 2);
  await inBatches(waiting, BATCHES, (some) => load.batch(some, {}));
  await authorizeWell(load, count - waiting);
}

function authorizeWell(load: PaymentLoad, count: number): Promise<void> {
  return inBatches(count, BATCHES, (some) =>
    load.batch(some, AUTHORIZED, { state: PaymentIntentState.REQUIRES_CAPTURE }),
  );
}

interface Crash {
  readonly lagEvents: number;
  readonly readySeconds: number;
  /** Which came to their end by themselves after the start. */
  readonly fired: number;
  readonly firedSeconds: number;
}

/** Makes payments whose outcome is unknown, kills the core while they are, starts it again, and sees them resolved. */
async function crash(ground: Ground, load: PaymentLoad, dueSoon: number): Promise<Crash> {
  const { core, tell } = ground;
  await authorizeWell(load, dueSoon * WELL_FIRST);
  await core.simulator.countTraffic({ timesKept: 0 });
  await core.simulator.setFaults({ lost_reply: 1 });
  await inBatches(dueSoon, { most: BATCH, underWay: 1 }, (some) => load.batch(some, AUTHORIZED));
  await core.simulator.untilAsked(dueSoon);
  const { events: lagEvents } = await core.operations.lag();
  // The simulator ends with the core that has started it, and comes back without faults.
  await core.kill();
  const readySeconds = await core.startAgain();
  const began = nowMs();
  await core.operations.caughtUp();
  return withBooks(ground, async (books) => {
    await books.untilSettled({ limitMs: FIRE_LIMIT_MS });
    const firedSeconds = (nowMs() - began) / 1_000;
    // The simulator has counted since its own start.
    const fired = (await core.simulator.traffic()).requests.query ?? 0;
    tell(
      `killed ${figure(lagEvents)} events behind: ready in ${figure(readySeconds)} s, ${figure(fired)} unknown outcomes resolved by ${figure(firedSeconds)} s`,
    );
    return { lagEvents, readySeconds, fired, firedSeconds };
  });
}

export const paymentsRestart: Scenario = {
  name: 'payments-restart',
  about: 'kill -9 of the core with 100,000 open payments, until it is ready and every timer is in place',
  projection: 'ran',
  sizes: { ...USUAL, payments: 100_000 },
  env: WITH_SIMULATOR,
  run: async (ground) => {
    const { core, book, sizes, tell } = ground;
    const load = await paymentLoad(ground);
    await openPayments(load, sizes.payments);
    tell(`${figure(sizes.payments)} payments are open`);
    const dueSoon = Math.ceil(sizes.payments * DUE_SOON_SHARE);
    const crashes: Crash[] = [];
    for (let round = 0; round < sizes.rounds; round++) crashes.push(await crash(ground, load, dueSoon));
    await core.operations.caughtUp();
    // What was resolved is authorised, and expires as the others do.
    const timersBefore = sizes.payments + sizes.rounds * dueSoon * (1 + WELL_FIRST);
    const timersAfter = await withBooks(ground, (books) => books.expiring(book));
    const ready = crashes.map(({ readySeconds }) => readySeconds);
    const mismatches = await mismatchesOf(ground);
    return {
      scenario: 'payments-restart',
      figures: {
        ready_s: Math.max(...ready),
        ready_s_each: ready,
        open_payments: sizes.payments,
        timers_before: timersBefore,
        timers_after: timersAfter,
        fired: crashes.map(({ fired }) => fired),
        fired_within_s: crashes.map(({ firedSeconds }) => firedSeconds),
        lag_events_at_kill: crashes.map(({ lagEvents }) => lagEvents),
        mismatches,
        rss_bytes: core.peakBytes(),
      },
      bars: [
        { what: 'seconds until ready, the longest', value: Math.max(...ready), most: 5 },
        {
          what: 'timers that were lost',
          value: Math.abs(timersBefore - timersAfter),
          most: 0,
          atAnySize: true,
        },
        {
          what: 'unknown outcomes found after a kill, the fewest',
          value: Math.min(...crashes.map(({ fired }) => fired)),
          least: 1,
        },
        agreementBar(mismatches),
      ],
    };
  },
};
