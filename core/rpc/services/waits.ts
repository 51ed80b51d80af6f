import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { Intent } from '../../kernel/payments/model.ts';
import type { Call } from '../call.ts';
import { BadField } from '../errors/badField.ts';
import { WAIT_MS_MAX } from '../translate/paymentLimits.ts';
import type { Grounds } from './grounds.ts';

/** What an answer needs to reach the caller before its deadline: encoding thousands of items, and the way. */
const ANSWER_MS = 50;

/**
 * The waits of one call for payments that come to rest, all at once. They end before the caller's deadline, and early
 * where the caller is gone or the server drains: then each payment is told as it stands, so that whoever is cut off
 * later has an answer first.
 */
export class Waits {
  readonly #grounds: Grounds;
  readonly #book: string;
  readonly #call: Call;
  readonly #waitMs: number;
  readonly #beganUs: number;
  readonly #ended = Promise.withResolvers<void>();
  readonly #signals: readonly AbortSignal[];
  readonly #end = (): void => this.#ended.resolve();

  constructor(grounds: Grounds, { book, waitMs }: { book: string; waitMs: number }, call: Call) {
    this.#grounds = grounds;
    this.#book = book;
    this.#call = call;
    this.#beganUs = grounds.clock.monotonicUs();
    const leftMs = (call.deadlineUs - this.#beganUs) / 1000 - ANSWER_MS;
    this.#waitMs = Math.floor(Math.max(0, Math.min(waitMs, leftMs)));
    this.#signals = [call.signal, grounds.draining];
    for (const signal of this.#signals) {
      signal.addEventListener('abort', this.#end);
      if (signal.aborted) this.#end();
    }
  }

  resting(id: Uuid): Promise<Intent | null> {
    const asked = (waitMs: number) => this.#grounds.payments.restingIntent(this.#book, id, waitMs);
    return Promise.race([asked(this.#waitMs), this.#ended.promise.then(() => asked(0))]);
  }

  /** Ends the waiting: lets go of the signals, of which the server's outlives every call, and says how long it was. */
  close(): void {
    const tookUs = this.#grounds.clock.monotonicUs() - this.#beganUs;
    this.#call.waitedUs = Math.min(tookUs, this.#waitMs * 1000);
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#end);
  }
}

export function checkedWait(waitMs: number): number {
  if (waitMs < 0 || waitMs > WAIT_MS_MAX)
    throw new BadField('wait_ms', 'INVALID_VALUE', `wait_ms: from 0 to ${WAIT_MS_MAX}.`);
  return waitMs;
}

/** What was waited for, as soon as it is there, in the groups in which it came. */
export async function* asTheyCome<T>(waits: readonly Promise<T>[]): AsyncGenerator<T[]> {
  let ready: T[] = [];
  let failed: { error: unknown } | undefined;
  let left = waits.length;
  let wake = (): void => undefined;
  for (const wait of waits)
    wait.then(
      (one) => {
        ready.push(one);
        wake();
      },
      (error: unknown) => {
        failed ??= { error };
        wake();
      },
    );
  while (left > 0) {
    if (ready.length === 0 && failed === undefined)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    if (failed !== undefined) throw failed.error;
    const group = ready;
    ready = [];
    left -= group.length;
    yield group;
  }
}
