import { destination, type Logger, pino } from 'pino';

/** One line of JSON an event, to standard error. */
export function createLog(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination({ fd: 2, sync: false }),
  );
}
