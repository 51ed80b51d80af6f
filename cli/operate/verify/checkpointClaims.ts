import type { SignedCheckpoint } from '../../../core/journal/checkpoint.ts';
import { momentOf } from '../../../core/journal/checkpointFile.ts';
import { sameHash } from '../../../core/journal/hash.ts';
import type { Findings } from './findings.ts';

interface Claim {
  height: number;
  hash: Uint8Array;
  /** "checkpoint 7", or with the file that it came from. */
  source: string;
}

/** What checkpoints say about the shards' journals: the block at each of these heights has this hash. */
export class CheckpointClaims {
  readonly #byShard = new Map<number, Claim[]>();
  /** By shard: how far checkpoints from outside reach. */
  readonly #covered = new Map<number, number>();
  readonly #next = new Map<number, number>();
  readonly #findings: Findings;
  #isSorted = false;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  add(checkpoint: SignedCheckpoint, options: { source: string; isOutside: boolean }): void {
    for (const tip of checkpoint.tips) {
      if (tip.height === 0) continue;
      const claims = this.#of(tip.shard);
      const last = claims.at(-1);
      // Most shards stand still between two checkpoints.
      if (last === undefined || last.height !== tip.height || !sameHash(last.hash, tip.hash)) {
        claims.push({
          height: tip.height,
          hash: tip.hash,
          source: `${options.source} of ${momentOf(checkpoint.createdUs)}`,
        });
      }
      if (options.isOutside) this.#covered.set(tip.shard, Math.max(tip.height, this.coveredTo(tip.shard)));
    }
    this.#isSorted = false;
  }

  coveredTo(shard: number): number {
    return this.#covered.get(shard) ?? 0;
  }

  shards(): number[] {
    return [...this.#byShard.keys()];
  }

  /** A block of the journal, in the order of heights. */
  see(shard: number, height: number, hash: Uint8Array): void {
    this.#sort();
    const claims = this.#byShard.get(shard);
    if (claims === undefined) return;
    let next = this.#next.get(shard) ?? 0;
    for (; next < claims.length && claims[next].height <= height; next++) {
      const claim = claims[next];
      if (claim.height === height && !sameHash(claim.hash, hash)) {
        this.#findings.add({
          rule: 'I11',
          shard,
          height,
          message: `the block is not the one that ${claim.source} has seen: history was rewritten`,
        });
      }
    }
    this.#next.set(shard, next);
  }

  /** The journal of the shard ends here. */
  end(shard: number, height: number, server: number | undefined): void {
    this.#sort();
    const claims = this.#byShard.get(shard) ?? [];
    this.#next.delete(shard);
    const highest = claims.at(-1);
    if (highest === undefined || highest.height <= height) return;
    this.#findings.add({
      rule: 'I11',
      shard,
      height,
      ...(server === undefined ? {} : { server }),
      message: `the journal ends here, but ${highest.source} has seen height ${highest.height}: the tail of ${highest.height - height} blocks, ${height + 1} to ${highest.height}, is cut off`,
    });
  }

  #of(shard: number): Claim[] {
    let claims = this.#byShard.get(shard);
    if (claims === undefined) this.#byShard.set(shard, (claims = []));
    return claims;
  }

  #sort(): void {
    if (this.#isSorted) return;
    for (const claims of this.#byShard.values()) claims.sort((a, b) => a.height - b.height);
    this.#isSorted = true;
  }
}
