import { hashBlock, sameHash, ZERO_HASH } from '../../../core/journal/hash.ts';
import type { Adoptions } from './adoptions.ts';
import type { CheckpointClaims } from './checkpointClaims.ts';
import { NOTHING_EXPECTED, type Expected } from './comparison.ts';
import type { Findings } from './findings.ts';
import { eachEventAt, Unreadable, type EventAt } from './events.ts';
import { foldEvent } from './foldEvent.ts';
import { checkOriginal } from './reversals.ts';
import { ShardFold } from './shardFold.ts';
import { checkTotals, expectState } from './stateRows.ts';
import type { ShardTip, Snapshot, Watermark } from './snapshot.ts';
import type { Tuples } from './tuples.ts';

/** What the replay of a shard came to. */
export interface Replayed {
  shard: number;
  height: number;
  seq: number;
  blocks: number;
  events: number;
  transactions: number;
  accounts: number;
  /** The bytes could be read to the end, so that the tables can be compared. */
  isComplete: boolean;
}

export interface ReplayOptions {
  snapshot: Snapshot;
  shard: number;
  /** Undefined where the projection has no row for the shard. */
  watermark: Watermark | undefined;
  expected: Expected;
  findings: Findings;
  claims: CheckpointClaims;
  adoptions: Adoptions;
  /** Told how many events are done, now and then. */
  onProgress: (events: number) => void;
}

const journalOf = (shard: number, where = ''): string =>
  `SELECT height, epoch, first_seq, event_count, block_time_us, prev_hash, hash, body FROM florin.journal WHERE shard = ${shard} ${where} ORDER BY height`;

interface BlockAt {
  height: number;
  epoch: number;
  firstSeq: number;
  eventCount: number;
  blockTimeUs: number;
  prevHash: Buffer;
  hash: Buffer;
  body: Buffer;
  bodyAt: number;
}

/** Replays one shard from height 1: the chain, then every event in it. */
export async function replayShard(options: ReplayOptions): Promise<Replayed> {
  const replay = new Replay(options);
  await options.snapshot.scan(journalOf(options.shard), (tuples, at) => replay.block(tuples, at));
  return replay.finish();
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #fold: ShardFold;
  readonly #before = { height: 0, epoch: 0, seq: 0, blockTimeUs: 0, hash: Buffer.from(ZERO_HASH) };
  #blocks = 0;
  #events = 0;
  #isComplete = true;
  #event: EventAt | null = null;

  constructor(options: ReplayOptions) {
    this.#options = options;
    const { shard, snapshot, expected, findings, adoptions } = options;
    this.#fold = new ShardFold({ shard, server: snapshot.server, expected, findings, adoptions });
    this.#atWatermark();
  }

  block(tuples: Tuples, at: number): void {
    const block = blockAt(tuples, at);
    this.#checkLink(block);
    this.#options.claims.see(this.#options.shard, block.height, block.hash);
    if (this.#isComplete) this.#foldBlock(tuples, block);
    this.#before.height = block.height;
    this.#before.epoch = block.epoch;
    this.#before.seq = block.firstSeq + block.eventCount - 1;
    this.#before.blockTimeUs = block.blockTimeUs;
    block.hash.copy(this.#before.hash);
    this.#blocks++;
    this.#events += block.eventCount;
    this.#atWatermark();
    this.#options.onProgress(block.eventCount);
  }

  async finish(): Promise<Replayed> {
    const { watermark, shard, snapshot, claims } = this.#options;
    const { height, seq } = this.#before;
    if (watermark !== undefined && watermark.height > height) {
      this.#isComplete = false;
      this.#tell(
        'I14',
        height,
        `the read models stand at height ${watermark.height}, above the end of the journal at ${height}: its tail is gone`,
      );
    }
    claims.end(shard, height, snapshot.server);
    if (this.#isComplete) await this.#finishFold();
    return {
      shard,
      height,
      seq,
      blocks: this.#blocks,
      events: this.#events,
      transactions: this.#fold.transactions,
      accounts: this.#fold.accounts.last,
      isComplete: this.#isComplete,
    };
  }

  async #finishFold(): Promise<void> {
    const fold = this.#fold;
    checkTotals(fold, (rule, message) => this.#tell(rule, this.#before.height, message));
    if (fold.reversed.size === 0) return;
    const seqs = [...fold.reversed.keys()];
    const from = seqs.reduce((a, b) => Math.min(a, b)),
      to = seqs.reduce((a, b) => Math.max(a, b));
    await this.#options.snapshot.scan(
      journalOf(
        fold.shard,
        `AND event_count > 0 AND first_seq <= ${to} AND first_seq + event_count > ${from}`,
      ),
      (tuples, at) => {
        const block = blockAt(tuples, at);
        const event = this.#enter(tuples, block);
        eachEventAt(event, block.bodyAt, block.body.length, () => checkOriginal(fold, event));
      },
    );
    for (const [seq, reversed] of fold.reversed) {
      if (!reversed.isFound)
        this.#tell(
          'I6',
          this.#before.height,
          `seq ${reversed.firstSeq} reverses seq ${seq}, which is not there`,
        );
    }
  }

  #checkLink(block: BlockAt): void {
    const before = this.#before;
    if (block.height !== before.height + 1) {
      this.#tell(
        'I8',
        block.height,
        `${block.height - before.height - 1} blocks are missing before it, from height ${before.height + 1} on`,
      );
      this.#isComplete = false;
    } else if (!sameHash(block.prevHash, before.hash))
      this.#tell(
        'I11',
        block.height,
        `names ${short(block.prevHash)} as the hash of the block before, which is ${short(before.hash)}`,
      );
    if (block.firstSeq !== before.seq + 1 && block.height === before.height + 1)
      this.#tell('I8', block.height, `begins with seq ${block.firstSeq} where ${before.seq + 1} is next`);
    if (block.epoch < before.epoch)
      this.#tell('I10', block.height, `has the epoch ${block.epoch} after ${before.epoch}`);
    if (block.blockTimeUs < before.blockTimeUs)
      this.#tell('I8', block.height, `has a time before that of the block before`);
    const computed = hashBlock({ ...block, shard: this.#options.shard });
    if (!sameHash(computed, block.hash))
      this.#tell(
        'I11',
        block.height,
        `its header and body hash to ${short(computed)}, it bears ${short(block.hash)}`,
      );
  }

  #foldBlock(tuples: Tuples, block: BlockAt): void {
    const event = this.#enter(tuples, block);
    try {
      const events = eachEventAt(event, block.bodyAt, block.body.length, () => foldEvent(this.#fold, event));
      if (events !== block.eventCount)
        throw new Unreadable(`${events} events in a block that counts ${block.eventCount}`);
    } catch (error) {
      // A length that leads out of the buffer shows as RangeError.
      if (!(error instanceof Unreadable) && !(error instanceof RangeError)) throw error;
      this.#isComplete = false;
      this.#options.findings.add({
        rule: 'I11',
        server: this.#options.snapshot.server,
        shard: this.#options.shard,
        height: block.height,
        seq: event.seq,
        message: `${error.message}: no kernel wrote this, and nothing behind it in this shard was folded`,
      });
    }
  }

  #enter({ bytes, view }: Tuples, block: BlockAt): EventAt {
    const event = (this.#event ??= {
      bytes,
      view,
      at: 0,
      length: 0,
      seq: 0,
      height: 0,
      blockTimeUs: 0,
      day: 0,
    });
    event.bytes = bytes;
    event.view = view;
    event.seq = block.firstSeq;
    event.height = block.height;
    event.blockTimeUs = block.blockTimeUs;
    event.day = Math.floor(block.blockTimeUs / 86_400e6);
    return event;
  }

  /** Where the read models stand: the state is theirs, and what follows is not in them yet. */
  #atWatermark(): void {
    const { watermark } = this.#options;
    const before = this.#before;
    if (watermark === undefined) this.#fold.expected = NOTHING_EXPECTED;
    if (
      watermark === undefined ||
      watermark.height !== before.height ||
      this.#fold.expected === NOTHING_EXPECTED ||
      !this.#isComplete
    )
      return;
    expectState(this.#fold, before);
    this.#fold.expected = NOTHING_EXPECTED;
  }

  #tell(rule: string, height: number, message: string): void {
    this.#options.findings.add({
      rule,
      server: this.#options.snapshot.server,
      shard: this.#options.shard,
      height,
      message,
    });
  }
}

function blockAt({ bytes, view }: Tuples, at: number): BlockAt {
  const whole = (offset: number): number => Number(view.getBigInt64(at + offset));
  const bytea = (offset: number): { from: number; to: number } => ({
    from: offset + 4,
    to: offset + 4 + view.getInt32(offset),
  });
  const prevHash = bytea(at + 58),
    hash = bytea(prevHash.to),
    body = bytea(hash.to);
  return {
    height: whole(6),
    epoch: whole(18),
    firstSeq: whole(30),
    eventCount: view.getInt32(at + 42),
    blockTimeUs: whole(50),
    prevHash: bytes.subarray(prevHash.from, prevHash.to),
    hash: bytes.subarray(hash.from, hash.to),
    body: bytes.subarray(body.from, body.to),
    bodyAt: body.from,
  };
}

function short(hash: Uint8Array): string {
  return `${Buffer.from(hash).toString('hex', 0, 8)}..`;
}

/** Shards that a server keeps something of: a journal, or read models. */
export function shardsOf(tips: readonly ShardTip[], watermarks: ReadonlyMap<number, Watermark>): number[] {
  return [...new Set([...tips.map((tip) => tip.shard), ...watermarks.keys()])].sort((a, b) => a - b);
}
