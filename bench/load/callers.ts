import { nowMs } from '../measure/clock.ts';
import { Latencies } from '../measure/latencies.ts';
import { expectAllBooked } from './answers.ts';
import { BatchIds } from './batchIds.ts';
import type { Draw } from './draw.ts';
import { type CallFailed, isTurnedAway, type RawChannels } from './rawChannels.ts';
import { type Traffic, TransferBatch } from './transferBatch.ts';

/** A caller that was turned away, or that holds back, tries again after this long. */
const PAUSE_MS = 5;

export interface CallersOptions {
  readonly channels: RawChannels;
  readonly book: string;
  readonly traffic: Traffic;
  readonly draw: Draw;
  /** How many calls are under way at any moment. */
  readonly callers: number;
  /** Transfers a call. */
  readonly batch: number;
}

/** When one section of load ends, and what may hold it back. */
export interface Until {
  /** Asked before each call with the transfers that are booked so far. */
  readonly isOver: (booked: number) => boolean;
  /** True: no new call for now. */
  readonly mustWait?: () => boolean;
  /** The core is going to be killed: what fails then is no error of the run. */
  readonly mayFail?: () => boolean;
}

/** What a section of load came to. */
export interface Section {
  readonly booked: number;
  readonly calls: number;
  /** From the first call to the last answer. */
  readonly seconds: number;
  /** Of each call from its first try to its answer. */
  readonly latencies: Latencies;
  /** Calls that were refused for want of room and sent again, each time counted. */
  readonly turnedAway: number;
}

/** Two batches a caller in turn: the one that was answered last stays as it was sent, for a proof after a crash. */
interface Caller {
  readonly batches: readonly [TransferBatch, TransferBatch];
  turn: number;
  acknowledged: TransferBatch | undefined;
  inFlight: TransferBatch | undefined;
}

/** A fixed number of callers, each with one call under way: closed-loop load. */
export class Callers {
  readonly options: CallersOptions;
  readonly #callers: Caller[];
  readonly #ids = new BatchIds();

  constructor(options: CallersOptions) {
    this.options = options;
    const { book, batch: count, traffic } = options;
    const make = (): TransferBatch => new TransferBatch({ book, count, traffic });
    this.#callers = Array.from({ length: options.callers }, () => ({
      batches: [make(), make()],
      turn: 0,
      acknowledged: undefined,
      inFlight: undefined,
    }));
  }

  /** Requests that were answered, and those whose answer never came. */
  kept(): { acknowledged: Buffer[]; open: Buffer[] } {
    const bytes = (batches: (TransferBatch | undefined)[]): Buffer[] =>
      batches.flatMap((batch) => (batch === undefined ? [] : [batch.bytes]));
    return {
      acknowledged: bytes(this.#callers.map(({ acknowledged }) => acknowledged)),
      open: bytes(this.#callers.map(({ inFlight }) => inFlight)),
    };
  }

  /** Sends until it is over and everything is answered. Rejects at the first answer that is not as it must be. */
  run(until: Until): Promise<Section> {
    const { batch: count, channels, draw } = this.options;
    const section = { booked: 0, calls: 0, seconds: 0, latencies: new Latencies(), turnedAway: 0 };
    const began = nowMs();
    let active = this.#callers.length;
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        active -= 1;
        if (active > 0) return;
        section.seconds = (nowMs() - began) / 1_000;
        resolve(section);
      };
      const next = (caller: Caller, index: number): void => {
        if (until.isOver(section.booked)) return finish();
        if (until.mustWait?.() === true) return later(() => next(caller, index));
        const batch = caller.batches[(caller.turn ^= 1)];
        batch.renew(this.#ids, draw);
        caller.inFlight = batch;
        send(caller, index, { batch, sentMs: nowMs() });
      };
      const send = (caller: Caller, index: number, call: { batch: TransferBatch; sentMs: number }): void =>
        channels.createTransactions(call.batch.bytes, index, (error: CallFailed | null, answer?: Buffer) => {
          try {
            if (error !== null) {
              if (until.mayFail?.() === true) return finish();
              if (!isTurnedAway(error)) throw error;
              section.turnedAway += 1;
              return later(() => send(caller, index, call));
            }
            section.latencies.add(nowMs() - call.sentMs);
            expectAllBooked(answer ?? Buffer.alloc(0), count);
          } catch (wrong) {
            return reject(wrong);
          }
          section.calls += 1;
          section.booked += count;
          caller.acknowledged = call.batch;
          caller.inFlight = undefined;
          next(caller, index);
        });
      for (const [index, caller] of this.#callers.entries()) next(caller, index);
    });
  }
}

function later(run: () => void): void {
  setTimeout(run, PAUSE_MS);
}

/** Over after this many milliseconds from now. */
export function forMs(ms: number): Until {
  const end = nowMs() + ms;
  return { isOver: () => nowMs() >= end };
}
