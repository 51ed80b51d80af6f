import type { Uuid } from './commands.ts';

/** A UUID as four big-endian words: what the tables compare. */
export type Words = [number, number, number, number];

const NIBBLE = new Int8Array(256).fill(-1);
for (let i = 0; i < 10; i++) NIBBLE[48 + i] = i;
for (let i = 0; i < 6; i++) NIBBLE[65 + i] = NIBBLE[97 + i] = 10 + i;

/**
 * Reads 36 ASCII characters into four words of `into` at `at`. False where they are not a UUID with hyphens, or the
 * nil UUID, which stands for "none" in the journal. Upper and lower case are the same id.
 * Hot: three of these a transfer (bench/micro/kernel.ts).
 */
export function readUuid(bytes: Uint8Array, offset: number, into: Uint32Array, at: number): boolean {
  if (
    bytes[offset + 8] !== 45 ||
    bytes[offset + 13] !== 45 ||
    bytes[offset + 18] !== 45 ||
    bytes[offset + 23] !== 45
  )
    return false;
  const o = offset;
  const w0 = quad(bytes, o, o + 4);
  const w1 = quad(bytes, o + 9, o + 14);
  const w2 = quad(bytes, o + 19, o + 24);
  const w3 = quad(bytes, o + 28, o + 32);
  if (bad !== 0) {
    bad = 0;
    return false;
  }
  into[at] = w0;
  into[at + 1] = w1;
  into[at + 2] = w2;
  into[at + 3] = w3;
  return (w0 | w1 | w2 | w3) !== 0;
}

/** Sticky: negative once a character was no hexadecimal digit. */
let bad = 0;

/** Four digits at `a` and four at `b` as one word. */
function quad(bytes: Uint8Array, a: number, b: number): number {
  const n0 = NIBBLE[bytes[a]],
    n1 = NIBBLE[bytes[a + 1]],
    n2 = NIBBLE[bytes[a + 2]],
    n3 = NIBBLE[bytes[a + 3]];
  const n4 = NIBBLE[bytes[b]],
    n5 = NIBBLE[bytes[b + 1]],
    n6 = NIBBLE[bytes[b + 2]],
    n7 = NIBBLE[bytes[b + 3]];
  const any = n0 | n1 | n2 | n3 | n4 | n5 | n6 | n7;
  if (any < 0) bad = any;
  return (n0 << 28) | (n1 << 24) | (n2 << 20) | (n3 << 16) | (n4 << 12) | (n5 << 8) | (n6 << 4) | n7;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function formatWords(w0: number, w1: number, w2: number, w3: number): Uuid {
  const half = (word: number, shift: number) =>
    HEX[(word >>> (shift + 8)) & 255] + HEX[(word >>> shift) & 255];
  return `${half(w0, 16)}${half(w0, 0)}-${half(w1, 16)}-${half(w1, 0)}-${half(w2, 16)}-${half(w2, 0)}${half(w3, 16)}${half(w3, 0)}` as Uuid;
}

const ascii = new Uint8Array(36);

/** The words of an id that was parsed at the boundary. */
export function wordsOf(id: Uuid): Words {
  const words = new Uint32Array(4);
  for (let i = 0; i < 36; i++) ascii[i] = id.charCodeAt(i);
  if (id.length !== 36 || !readUuid(ascii, 0, words, 0)) throw new Error('a branded UUID does not parse');
  return [words[0], words[1], words[2], words[3]];
}

/** A UUID from text, in its one canonical form; null where it is none. */
export function parseUuid(text: string): Uuid | null {
  if (text.length !== 36) return null;
  const words = new Uint32Array(4);
  for (let i = 0; i < 36; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return null;
    ascii[i] = unit;
  }
  return readUuid(ascii, 0, words, 0) ? formatWords(words[0], words[1], words[2], words[3]) : null;
}

/** The millisecond stamp of a UUIDv7; -1 for every other version. */
export function stampOf(w0: number, w1: number): number {
  return ((w1 >>> 12) & 15) === 7 ? (w0 >>> 0) * 65536 + (w1 >>> 16) : -1;
}

/** Stores an id as its 16 bytes. */
export function putWords(
  view: DataView,
  offset: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): void {
  view.setUint32(offset, w0);
  view.setUint32(offset + 4, w1);
  view.setUint32(offset + 8, w2);
  view.setUint32(offset + 12, w3);
}

/** An id from its 16 bytes; '' for the nil UUID. */
export function uuidAt(view: DataView, offset: number): Uuid | '' {
  const w0 = view.getUint32(offset),
    w1 = view.getUint32(offset + 4),
    w2 = view.getUint32(offset + 8),
    w3 = view.getUint32(offset + 12);
  return (w0 | w1 | w2 | w3) === 0 ? '' : formatWords(w0, w1, w2, w3);
}

/** Spreads a key over 32 bits. The seed is the process's own, so that nobody can choose ids that collide. */
export function hashWords(
  seed: number,
  book: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): number {
  let h = Math.imul(w3 ^ seed, 0x9e3779b1) ^ book;
  h = Math.imul(h ^ (h >>> 15) ^ w2, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 13) ^ w1, 0xc2b2ae3d);
  h = Math.imul(h ^ (h >>> 16) ^ w0, 0x27d4eb2f);
  return (h ^ (h >>> 15)) >>> 0;
}
