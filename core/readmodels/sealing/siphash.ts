/**
 * SipHash-2-4 with a 128-bit key and a 64-bit result, after Aumasson and Bernstein (2012), on 32-bit halves since a
 * bigint a round would cost twenty times as much. Checked against the vectors of the paper in siphash.test.ts.
 */
export class SipHash {
  /** The result of the last `hash`, upper and lower 32 bits, unsigned. The least significant byte is the first one. */
  high = 0;
  low = 0;

  readonly #key: readonly [k0l: number, k0h: number, k1l: number, k1h: number];

  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new Error(`a SipHash key has 16 bytes, not ${key.length}`);
    const view = new DataView(key.buffer, key.byteOffset, 16);
    this.#key = [
      view.getInt32(0, true),
      view.getInt32(4, true),
      view.getInt32(8, true),
      view.getInt32(12, true),
    ];
  }

  /**
   * Hashes `length` bytes of the view and leaves the result in `high` and `low`. All of the state is local, and the
   * rounds stand here once: the words of the message, then the last word with the length, then the four final rounds.
   * Hot: one for each account of a batch (bench/micro/projector.ts), two for each account that is loaded.
   */
  hash(view: DataView, length: number): void {
    const [k0l, k0h, k1l, k1h] = this.#key;
    let l0 = k0l ^ 0x70736575,
      h0 = k0h ^ 0x736f6d65,
      l1 = k1l ^ 0x6e646f6d,
      h1 = k1h ^ 0x646f7261;
    let l2 = k0l ^ 0x6e657261,
      h2 = k0h ^ 0x6c796765,
      l3 = k1l ^ 0x79746573,
      h3 = k1h ^ 0x74656462;
    const words = length >>> 3;
    for (let word = 0; word <= words + 1; word++) {
      let low = 0,
        high = 0,
        rounds = 2;
      if (word < words) {
        low = view.getInt32(word * 8, true);
        high = view.getInt32(word * 8 + 4, true);
      } else if (word === words) {
        high = length << 24;
        for (let at = words * 8, shift = 0; at < length; at++, shift += 8) {
          if (shift < 32) low |= view.getUint8(at) << shift;
          else high |= view.getUint8(at) << (shift - 32);
        }
      } else {
        l2 ^= 0xff;
        rounds = 4;
      }
      l3 ^= low;
      h3 ^= high;
      for (let round = 0; round < rounds; round++) {
        let t: number;
        // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
        l0 = (l0 + l1) | 0;
        h0 = (h0 + h1 + (l0 >>> 0 < l1 >>> 0 ? 1 : 0)) | 0;
        t = (l1 << 13) | (h1 >>> 19);
        h1 = ((h1 << 13) | (l1 >>> 19)) ^ h0;
        l1 = t ^ l0;
        t = l0;
        l0 = h0;
        h0 = t;
        // v2 += v3; v3 = rotl(v3, 16) ^ v2
        l2 = (l2 + l3) | 0;
        h2 = (h2 + h3 + (l2 >>> 0 < l3 >>> 0 ? 1 : 0)) | 0;
        t = (l3 << 16) | (h3 >>> 16);
        h3 = ((h3 << 16) | (l3 >>> 16)) ^ h2;
        l3 = t ^ l2;
        // v0 += v3; v3 = rotl(v3, 21) ^ v0
        l0 = (l0 + l3) | 0;
        h0 = (h0 + h3 + (l0 >>> 0 < l3 >>> 0 ? 1 : 0)) | 0;
        t = (l3 << 21) | (h3 >>> 11);
        h3 = ((h3 << 21) | (l3 >>> 11)) ^ h0;
        l3 = t ^ l0;
        // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
        l2 = (l2 + l1) | 0;
        h2 = (h2 + h1 + (l2 >>> 0 < l1 >>> 0 ? 1 : 0)) | 0;
        t = (l1 << 17) | (h1 >>> 15);
        h1 = ((h1 << 17) | (l1 >>> 15)) ^ h2;
        l1 = t ^ l2;
        t = l2;
        l2 = h2;
        h2 = t;
      }
      l0 ^= low;
      h0 ^= high;
    }
    this.low = (l0 ^ l1 ^ l2 ^ l3) >>> 0;
    this.high = (h0 ^ h1 ^ h2 ^ h3) >>> 0;
  }
}
