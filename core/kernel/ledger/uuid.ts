import type { Uuid } from './commands.ts';

/** A UUID as four big-endian words, signed so that none of them is ever boxed: what the tables compare. */
export type Words = [number, number, number, number];

/** What two ASCII characters say as hexadecimal digits, the first one in the low byte of the index; -1 for no digits. */
const PAIR = new Int16Array(65_536).fill(-1);
for (let value = 0; value < 256; value++) {
  const [first, second] = value.toString(16).padStart(2, '0');
  for (const one of [first, first.toUpperCase()])
    for (const two of [second, second.toUpperCase()])
      PAIR[one.charCodeAt(0) | (two.charCodeAt(0) << 8)] = value;
}
const HYPHEN = 45;

/**
 * Reads 36 ASCII characters into four words of `into` at `at`. False where they are not a UUID with hyphens, or the
 * nil UUID, which stands for "none" in the journal. Upper and lower case are the same id.
 * Hot: three of these a transfer, 30 ns each (bench/micro/kernel.ts).
 */
export function readUuid(view: DataView, o: number, into: Int32Array, at: number): boolean {
  const a = PAIR[view.getUint16(o, true)],
    b = PAIR[view.getUint16(o + 2, true)],
    c = PAIR[view.getUint16(o + 4, true)],
    d = PAIR[view.getUint16(o + 6, true)];
  const e = PAIR[view.getUint16(o + 9, true)],
    f = PAIR[view.getUint16(o + 11, true)],
    g = PAIR[view.getUint16(o + 14, true)],
    h = PAIR[view.getUint16(o + 16, true)];
  const i = PAIR[view.getUint16(o + 19, true)],
    j = PAIR[view.getUint16(o + 21, true)],
    k = PAIR[view.getUint16(o + 24, true)],
    l = PAIR[view.getUint16(o + 26, true)];
  const m = PAIR[view.getUint16(o + 28, true)],
    n = PAIR[view.getUint16(o + 30, true)],
    p = PAIR[view.getUint16(o + 32, true)],
    q = PAIR[view.getUint16(o + 34, true)];
  if ((a | b | c | d | e | f | g | h | i | j | k | l | m | n | p | q) < 0) return false;
  if (view.getUint8(o + 8) !== HYPHEN || view.getUint8(o + 13) !== HYPHEN) return false;
  if (view.getUint8(o + 18) !== HYPHEN || view.getUint8(o + 23) !== HYPHEN) return false;
  const w0 = (a << 24) | (b << 16) | (c << 8) | d;
  const w1 = (e << 24) | (f << 16) | (g << 8) | h;
  const w2 = (i << 24) | (j << 16) | (k << 8) | l;
  const w3 = (m << 24) | (n << 16) | (p << 8) | q;
  into[at] = w0;
  into[at + 1] = w1;
  into[at + 2] = w2;
  into[at + 3] = w3;
  return (w0 | w1 | w2 | w3) !== 0;
}

/** The digit of four bits. */
const DIGIT = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

/** Made at once of its characters: put together of parts it is ten times the memory, and takes longer. */
export function formatWords(w0: number, w1: number, w2: number, w3: number): Uuid {
  // prettier-ignore
  return String.fromCharCode(
    DIGIT[w0 >>> 28], DIGIT[(w0 >>> 24) & 15], DIGIT[(w0 >>> 20) & 15], DIGIT[(w0 >>> 16) & 15],
    DIGIT[(w0 >>> 12) & 15], DIGIT[(w0 >>> 8) & 15], DIGIT[(w0 >>> 4) & 15], DIGIT[w0 & 15],
    HYPHEN, DIGIT[w1 >>> 28], DIGIT[(w1 >>> 24) & 15], DIGIT[(w1 >>> 20) & 15], DIGIT[(w1 >>> 16) & 15],
    HYPHEN, DIGIT[(w1 >>> 12) & 15], DIGIT[(w1 >>> 8) & 15], DIGIT[(w1 >>> 4) & 15], DIGIT[w1 & 15],
    HYPHEN, DIGIT[w2 >>> 28], DIGIT[(w2 >>> 24) & 15], DIGIT[(w2 >>> 20) & 15], DIGIT[(w2 >>> 16) & 15],
    HYPHEN, DIGIT[(w2 >>> 12) & 15], DIGIT[(w2 >>> 8) & 15], DIGIT[(w2 >>> 4) & 15], DIGIT[w2 & 15],
    DIGIT[w3 >>> 28], DIGIT[(w3 >>> 24) & 15], DIGIT[(w3 >>> 20) & 15], DIGIT[(w3 >>> 16) & 15],
    DIGIT[(w3 >>> 12) & 15], DIGIT[(w3 >>> 8) & 15], DIGIT[(w3 >>> 4) & 15], DIGIT[w3 & 15],
  ) as Uuid;
}

const ascii = new Uint8Array(36);
const asciiView = new DataView(ascii.buffer);
/** Made once: every look-up of an id goes through here. */
const words = new Int32Array(4);

/** The words of an id that was parsed at the boundary. */
export function wordsOf(id: Uuid): Words {
  for (let i = 0; i < 36; i++) ascii[i] = id.charCodeAt(i);
  if (id.length !== 36 || !readUuid(asciiView, 0, words, 0)) throw new Error('a branded UUID does not parse');
  return [words[0], words[1], words[2], words[3]];
}

/** A UUID from text, in its one canonical form; null where it is none. */
export function parseUuid(text: string): Uuid | null {
  if (text.length !== 36) return null;
  for (let i = 0; i < 36; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return null;
    ascii[i] = unit;
  }
  return readUuid(asciiView, 0, words, 0) ? formatWords(words[0], words[1], words[2], words[3]) : null;
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
  const w0 = view.getInt32(offset),
    w1 = view.getInt32(offset + 4),
    w2 = view.getInt32(offset + 8),
    w3 = view.getInt32(offset + 12);
  return (w0 | w1 | w2 | w3) === 0 ? '' : formatWords(w0, w1, w2, w3);
}

/** The first 32 bits of every id that Florin makes by itself of a name; such ids are of version 8. */
export const OWN_WORD = 0xf10e1a00;

/**
 * The first four bits of the fourth group of every id that Florin derives of a UUIDv7 and whose stamp it keeps: 0b111x,
 * the variant that RFC 9562 reserves, so that no generator of anybody's makes one.
 */
export const OWN_VARIANT = 0xe000;

/** Whether an id is of the kind that only Florin makes: callers may not take one, nor change what bears it. */
export function isOwnId(id: Uuid): boolean {
  return id[14] === '7' ? id[19] === 'e' || id[19] === 'f' : id.startsWith('f10e1a00-') && id[14] === '8';
}

/** The same of an id's first three words. */
export function isOwnWords(w0: number, w1: number, w2: number): boolean {
  const version = (w1 >>> 12) & 15;
  return version === 7 ? w2 >>> 29 === 7 : version === 8 && w0 === (OWN_WORD | 0);
}

/** Spreads a key over 32 bits, signed. The seed is the process's own, so that nobody can choose ids that collide. */
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
  return h ^ (h >>> 15);
}
