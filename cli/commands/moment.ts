import { type Timestamp, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { cannotRun } from '../problem.ts';

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const MOMENT = /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:\d\d)$/;

/** A calendar date, "YYYY-MM-DD", or the end of the command. */
export function readDate(text: string, option: string): string {
  if (isDate(text)) return text;
  throw cannotRun(`${option} is "${text}": it must be a date like 1993-12-31.`);
}

/**
 * A moment with its zone, or a date: that stands for the first or the last microsecond of its day in UTC, as the option
 * means it.
 */
export function readMoment(
  text: string,
  { option, dateMeans }: { option: string; dateMeans: 'its begin' | 'its end' },
): Timestamp {
  if (isDate(text)) {
    return dateMeans === 'its begin'
      ? momentOf(`${text}T00:00:00Z`, 0)
      : momentOf(`${text}T23:59:59Z`, 999_999);
  }
  const match = MOMENT.exec(text);
  if (match !== null && isDate(match[1])) {
    const [, date, hour, minute, second = '00', fraction = '', zone] = match;
    const iso = `${date}T${hour}:${minute}:${second}${zone}`;
    if (!Number.isNaN(Date.parse(iso))) return momentOf(iso, Number(fraction.padEnd(6, '0')));
  }
  throw cannotRun(
    `${option} is "${text}": it must be a date like 1993-12-31, or a moment with its zone like 1993-12-31T12:00:00Z.`,
  );
}

function momentOf(isoSecond: string, microseconds: number): Timestamp {
  return { ...timestampFromMs(Date.parse(isoSecond)), nanos: microseconds * 1000 };
}

function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month < 1 || month > 12) return false;
  return day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}
