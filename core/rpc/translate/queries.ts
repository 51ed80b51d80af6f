import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { BadField } from '../errors/badField.ts';
import { parseUuid } from '../../kernel/ledger/uuid.ts';
import type { SeqRange } from '../../readmodels/queries/reading.ts';
import type { AccountRef } from '../reads.ts';
import { parseDay } from './date.ts';
import { isAccountCode, isAssetCode } from './names.ts';
import { encodeMetadata } from './metadata.ts';
import { encodeText } from './text.ts';

/** As many as a page can hold. */
const IDS_MAX = 1_000;

/** Fields of reading calls: a wrong one refuses the call. */

export function queriedUuid(text: string, field: string): string {
  const id = parseUuid(text);
  if (id === null) throw new BadField(field, text === '' ? 'MISSING_FIELD' : 'INVALID_UUID');
  return id;
}

type NamedAccount = { case: 'accountId' | 'code'; value: string } | { case: undefined; value?: undefined };

/** The account of a request, by id or by code. */
export function queriedAccount(named: NamedAccount): AccountRef {
  switch (named.case) {
    case 'accountId':
      return { id: queriedUuid(named.value, 'account_id') };
    case 'code':
      if (!isAccountCode(named.value))
        throw new BadField('code', named.value === '' ? 'MISSING_FIELD' : 'INVALID_CODE');
      return { code: named.value };
    case undefined:
      throw new BadField('account', 'MISSING_FIELD');
  }
}

/** How an account stands in the query that a page token is bound to. */
export function accountFilter(account: AccountRef): string {
  return 'id' in account ? account.id : account.code;
}

/** null for the empty text, which filters nothing. */
export function queriedAsset(text: string, field = 'asset'): string | null {
  if (text === '') return null;
  if (!isAssetCode(text)) throw new BadField(field, 'INVALID_VALUE');
  return text;
}

/** null for the empty text. */
export function queriedDay(text: string, field: string): number | null {
  if (text === '') return null;
  const day = parseDay(text);
  if (day === null) throw new BadField(field, 'INVALID_DATE');
  return day;
}

/** null for the empty text, which filters nothing. */
export function queriedText(text: string, field: string, charactersMax: number): string | null {
  if (text === '') return null;
  const parsed = encodeText(text, charactersMax);
  if (typeof parsed === 'string') throw new BadField(field, parsed);
  return text;
}

/** A number of an enum that the contract knows; null for 0, which filters nothing. */
export function queriedEnum(
  value: number,
  known: Readonly<Record<string, number>>,
  field: string,
): number | null {
  if (!Object.values(known).includes(value)) throw new BadField(field, 'INVALID_VALUE');
  return value === 0 ? null : value;
}

/** An id, height or number above 0 that JavaScript can count to. */
export function queriedNumber(value: bigint, field: string): number {
  if (value < 1n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BadField(field, 'INVALID_VALUE');
  return Number(value);
}

/** Entries that a list is narrowed to, as callers can have written them. */
export function queriedMetadata(entries: Record<string, string>, field: string): Record<string, string> {
  const encoded = encodeMetadata(entries);
  if ('reason' in encoded) throw new BadField(field, encoded.reason);
  return entries;
}

/** What a list is narrowed to by id, each once; null for none, which narrows nothing. */
export function queriedIds(ids: readonly string[], field: string): string[] | null {
  if (ids.length > IDS_MAX) throw new BadField(field, 'TOO_MANY');
  if (ids.length === 0) return null;
  return [...new Set(ids.map((id, index) => queriedUuid(id, `${field}[${index}]`)))];
}

/** The seqs of a list, and the order in which they are asked for. */
export function queriedRange(request: {
  aboveSeq: bigint;
  belowSeq: bigint;
  oldestFirst: boolean;
}): SeqRange {
  return {
    aboveSeq: queriedBound(request.aboveSeq, 'above_seq'),
    belowSeq: queriedBound(request.belowSeq, 'below_seq'),
    order: request.oldestFirst ? 'oldest first' : 'newest first',
  };
}

/** null for 0, which bounds nothing. */
function queriedBound(seq: bigint, field: string): number | null {
  if (seq < 0n || seq > BigInt(Number.MAX_SAFE_INTEGER)) throw new BadField(field, 'INVALID_VALUE');
  return seq === 0n ? null : Number(seq);
}

/**
 * Microseconds since 1970 of a moment, rounded in the named direction: what was booked is stamped in whole ones.
 * Moments before 1970 or beyond the year 2255 stand for the ends of time: nothing is booked there.
 */
export function queriedMoment(moment: Timestamp, field: string, rounding: 'down' | 'up'): number {
  const { seconds, nanos } = moment;
  if (nanos < 0 || nanos > 999_999_999) throw new BadField(field, 'INVALID_VALUE');
  if (seconds < 0n) return -1;
  if (seconds >= BigInt(Number.MAX_SAFE_INTEGER) / 1_000_000n) return Number.MAX_SAFE_INTEGER;
  return (
    Number(seconds) * 1_000_000 + (rounding === 'down' ? Math.floor(nanos / 1000) : Math.ceil(nanos / 1000))
  );
}
