import type { SignedCheckpoint } from './checkpoint.ts';
import { momentOf } from './checkpointFile.ts';
import { sameHash } from './hash.ts';

/** The journal is not the one that a checkpoint has seen: committed blocks are gone, or were written anew. */
export class HistoryRefused extends Error {
  override readonly name = 'HistoryRefused';
  readonly shard: number;

  constructor(shard: number, message: string) {
    super(message);
    this.shard = shard;
  }
}

/** Where known checkpoints have seen these shards: heights by shard, none where the shard was empty. */
export function knownHeights(checkpoint: SignedCheckpoint, shards: readonly number[]): Map<number, number> {
  const known = shards.map((shard) => [shard, checkpoint.tips[shard]?.height ?? 0] as const);
  return new Map(known.filter(([, height]) => height > 0));
}

/**
 * Refuses a shard whose journal ends below the height of a known checkpoint, or has another block there: a server that
 * was restored from an older backup, or a standby that took over without having all. Asked while a shard is taken over,
 * with its tip and the hash of the block at the known height.
 */
export function refusalOf(
  checkpoint: SignedCheckpoint,
  shard: number,
  journal: { readonly height: number; readonly hashAtKnown: Uint8Array | undefined },
): HistoryRefused | null {
  const known = checkpoint.tips[shard];
  if (known === undefined || known.height === 0) return null;
  const seen = `checkpoint ${checkpoint.number} of ${momentOf(checkpoint.createdUs)}`;
  const advice = `Do not go on with this database: find the server or the backup that has them. "florin verify" shows more.`;
  if (journal.height < known.height) {
    return new HistoryRefused(
      shard,
      `the journal of shard ${shard} ends at height ${journal.height}, but ${seen} has seen height ${known.height}: ${known.height - journal.height} committed blocks are lost. ${advice}`,
    );
  }
  if (journal.hashAtKnown === undefined || !sameHash(journal.hashAtKnown, known.hash)) {
    return new HistoryRefused(
      shard,
      `the block of shard ${shard} at height ${known.height} is not the one that ${seen} has seen: its history was rewritten. ${advice}`,
    );
  }
  return null;
}
