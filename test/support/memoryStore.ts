import type { Block } from '../../core/journal/block.ts';
import { type ReadBounds, within } from '../../core/journal/readBounds.ts';
import { ZERO_HASH } from '../../core/journal/hash.ts';
import {
  AppendDuplicate,
  AppendRefused,
  AppendUnknown,
  type JournalStore,
  type Tip,
} from '../../core/journal/store.ts';

/**
 * What befalls a statement: `refused` nothing happened; `lost` unknown, and it never commits; `done` unknown, though it
 * has committed; `late` unknown, and it commits at the last moment that its epoch still allows; `duplicate` one of its
 * blocks stood there already; `elsewhere` another node takes the shards first.
 */
export type Fate = 'fine' | 'refused' | 'lost' | 'done' | 'late' | 'duplicate' | 'elsewhere';

/** A journal in memory that fences as the real one does, and suffers what it is told to. */
export class MemoryStore implements JournalStore {
  readonly journal = new Map<number, Block[]>();
  readonly #epochs = new Map<number, { epoch: number; owner: string }>();
  /** Every statement that arrived, whatever became of it. */
  readonly statements: Block[][] = [];
  /** One for each statement to come; none left: all is fine. */
  fates: Fate[] = [];
  /** Microseconds since 1970. */
  timeUs = 1_768_478_400_000_000;
  #late: Block[][] = [];
  #gate: Promise<void> | null = null;

  /** Statements wait from now on until the returned function is called. */
  pause(): () => void {
    let open = () => {};
    this.#gate = new Promise((resolve) => {
      open = () => {
        this.#gate = null;
        resolve();
      };
    });
    return open;
  }

  blocks(shard: number): Block[] {
    return this.journal.get(shard) ?? [];
  }

  async append(blocks: readonly Block[]): Promise<ReadonlySet<number>> {
    // As bytes: what is appended later must be what was sent now.
    const sent = blocks.map((block) => ({ ...block, body: block.body.slice() }));
    this.statements.push(sent);
    await this.#gate;
    switch (this.fates.shift() ?? 'fine') {
      case 'fine':
        break;
      case 'refused':
        throw new AppendRefused('no disk');
      case 'duplicate':
        throw new AppendDuplicate('it stands there');
      case 'lost':
        throw new AppendUnknown('connection lost');
      case 'done':
        this.#insert(sent);
        throw new AppendUnknown('connection lost');
      case 'late':
        this.#late.push(sent);
        throw new AppendUnknown('connection lost');
      case 'elsewhere':
        for (const { shard } of sent)
          this.#epochs.set(shard, { epoch: this.#epoch(shard).epoch + 1, owner: 'another' });
    }
    return this.#insert(sent);
  }

  #insert(blocks: readonly Block[]): Set<number> {
    const appended = new Set<number>();
    const fenced = blocks.filter((block) => this.#epoch(block.shard).epoch === block.epoch);
    if (fenced.some((block) => this.blocks(block.shard).some((other) => other.height === block.height)))
      throw new AppendUnknown('duplicate key');
    for (const block of fenced) {
      this.journal.set(block.shard, [...this.blocks(block.shard), block]);
      appended.add(block.shard);
    }
    return appended;
  }

  #epoch(shard: number): { epoch: number; owner: string } {
    return this.#epochs.get(shard) ?? { epoch: 1, owner: '' };
  }

  async raiseEpoch(shard: number, from: number, owner: string): Promise<number | null> {
    // Whatever was still under way holds the epoch's row, so the raise waits for it.
    const late = this.#late;
    this.#late = [];
    for (const blocks of late) this.#insert(blocks);
    if (this.#epoch(shard).epoch !== from) return null;
    this.#epochs.set(shard, { epoch: from + 1, owner });
    return from + 1;
  }

  async epochOf(shard: number): Promise<{ epoch: number; owner: string }> {
    return this.#epoch(shard);
  }

  async takeEpochs(shards: readonly number[], owner: string): Promise<Map<number, number>> {
    const epochs = new Map<number, number>();
    for (const shard of shards)
      epochs.set(shard, (await this.raiseEpoch(shard, this.#epoch(shard).epoch, owner))!);
    return epochs;
  }

  async isAtEpoch(shard: number, epoch: number): Promise<boolean> {
    return this.#epoch(shard).epoch === epoch;
  }

  async tip(shard: number): Promise<Tip> {
    const last = this.blocks(shard).at(-1);
    if (last === undefined) return { height: 0, epoch: 0, seq: 0, blockTimeUs: 0, hash: ZERO_HASH };
    const { height, epoch, firstSeq, eventCount, blockTimeUs, hash } = last;
    return { height, epoch, seq: firstSeq + eventCount - 1, blockTimeUs, hash };
  }

  async tips(shards: readonly number[]): Promise<Map<number, Tip>> {
    const tips = new Map<number, Tip>();
    for (const shard of shards) tips.set(shard, await this.tip(shard));
    return tips;
  }

  async databaseTimeUs(): Promise<number> {
    return this.timeUs;
  }

  async read(shard: number, fromHeight: number, bounds: ReadBounds): Promise<Block[]> {
    return within(
      this.blocks(shard).filter(({ height }) => height >= fromHeight),
      ({ body }) => body.length,
      bounds,
    );
  }

  /** In chunks of two blocks, whose bytes are spoilt as soon as they were visited. */
  async stream(
    { shard, from, to }: { shard: number; from: number; to: number },
    visit: (blocks: readonly Block[]) => Promise<void>,
  ): Promise<void> {
    const range = this.blocks(shard).filter(({ height }) => height >= from && height <= to);
    for (let i = 0; i < range.length; i += 2) {
      const lent = range.slice(i, i + 2).map((block) => ({
        ...block,
        prevHash: Uint8Array.from(block.prevHash),
        hash: Uint8Array.from(block.hash),
        body: Uint8Array.from(block.body),
      }));
      await visit(lent);
      for (const { prevHash, hash, body } of lent)
        for (const bytes of [prevHash, hash, body]) bytes.fill(255);
    }
  }

  async blockOfSeq(shard: number, seq: number): Promise<Block | null> {
    return (
      this.blocks(shard).find(({ firstSeq, eventCount }) => firstSeq <= seq && seq < firstSeq + eventCount) ??
      null
    );
  }

  async block(shard: number, height: number): Promise<Block | null> {
    return this.blocks(shard)[height - 1] ?? null;
  }
}
