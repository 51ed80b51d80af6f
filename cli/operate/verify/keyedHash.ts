import { randomBytes } from 'node:crypto';

/**
 * HalfSipHash-1-3 with a 64-bit result, after Aumasson and Bernstein: on 32-bit words, with a key of this run alone, so
 * that nobody can have chosen rows whose sums agree.
 */
export class KeyedHash {
  low = 0;
  high = 0;
  readonly #k0: number;
  readonly #k1: number;

  constructor(key: Uint8Array = randomBytes(8)) {
    const view = new DataView(key.buffer, key.byteOffset, 8);
    this.#k0 = view.getInt32(0, true);
    this.#k1 = view.getInt32(4, true);
  }

  /** Hot: twice a row of every table; about 3 ns a word. */
  hash(view: DataView, from: number, to: number): void {
    let v0 = this.#k0,
      v1 = this.#k1 ^ 0xee,
      v2 = 0x6c796765 ^ this.#k0,
      v3 = 0x74656462 ^ this.#k1;
    const length = to - from;
    const whole = to - (length & 3);
    let word = 0;
    for (let at = from; ; at += 4) {
      if (at < whole) word = view.getInt32(at, true);
      else {
        word = length << 24;
        for (let i = at, shift = 0; i < to; i++, shift += 8) word |= view.getUint8(i) << shift;
      }
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
      if (at >= whole) break;
    }
    v2 ^= 0xee;
    for (let half = 0; half < 2; half++) {
      for (let round = 0; round < 3; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      if (half === 0) {
        this.low = v1 ^ v3;
        v1 ^= 0xdd;
      }
    }
    this.high = v1 ^ v3;
  }
}
