import { setTimeout as wait } from 'node:timers/promises';
import { monotonicMs } from '../clock.ts';
import { FlorinError, type Outcome } from '../errors/florinError.ts';
import type { CallOptions, RetryLimits } from '../options.ts';
import { randomFraction } from '../random.ts';
import { abandoned, type Channels, type Method } from './channels.ts';
import { retryWaitMs } from './retry.ts';

/** Everything a call in bytes needs. */
export interface BytesCall extends CallOptions {
  readonly method: Method;
  readonly request: Uint8Array;
  readonly timeoutMs: number;
}

/**
 * Sends the bytes until they are answered, the answer is final, or time is up. Every try carries the identical bytes
 * and what is left of the deadline. If any try may have reached the core, a later one that did not leaves the outcome
 * as unknown as it was.
 */
export async function callBytes(channels: Channels, limits: RetryLimits, call: BytesCall): Promise<Buffer> {
  const { method, request, signal, traceparent } = call;
  const deadlineMs = monotonicMs() + call.timeoutMs;
  let outcome: Outcome = 'none';
  for (let attempts = 1; ; attempts++) {
    try {
      return await channels.send({
        method,
        request,
        signal,
        traceparent,
        remainingMs: deadlineMs - monotonicMs(),
      });
    } catch (error) {
      if (!(error instanceof FlorinError)) throw error;
      if (error.outcome === 'unknown') outcome = 'unknown';
      const waitMs =
        channels.closed || signal?.aborted === true
          ? undefined
          : retryWaitMs(error, { attempts, remainingMs: deadlineMs - monotonicMs() }, limits, randomFraction);
      if (waitMs === undefined) throw withHistory(error, { outcome, attempts });
      await wait(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => {
        throw abandoned(call, outcome);
      });
    }
  }
}

function withHistory(
  error: FlorinError,
  { outcome, attempts }: { outcome: Outcome; attempts: number },
): FlorinError {
  if (error.outcome === outcome && error.attempts === attempts) return error;
  const {
    code,
    reason,
    domain,
    metadata,
    fieldViolations,
    retryDelayMs,
    rawMessage: message,
    method,
    cause,
  } = error;
  const details = { reason, domain, metadata, fieldViolations, retryDelayMs };
  return new FlorinError({ ...details, code, message, method, cause, outcome, attempts });
}
