/**
 * SipHash-2-4 with a 128-bit key and a 64-bit result, after Aumasson and Bernstein (2012), on 32-bit halves since a
 * bigint a round would cost twenty times as much. Checked against the vectors of the paper in siphash.test.ts.
 */
export class SipHash {
  /** The result of the last `hash`, upper and lower 32 bits, unsigned. The least significant byte is the first one. */
  high = 0;
  low = 0;

  readonly #key: readonly [k0l: number, k0h: number, k1l: number, k1h: number];
  // v0..v3, each low then high.
  readonly #v = new Int32Array(8);

  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new Error(`a SipHash key has 16 bytes, not ${key.length}`);
    const view = new DataView(key.buffer, key.byteOffset, 16);
    this.#key = [view.getInt32(0, true), view.getInt32(4, true), view.getInt32(8, true), view.getInt32(12, true)];
  }

  /** Hashes `length` bytes of the view and leaves the result in `high` and `low`. */
  hash(view: DataView, length: number): void {
    const v = this.#v;
    const [k0l, k0h, k1l, k1h] = this.#key;
    v[0] = k0l ^ 0x70736575;
    v[1] = k0h ^ 0x736f6d65;
    v[2] = k1l ^ 0x6e646f6d;
    v[3] = k1h ^ 0x646f7261;
    v[4] = k0l ^ 0x6e657261;
    v[5] = k0h ^ 0x6c796765;
    v[6] = k1l ^ 0x79746573;
    v[7] = k1h ^ 0x74656462;
    const whole = length & ~7;
    for (let at = 0; at < whole; at += 8) this.#absorb(view.getInt32(at, true), view.getInt32(at + 4, true));
    let low = 0;
    let high = (length & 255) << 24;
    for (let at = whole; at < length; at++) {
      const place = at - whole;
      const byte = view.getUint8(at);
      if (place < 4) low |= byte << (8 * place);
      else high |= byte << (8 * (place - 4));
    }
    this.#absorb(low, high);
    v[4] ^= 0xff;
    rounds(v, 4);
    this.low = (v[0] ^ v[2] ^ v[4] ^ v[6]) >>> 0;
    this.high = (v[1] ^ v[3] ^ v[5] ^ v[7]) >>> 0;
  }

  #absorb(low: number, high: number): void {
    const v = this.#v;
    v[6] ^= low;
    v[7] ^= high;
    rounds(v, 2);
    v[0] ^= low;
    v[1] ^= high;
  }
}

function rounds(v: Int32Array, count: number): void {
  let l0 = v[0], h0 = v[1], l1 = v[2], h1 = v[3], l2 = v[4], h2 = v[5], l3 = v[6], h3 = v[7];
  for (let round = 0; round < count; round++) {
    let sum: number, t: number;
    // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
    sum = (l0 >>> 0) + (l1 >>> 0);
    h0 = (h0 + h1 + (sum > 0xffffffff ? 1 : 0)) | 0;
    l0 = sum | 0;
    t = (l1 << 13) | (h1 >>> 19);
    h1 = ((h1 << 13) | (l1 >>> 19)) ^ h0;
    l1 = t ^ l0;
    t = l0;
    l0 = h0;
    h0 = t;
    // v2 += v3; v3 = rotl(v3, 16) ^ v2
    sum = (l2 >>> 0) + (l3 >>> 0);
    h2 = (h2 + h3 + (sum > 0xffffffff ? 1 : 0)) | 0;
    l2 = sum | 0;
    t = (l3 << 16) | (h3 >>> 16);
    h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2;
    l3 = t ^ l2;
    // v0 += v3; v3 = rotl(v3, 21) ^ v0
    sum = (l0 >>> 0) + (l3 >>> 0);
    h0 = (h0 + h3 + (sum > 0xffffffff ? 1 : 0)) | 0;
    l0 = sum | 0;
    t = (l3 << 21) | (h3 >>> 11);
    h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0;
    l3 = t ^ l0;
    // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
    sum = (l2 >>> 0) + (l1 >>> 0);
    h2 = (h2 + h1 + (sum > 0xffffffff ? 1 : 0)) | 0;
    l2 = sum | 0;
    t = (l1 << 17) | (h1 >>> 15);
    h1 = ((h1 << 17) | (l1 >>> 15)) ^ h2;
    l1 = t ^ l2;
    t = l2;
    l2 = h2;
    h2 = t;
  }
  v[0] = l0;
  v[1] = h0;
  v[2] = l1;
  v[3] = h1;
  v[4] = l2;
  v[5] = h2;
  v[6] = l3;
  v[7] = h3;
}
