import { expect, test } from 'vitest';
import { SipHash } from './siphash.ts';

/** From the reference implementation (vectors.h): key 00..0f, message 00, 01, .. of that length; bytes in order. */
const VECTORS: [length: number, hex: string][] = [
  [0, '310e0edd47db6f72'],
  [1, 'fd67dc93c539f874'],
  [2, '5a4fa9d909806c0d'],
  [3, '2d7efbd796666785'],
  [7, '37d1018bf50002ab'],
  [8, '6224939a79f5f593'],
  [9, 'b0e4a90bdf82009e'],
  [15, 'e545be4961ca29a1'],
  [63, '724506eb4c328a95'],
];

function hashOf(key: Uint8Array, message: Uint8Array): string {
  const hash = new SipHash(key);
  hash.hash(new DataView(message.buffer, message.byteOffset), message.length);
  const out = Buffer.alloc(8);
  out.writeUInt32LE(hash.low, 0);
  out.writeUInt32LE(hash.high, 4);
  return out.toString('hex');
}

const sequence = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

test.each(VECTORS)('hashes the reference message of %i bytes', (length, hex) => {
  expect(hashOf(sequence(16), sequence(length))).toBe(hex);
});

test('another key gives another hash', () => {
  const other = sequence(16).fill(1, 15);
  expect(hashOf(other, sequence(8))).not.toBe('6224939a79f5f593');
});

test('refuses a key that is not 16 bytes', () => {
  expect(() => new SipHash(new Uint8Array(15))).toThrow('16 bytes');
});
