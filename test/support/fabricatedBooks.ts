import type { Block } from '../../core/journal/block.ts';
import { PgStore } from '../../core/journal/pgStore.ts';
import { ISO_4217 } from '../../core/kernel/money/iso4217.ts';
import { REFUSALS } from '../../core/kernel/ledger/refusals.ts';
import { migrate } from '../../core/readmodels/migrate.ts';
import { Batch } from '../../core/readmodels/projection/batch.ts';
import { PgProjectionStore } from '../../core/readmodels/projection/pgStore.ts';
import { Sealer } from '../../core/readmodels/sealing/seals.ts';

/** Tables, registries included, as a start of the core leaves them. */
export async function migrated(url: string): Promise<void> {
  await migrate(url, {
    assets: ISO_4217.map(([code, scale, name]) => ({ code, scale, name })),
    reasons: Object.entries(REFUSALS).map(([name, { number }]) => ({ number, name })),
  });
}

/** Writes blocks that a kernel has made, as the writer would: through the fence, one statement a block. */
export async function appendBlocks(url: string, blocks: readonly Block[]): Promise<void> {
  const store = new PgStore({ url });
  try {
    const epochs = new Map<number, number>();
    for (const block of blocks) {
      let epoch = epochs.get(block.shard) ?? (await store.epochOf(block.shard)).epoch;
      while (epoch < block.epoch) epoch = (await store.raiseEpoch(block.shard, epoch, 'test')) ?? block.epoch;
      epochs.set(block.shard, epoch);
      const appended = await store.append([block]);
      if (!appended.has(block.shard))
        throw new Error(`block ${block.height} of shard ${block.shard} was fenced`);
    }
  } finally {
    await store.close();
  }
}

/** Projects blocks into the read models, with the projector's own encoder and store. */
export async function projectBlocks(url: string, blocks: readonly Block[]): Promise<void> {
  const store = new PgProjectionStore({ url });
  const batch = new Batch(new Sealer(new Uint8Array(16)));
  try {
    for (const shard of new Set(blocks.map((block) => block.shard))) {
      const own = blocks.filter((block) => block.shard === shard);
      const marks = await store.watermarks([shard]);
      for (const _slice of batch.encode(marks, own)) continue;
      await store.apply(batch);
    }
  } finally {
    await store.close();
  }
}
