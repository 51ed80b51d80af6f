import type { MetadataBytes } from '../../kernel/ledger/commands.ts';
import { METADATA } from '../../kernel/ledger/layout.ts';
import {
  METADATA_BYTES_MAX,
  METADATA_ENTRIES_MAX,
  METADATA_KEY_CHARACTERS_MAX,
  METADATA_VALUE_CHARACTERS_MAX,
} from '../../kernel/ledger/limits.ts';
import type { Reason } from '../../kernel/ledger/refusals.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** What is wrong with text in UTF-8, or null. Characters are Unicode code points. */
export function textFault(bytes: Uint8Array, charactersMax: number): Reason | null {
  if (bytes.length > charactersMax * 4) return 'TOO_LONG';
  let characters = 0,
    any = 0;
  for (const byte of bytes) {
    if (byte === 0) return 'INVALID_TEXT';
    any |= byte;
    if ((byte & 0xc0) !== 0x80) characters++;
  }
  if (characters > charactersMax) return 'TOO_LONG';
  // All ASCII: nothing to decode. Counting alone would not tell, since stray lead bytes count as characters.
  if (any < 0x80) return null;
  try {
    utf8.decode(bytes);
    return null;
  } catch {
    return 'INVALID_TEXT';
  }
}

interface RawEntry {
  key: Uint8Array;
  value: Uint8Array;
}

/** Metadata in its one canonical form, so that the same entries in another order are the same body. */
export function canonicalMetadata(
  entries: readonly RawEntry[],
): { bytes: MetadataBytes } | { reason: Reason; field: string } {
  const no = (reason: Reason) => ({ reason, field: 'metadata' });
  for (const { key, value } of entries) {
    const fault =
      key.length === 0
        ? 'MISSING_FIELD'
        : (textFault(key, METADATA_KEY_CHARACTERS_MAX) ?? textFault(value, METADATA_VALUE_CHARACTERS_MAX));
    if (fault !== null) return no(fault);
  }
  const sorted = lastOfEach(entries);
  if (sorted.length > METADATA_ENTRIES_MAX) return no('TOO_MANY');
  let length = 0;
  for (const { key, value } of sorted) length += METADATA.bytes + key.length + value.length;
  if (length > METADATA_BYTES_MAX) return no('TOO_LONG');
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { key, value } of sorted) {
    view.setUint8(at + METADATA.keyBytes, key.length);
    view.setUint16(at + METADATA.valueBytes, value.length, true);
    bytes.set(key, at + METADATA.bytes);
    bytes.set(value, at + METADATA.bytes + key.length);
    at += METADATA.bytes + key.length + value.length;
  }
  return { bytes: bytes as MetadataBytes };
}

/** Of each key the last entry, as protobuf has it, sorted by key bytes. */
function lastOfEach(entries: readonly RawEntry[]): RawEntry[] {
  if (entries.length === 1) return [entries[0]];
  const byKey = new Map<string, RawEntry>();
  for (const entry of entries) byKey.set(Buffer.from(entry.key).toString('latin1'), entry);
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
