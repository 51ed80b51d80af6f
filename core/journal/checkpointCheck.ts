import type { Block } from './block.ts';
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

/** What of a JournalStore the check needs. */
export interface TipReader {
  tip(shard: number): Promise<{ height: number }>;
  block(shard: number, height: number): Promise<Block | null>;
}

/**
 * Refuses a shard whose journal ends below the height of a known checkpoint, or has another block there: a server that
 * was restored from an older backup, or a standby that took over without having all. Asked before a shard is taken over.
 */
export async function refuseOlderHistory(
  checkpoint: SignedCheckpoint,
  shard: number,
  journal: TipReader,
): Promise<void> {
  const known = checkpoint.tips[shard];
  if (known === undefined || known.height === 0) return;
  const seen = `checkpoint ${checkpoint.number} of ${momentOf(checkpoint.createdUs)}`;
  const advice = `Do not go on with this database: find the server or the backup that has them. "florin verify" shows more.`;
  const tip = await journal.tip(shard);
  if (tip.height < known.height) {
    throw new HistoryRefused(
      shard,
      `the journal of shard ${shard} ends at height ${tip.height}, but ${seen} has seen height ${known.height}: ${known.height - tip.height} committed blocks are lost. ${advice}`,
    );
  }
  const block = await journal.block(shard, known.height);
  if (block === null || !sameHash(block.hash, known.hash)) {
    throw new HistoryRefused(
      shard,
      `the block of shard ${shard} at height ${known.height} is not the one that ${seen} has seen: its history was rewritten. ${advice}`,
    );
  }
}
