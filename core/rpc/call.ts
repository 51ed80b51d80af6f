import type { CallContext } from '../shard/service.ts';
import type { Caller } from './callers/caller.ts';

/** What a handler knows of the call that it answers, whichever protocol brought it. */
export interface Call extends CallContext {
  /** Aborts when the caller is gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Whose call it is; undefined where callers are not told apart. */
  readonly caller?: Caller | undefined;
  /** The caller's trace, if it sent a W3C traceparent. */
  readonly trace: Trace | null;
  /** Microseconds of it that the caller asked to wait, for a provider: no reason to call the call slow. */
  waitedUs?: number;
}

export interface Trace {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** The caller's span, 16 hexadecimal digits. */
  spanId: string;
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-|$)/;

/** Reads a W3C traceparent header; null where it is absent or says nothing valid, which is never an error. */
export function parseTraceparent(header: string | null | undefined): Trace | null {
  if (!header || header.length > 256 || header.startsWith('ff')) return null;
  const match = TRACEPARENT.exec(header);
  if (match === null || /^0+$/.test(match[1]) || /^0+$/.test(match[2])) return null;
  return { traceId: match[1], spanId: match[2] };
}
