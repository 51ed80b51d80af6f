import { type DestinationStream, type Logger, destination, pino } from 'pino';
import type { LogLevel } from './config.ts';

export interface LoggingOptions {
  level: LogLevel;
  /** Where lines go; default stderr, since stdout belongs to what commands print. */
  stream?: DestinationStream;
}

/**
 * JSON lines: `{level, time, event, ...}` where `event` is a stable name ("rpc.call", "core.ready"). Callers pass ids
 * and figures, never bodies or metadata values. Lines are written before the call returns, so a crash loses none.
 */
export function createLogger({ level, stream = destination({ fd: 2, sync: true }) }: LoggingOptions): Logger {
  return pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    stream,
  );
}

/**
 * Of an error only what says where the defect is. Database errors carry rows in `detail` and `where`, and whatever
 * else hangs on an error may hold a caller's data: none of that is taken.
 */
export function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name, message, stack, cause } = error;
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  return {
    type: name,
    message,
    ...code,
    stack,
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
}
