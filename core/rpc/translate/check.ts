import type { MetadataBytes, Uuid } from '../../kernel/ledger/commands.ts';
import type { Reason } from '../../kernel/ledger/refusals.ts';
import { parseUuid } from '../../kernel/ledger/uuid.ts';
import { isOwnId } from '../../kernel/payments/chart.ts';
import type { Malformed } from '../../shard/service.ts';
import { parseDay } from './date.ts';
import { encodeMetadata } from './metadata.ts';
import { encodeText } from './text.ts';

const NO_ID = '' as Uuid;
const NO_METADATA = new Uint8Array(0) as MetadataBytes;
const NO_TEXT = new Uint8Array(0);
const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * Parses the fields of one item and keeps the first fault, in the order in which they are asked for. After a fault
 * the parsed values stand for nothing: `fault` is the answer.
 */
export class Check {
  fault: Malformed | null = null;

  no(reason: Reason, field: string): void {
    this.fault ??= { op: 'malformed', reason, field };
  }

  uuid(text: string, field: string): Uuid {
    const id = parseUuid(text);
    if (id !== null) return id;
    this.no(text === '' ? 'MISSING_FIELD' : 'INVALID_UUID', field);
    return NO_ID;
  }

  /** The id of something new: not one that only Florin makes. */
  newId(text: string, field: string): Uuid {
    const id = this.uuid(text, field);
    if (isOwnId(id)) this.no('RESERVED_ID', field);
    return id;
  }

  /** Text as UTF-8; characters are Unicode code points. */
  text(text: string, field: string, charactersMax: number): Uint8Array {
    const parsed = encodeText(text, charactersMax);
    if (typeof parsed !== 'string') return parsed;
    this.no(parsed, field);
    return NO_TEXT;
  }

  /** Printable ASCII of at most so many characters. */
  printable(text: string, field: string, charactersMax: number): string {
    if (text.length > charactersMax) this.no('TOO_LONG', field);
    else if (!PRINTABLE.test(text)) this.no('INVALID_TEXT', field);
    return text;
  }

  /** Days since 1970-01-01; null for the empty text, which means the date of booking. */
  day(text: string, field: string): number | null {
    if (text === '') return null;
    const day = parseDay(text);
    if (day === null) this.no('INVALID_DATE', field);
    return day;
  }

  metadata(entries: Record<string, string>, field: string): MetadataBytes {
    const parsed = encodeMetadata(entries);
    if ('bytes' in parsed) return parsed.bytes;
    this.no(parsed.reason, field);
    return NO_METADATA;
  }
}
