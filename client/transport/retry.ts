import { CODE, leavesOutcomeOpen } from '../errors/codes.ts';
import type { FlorinError } from '../errors/florinError.ts';
import type { RetryLimits } from '../options.ts';

export interface Standing {
  /** Tries so far, at least 1. */
  readonly attempts: number;
  /** Until the deadline of the whole call, milliseconds. */
  readonly remainingMs: number;
}

/**
 * How long to wait before the same bytes are sent again, milliseconds; undefined: give up. Repeated is what may pass
 * by itself (the core out of reach, restarting, or full and saying when to come back), which is safe because ids make
 * every call of the ledger idempotent. What the core has judged is never repeated, nor what cannot end in time.
 */
export function retryWaitMs(
  error: Pick<FlorinError, 'code' | 'retryDelayMs'>,
  standing: Standing,
  limits: RetryLimits,
  fraction: () => number,
): number | undefined {
  if (!isRetryable(error) || standing.attempts >= limits.attemptsMax) return undefined;
  const ceilingMs = Math.min(limits.backoffMsMax, limits.backoffMs * 2 ** (standing.attempts - 1));
  const waitMs = (error.retryDelayMs ?? 0) + ceilingMs * fraction();
  return waitMs < standing.remainingMs ? waitMs : undefined;
}

function isRetryable({ code, retryDelayMs }: Pick<FlorinError, 'code' | 'retryDelayMs'>): boolean {
  if (code === CODE.RESOURCE_EXHAUSTED) return retryDelayMs !== undefined;
  // The deadline of a try is that of the whole call: once it has passed there is no time left.
  return leavesOutcomeOpen(code) && code !== CODE.DEADLINE_EXCEEDED;
}
