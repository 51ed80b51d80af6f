import { METADATA } from '../../kernel/ledger/layout.ts';
import { JSONB_VERSION, type RowBuffer } from './rowBuffer.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const HEX = '0123456789abcdef';

/** Writes the journal's metadata as a jsonb field; null where there is none. Keys are sorted and unique already. */
export function writeMetadata(rows: RowBuffer, source: Uint8Array, offset: number, length: number): void {
  if (length === 0) {
    rows.null();
    return;
  }
  const lengthAt = rows.at;
  const { bytes } = rows;
  let at = lengthAt + 4;
  bytes[at++] = JSONB_VERSION;
  bytes[at++] = 123;
  for (let from = offset; from < offset + length;) {
    const keyBytes = source[from + METADATA.keyBytes];
    const valueBytes = source[from + METADATA.valueBytes] | (source[from + METADATA.valueBytes + 1] << 8);
    from += METADATA.bytes;
    if (from !== offset + METADATA.bytes) bytes[at++] = 44;
    at = writeString(bytes, at, source, from, keyBytes);
    bytes[at++] = 58;
    from += keyBytes;
    at = writeString(bytes, at, source, from, valueBytes);
    from += valueBytes;
  }
  bytes[at++] = 125;
  rows.view.setUint32(lengthAt, at - lengthAt - 4);
  rows.at = at;
}

/** The most that metadata of so many journal bytes can take as JSON: a control character becomes six. */
export function metadataBytesMax(length: number): number {
  return 16 + length * 6;
}

function writeString(bytes: Buffer, start: number, source: Uint8Array, from: number, length: number): number {
  let at = start;
  bytes[at++] = QUOTE;
  for (let i = from; i < from + length; i++) {
    const byte = source[i];
    if (byte >= 32 && byte !== QUOTE && byte !== BACKSLASH) {
      bytes[at++] = byte;
    } else if (byte < 32) {
      at += bytes.write(`\\u00${HEX[byte >> 4]}${HEX[byte & 15]}`, at, 'latin1');
    } else {
      bytes[at++] = BACKSLASH;
      bytes[at++] = byte;
    }
  }
  bytes[at++] = QUOTE;
  return at;
}

/** The same as text, for the rare statements that take it as a parameter. */
export function metadataText(source: Uint8Array, offset: number, length: number): string | null {
  if (length === 0) return null;
  const decoder = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const parts: string[] = [];
  for (let from = offset; from < offset + length;) {
    const keyBytes = decoder[from + METADATA.keyBytes];
    const valueBytes = decoder.readUInt16LE(from + METADATA.valueBytes);
    from += METADATA.bytes;
    const key = decoder.toString('utf8', from, from + keyBytes);
    from += keyBytes;
    const value = decoder.toString('utf8', from, from + valueBytes);
    from += valueBytes;
    parts.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  }
  return `{${parts.join(',')}}`;
}
