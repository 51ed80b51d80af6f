import { METADATA } from '../../../core/kernel/ledger/layout.ts';
import { Unreadable } from './events.ts';

/** Metadata of the journal as jsonb prints it: shorter keys first, then by bytes; ", " and ": " between. Null for none. */
export function metadataJson(bytes: Buffer, at: number, length: number): string | null {
  if (length === 0) return null;
  const entries: { key: Buffer; value: string }[] = [];
  for (let from = at; from < at + length;) {
    const keyBytes = bytes[from + METADATA.keyBytes];
    const valueBytes = bytes.readUInt16LE(from + METADATA.valueBytes);
    from += METADATA.bytes;
    const key = bytes.subarray(from, from + keyBytes);
    from += keyBytes;
    entries.push({ key, value: bytes.toString('utf8', from, from + valueBytes) });
    from += valueBytes;
    if (from > at + length) throw new Unreadable('metadata that runs over its length');
  }
  entries.sort((a, b) => a.key.length - b.key.length || Buffer.compare(a.key, b.key));
  return `{${entries.map(({ key, value }) => `${JSON.stringify(key.toString('utf8'))}: ${JSON.stringify(value)}`).join(', ')}}`;
}
