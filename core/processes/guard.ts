import {
  bulkhead,
  circuitBreaker,
  CircuitState,
  ExponentialBackoff,
  handleWhenResult,
  type IBackoff,
  type IBackoffFactory,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  SamplingBreaker,
  wrap,
} from 'cockatiel';
import type { OperationKind } from '../kernel/payments/model.ts';
import type { Held } from './said.ts';
import type { ListEventsOutcome, PspOutcome, QueryOutcome } from './psp.ts';

type Said = PspOutcome | QueryOutcome | ListEventsOutcome;

/** What a provider is called for: an operation, what became of one, or its list of events. */
export type CallKind = OperationKind | 'query' | 'events';

/** Calls to one provider of one kind that are on their way at once, and that wait behind them. */
const CALLS_MAX = 512;
const WAITING_MAX = 50_000;
/** A breaker opens when so many of the calls of the last seconds came back without a proof. */
const THRESHOLD = 0.5;
const WINDOW_MS = 10_000;
/** Below two calls a second nothing is concluded. */
const MINIMUM_RPS = 2;
/** An open breaker lets one call through after a second, then after two, up to a minute. */
const AGAIN = { initialDelay: 1_000, maxDelay: 60_000 };

/** Why a call was held back, and never sent. */
const BROKEN = 'its circuit breaker is open';
const CROWDED = 'too many calls are under way';
export const HELD_BACK: ReadonlySet<string> = new Set([BROKEN, CROWDED]);

/** How the calls of one kind to a provider fare at the moment. */
export type BreakerState = 'closed' | 'half_open' | 'open';

/**
 * What stands between us and one provider: for each kind of call a bound on what is under way, so that a slow provider
 * holds nobody else up, and a circuit breaker, so that one that is away is not asked. A breaker opens on answers that
 * prove nothing, never on a decline.
 */
export class Guard {
  readonly #policies = new Map<CallKind, ReturnType<typeof policyOf>>();
  readonly #nowMs: () => number;

  constructor({ nowMs }: { nowMs: () => number }) {
    this.#nowMs = nowMs;
  }

  /**
   * Whether calls of that kind go through. An open breaker changes only when something is called; so once it would let
   * one call through it counts as up, or else nothing would ever be sent there again.
   */
  isUp(kind: CallKind): boolean {
    const { breaker, opening } = this.#of(kind);
    return breaker.state !== CircuitState.Open || this.#nowMs() >= opening.untilMs;
  }

  states(): { kind: CallKind; state: BreakerState }[] {
    return [...this.#policies].map(([kind, { breaker }]) => ({
      kind,
      state:
        breaker.state === CircuitState.Closed
          ? 'closed'
          : breaker.state === CircuitState.HalfOpen
            ? 'half_open'
            : 'open',
    }));
  }

  /** Sends, or says why nothing was sent; then no byte was written. */
  async run<T extends Said>(kind: CallKind, send: () => Promise<T>): Promise<T | Held> {
    try {
      return await this.#of(kind).policy.execute(send);
    } catch (error) {
      if (isBrokenCircuitError(error)) return { done: 'held', why: BROKEN };
      if (isBulkheadRejectedError(error)) return { done: 'held', why: CROWDED };
      throw error;
    }
  }

  #of(kind: CallKind) {
    let found = this.#policies.get(kind);
    if (found === undefined) this.#policies.set(kind, (found = policyOf(this.#nowMs)));
    return found;
  }
}

function policyOf(nowMs: () => number) {
  const opening = new Opening(nowMs);
  const breaker = circuitBreaker(
    handleWhenResult((said) => {
      const { done } = said as Said;
      return done === 'unknown' || done === 'not_sent';
    }),
    {
      halfOpenAfter: opening,
      breaker: new SamplingBreaker({ threshold: THRESHOLD, duration: WINDOW_MS, minimumRps: MINIMUM_RPS }),
    },
  );
  return { breaker, opening, policy: wrap(bulkhead(CALLS_MAX, WAITING_MAX), breaker) };
}

/** For how long a breaker stays open, and until when the present opening lasts: the breaker itself does not tell. */
class Opening implements IBackoffFactory<unknown> {
  untilMs = -Infinity;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Asked at each opening. */
  next(): IBackoff<unknown> {
    return this.#noted(new ExponentialBackoff<unknown>(AGAIN).next());
  }

  #noted(backoff: IBackoff<unknown>): IBackoff<unknown> {
    const { duration } = backoff;
    this.untilMs = this.#nowMs() + duration;
    return { duration, next: (context) => this.#noted(backoff.next(context)) };
  }
}
