import { randomInt } from 'node:crypto';
import type { Random } from './shard/ports.ts';

/** Randomness that nobody can foresee. */
export const systemRandom: Random = { unit: () => randomInt(2 ** 47) / 2 ** 47 };
