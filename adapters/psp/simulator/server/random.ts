/**
 * Randomness that is the same whenever the same is asked: 0 up to 1, drawn from a seed and what it is drawn for. So a
 * request has its fate whatever arrives beside it, and a failed run can be run again. Not for secrets.
 */
export function drawn(seed: number, what: string): number {
  // FNV-1a over the text, then the finaliser of MurmurHash3, which spreads its low entropy over all bits.
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < what.length; i++) h = Math.imul(h ^ what.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** The standard normal deviate for two such draws (Box and Muller, 1958). */
export function normal(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
}
