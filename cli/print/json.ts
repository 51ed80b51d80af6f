import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * An int64 for JSON: a number wherever JSON's readers hold it exactly (up to 2^53 - 1 either way, 90 trillion in cents),
 * and beyond that a string, since a silently rounded amount is worse than another type.
 */
export function jsonInteger(value: bigint): number | string {
  const isExact = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return isExact ? Number(value) : value.toString();
}

/** "2026-01-31T12:00:00.123456Z", to the microsecond that the books keep; null where there is none. */
export function isoMoment(timestamp: Timestamp | undefined): string | null {
  if (timestamp === undefined) return null;
  const seconds = timestampDate({ ...timestamp, nanos: 0 })
    .toISOString()
    .slice(0, 19);
  return `${seconds}.${Math.trunc(timestamp.nanos / 1000)
    .toString()
    .padStart(6, '0')}Z`;
}

/** The same to the second, for tables. */
export function shortMoment(timestamp: Timestamp | undefined): string {
  return isoMoment(timestamp)?.replace('T', ' ').slice(0, 19) ?? '';
}
