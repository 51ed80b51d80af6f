import type { WebhookAttempt } from './webhookModel.ts';

const SECOND_US = 1e6;
const HOUR_US = 3_600 * SECOND_US;

/** How long after a try that failed the next one follows: nine more within some 75 hours (docs/merchants.md). */
export const RETRIES_US = [
  5 * SECOND_US,
  300 * SECOND_US,
  1_800 * SECOND_US,
  2 * HOUR_US,
  5 * HOUR_US,
  10 * HOUR_US,
  14 * HOUR_US,
  20 * HOUR_US,
  24 * HOUR_US,
] as const;

/** What a receiver may put off at most: whoever asks for more is asked again after that. */
export const RETRY_AFTER_MS_MAX = 24 * 3_600_000;

type Tried = Pick<WebhookAttempt, 'try' | 'status' | 'seq' | 'index'> & {
  /** What the receiver asked for; null for nothing. */
  retryAfterMs: number | null;
  nowUs: number;
};

/** When to try again; null where it was taken, is not wanted any more, or has failed for good. */
export function nextTryUs({ try: tried, status, retryAfterMs, nowUs, ...of }: Tried): number | null {
  if (isTaken(status) || status === GONE) return null;
  const wait = RETRIES_US[tried - 1];
  if (wait === undefined) return null;
  const asked = Math.min(retryAfterMs ?? 0, RETRY_AFTER_MS_MAX) * 1_000;
  return nowUs + Math.max(asked, wait + Math.floor(wait * JITTER * spread(of.seq * 31 + of.index + tried)));
}

/** The receiver wants nothing any more. */
export const GONE = 410;

export function isTaken(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Up to a fifth later, so that what failed together does not come back together. */
const JITTER = 0.2;

/** 0 to 1, the same for the same number. */
function spread(of: number): number {
  const mixed = Math.imul((of | 0) ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}
