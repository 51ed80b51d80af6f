import { hashBlock, sameHash } from '../journal/hash.ts';
import { lastSeqOf, type Block } from '../journal/block.ts';
import type { JournalStore, Tip } from '../journal/store.ts';
import { apply } from '../kernel/apply.ts';
import { progressOf } from '../kernel/ledger/apply.ts';
import { eachEvent, postingsAt, viewOf } from '../kernel/ledger/body.ts';
import {
  ACCOUNT_CHANGED,
  ACCOUNT_CLOSED,
  EventType,
  Flag,
  HEADER,
  PAYMENT,
  POSTING,
  TARGETED,
  TX,
  TX_EXPIRY,
  TX_TARGET,
} from '../kernel/ledger/layout.ts';
import { dayOf } from '../kernel/ledger/limits.ts';
import { ShardState } from '../kernel/shardState.ts';
import { AssetTable } from '../kernel/money/assets.ts';
import { admitAccount, admitPayments, progressed } from './loading.ts';
import { type Clock, TamperedRow, type RecoveryPoint, type StateLoader } from './ports.ts';

export interface Recovered {
  state: ShardState;
  tip: Tip;
  epoch: number;
  /** Events that were replayed behind the read models' watermark. */
  replayed: number;
  /** The blocks that they were in: the last seq and the bytes of each. */
  tail: { seq: number; bytes: number }[];
  /** Where the time of the replay went, milliseconds: bringing in what the blocks touch, and applying them. */
  took: { loadMs: number; applyMs: number };
}

/** A shard whose epoch is ours: nothing can be appended behind our back any more. */
export interface Claim {
  shard: number;
  epoch: number;
  tip: Tip;
  point: RecoveryPoint;
}

/**
 * Claims shards, however many in four round trips: raises their epochs, and once that is committed reads where their
 * journals and read models stand. A tip that was read earlier, or in the same statement, could be an older one.
 */
export async function claim(options: {
  shards: readonly number[];
  owner: string;
  store: JournalStore;
  loader: StateLoader;
}): Promise<Map<number, Claim>> {
  const { shards, owner, store, loader } = options;
  const epochs = await store.takeEpochs(shards, owner);
  const [tips, points] = await Promise.all([store.tips(shards), loader.recoveryPoints(shards)]);
  return new Map(
    shards.map((shard) => [
      shard,
      { shard, epoch: epochs.get(shard)!, tip: tips.get(shard)!, point: points.get(shard)! },
    ]),
  );
}

/** Brings a claimed shard's state to the tip: read models at their watermark, then the journal behind it. */
export async function recover(options: {
  claim: Claim;
  store: JournalStore;
  loader: StateLoader;
  seed: number;
  clock: Clock;
}): Promise<Recovered> {
  const { store, clock } = options;
  const { shard, epoch, tip, point } = options.claim;
  if (point.height > tip.height)
    throw new TamperedRow(
      shard,
      `the journal, which ends at height ${tip.height} below the read models' ${point.height},`,
    );
  const state = stateAt(point, options.seed);
  const took = { loadMs: 0, applyMs: 0 };
  const tail: { seq: number; bytes: number }[] = [];
  let prevHash = point.hash,
    height = point.height,
    replayed = 0;
  const since = (startUs: number): number => (clock.monotonicUs() - startUs) / 1_000;
  const bringOn = async (blocks: readonly Block[]): Promise<void> => {
    let firstSeq = state.nextSeq;
    for (const block of blocks) {
      check(block, height + 1, prevHash, firstSeq);
      firstSeq += block.eventCount;
      // The bytes of a block are somebody else's as soon as we are done here.
      prevHash = Uint8Array.from(block.hash);
      height = block.height;
    }
    const beganUs = clock.monotonicUs();
    const own = await bringIn({ ...options, shard }, state, blocks, point.seq);
    took.loadMs += since(beganUs);
    const loadedUs = clock.monotonicUs();
    for (const block of blocks) {
      replayed += replay(state, block, own);
      tail.push({ seq: lastSeqOf(block), bytes: block.body.length });
    }
    took.applyMs += since(loadedUs);
  };
  if (height < tip.height) await store.stream({ shard, from: height + 1, to: tip.height }, bringOn);
  if (height < tip.height)
    throw new TamperedRow(shard, `the journal, in which the block at height ${height + 1} is missing,`);
  if (!sameHash(prevHash, tip.hash)) throw new TamperedRow(shard, `the block at height ${tip.height}`);
  return { state, tip, epoch, replayed, tail, took };
}

function stateAt(point: RecoveryPoint, seed: number): ShardState {
  const assets = new AssetTable();
  const state = new ShardState({ seed, assets });
  for (const asset of point.assets) assets.add({ ...asset, iso: false });
  for (const book of point.books) state.addBook(book);
  state.nextSeq = point.seq + 1;
  state.lastAccount = point.lastAccount;
  state.controlSeq = point.controlSeq;
  state.ids.forgottenStampMs = point.highStampMs;
  state.ids.othersKnown = point.seq === 0;
  state.refusalDay = dayOf(point.blockTimeUs);
  for (const { book, count } of point.refusalsToday) state.refusalsToday.set(book, count);
  // Holds of before may be due: the timer looks into the read models once.
  if (point.seq > 0) state.storedExpiryUs = state.payments.storedDueUs = 0;
  // What cards were declined before is asked for when the first of them is tried.
  state.payments.cardTries.isComplete = point.seq === 0;
  return state;
}

function check(block: Block, height: number, prevHash: Uint8Array, firstSeq: number): void {
  const sound =
    block.height === height &&
    block.firstSeq === firstSeq &&
    sameHash(block.prevHash, prevHash) &&
    sameHash(hashBlock(block), block.hash);
  if (!sound) throw new TamperedRow(block.shard, `the block at height ${height}`);
}

/** Makes resident what these blocks touch. Answers with the targets that lie in these blocks themselves. */
async function bringIn(
  options: { shard: number; store: JournalStore; loader: StateLoader },
  state: ShardState,
  blocks: readonly Block[],
  watermarkSeq: number,
): Promise<ReadonlySet<number>> {
  const numbers = new Set<number>(),
    targets = new Set<number>(),
    payments = new Set<number>();
  for (const block of blocks) {
    const view = viewOf(block.body);
    eachEvent(view, (type, at) => touched(view, type, at, state, numbers, targets));
    eachEvent(view, (type, at) => {
      const began = type === EventType.payment ? Number(view.getBigInt64(at + PAYMENT.subjectSeq, true)) : 0;
      if (began > 0 && began < state.nextSeq && !state.payments.has(began)) payments.add(began);
    });
  }
  if (payments.size > 0) {
    const rows = await options.loader.payments(options.shard, [...payments]);
    if (rows.watermarkSeq !== watermarkSeq) throw new Error('the read models moved during the recovery');
    admitPayments(state.payments, rows.rows);
  }
  if (numbers.size > 0)
    await options.loader.eachAccount(options.shard, Uint32Array.from(numbers), (row) =>
      admitAccount(state, row),
    );
  const own = new Set([...targets].filter((seq) => seq >= state.nextSeq));
  const older = [...targets].filter((seq) => seq < state.nextSeq).toSorted((x, y) => x - y);
  if (older.length > 0) await bringInTargets(options, state, older, watermarkSeq);
  return own;
}

/** Transactions of blocks before, as their own events left them and as the read models say they went on. */
async function bringInTargets(
  options: { shard: number; store: JournalStore; loader: StateLoader },
  state: ShardState,
  seqs: readonly number[],
  watermarkSeq: number,
): Promise<void> {
  const { shard, store, loader } = options;
  const rows = await loader.progress(
    shard,
    seqs.filter((seq) => seq <= watermarkSeq),
  );
  // Accounts may be ahead, since events carry what they are after them; what is posted and reversed adds up. A projector
  // of before may still have had a batch on its way: the claim is read anew.
  if (rows.watermarkSeq !== watermarkSeq) throw new Error('the read models moved during the recovery');
  const bySeq = new Map(rows.rows.map((row) => [row.seq, row]));
  const wanted = new Set(seqs);
  let upto = 0;
  for (const seq of seqs) {
    if (seq <= upto) continue;
    const block = await store.blockOfSeq(shard, seq);
    if (block === null || !sameHash(hashBlock(block), block.hash))
      throw new TamperedRow(shard, `the block of seq ${seq}`);
    upto = lastSeqOf(block);
    const view = viewOf(block.body);
    eachEvent(view, (_, at, index) => {
      const one = block.firstSeq + index;
      if (wanted.has(one)) state.progress.set(one, progressed(progressOf(view, at, one), bySeq.get(one)));
    });
  }
}

/** Collects account numbers and targets that are not resident yet. */
function touched(
  view: DataView,
  type: number,
  at: number,
  state: ShardState,
  numbers: Set<number>,
  targets: Set<number>,
): void {
  const account = (number: number) => {
    if (number <= state.lastAccount && state.accounts.slotOf(number) < 0) numbers.add(number);
  };
  if (type === EventType.accountChanged) return account(view.getUint32(at + ACCOUNT_CHANGED.account, true));
  if (type === EventType.accountClosed) return account(view.getUint32(at + ACCOUNT_CLOSED.account, true));
  if (type !== EventType.transaction) return;
  const flags = view.getUint16(at + HEADER.flags, true);
  const stride = (flags & Flag.hasTarget) === 0 ? POSTING.bytes : TARGETED.bytes;
  const count = view.getUint16(at + TX.postings, true);
  for (let i = 0, p = postingsAt(view, at); i < count; i++, p += stride) {
    account(view.getUint32(p + POSTING.debitAccount, true));
    account(view.getUint32(p + POSTING.creditAccount, true));
  }
  if ((flags & Flag.hasTarget) === 0) return;
  const targetAt = at + TX.bytes + ((flags & Flag.hasExpiry) === 0 ? 0 : TX_EXPIRY.bytes);
  const seq = Number(view.getBigInt64(targetAt + TX_TARGET.seq, true));
  if (!state.progress.has(seq)) targets.add(seq);
}

/** Applies a block. Of `own` targets the progress begins here, unless apply has made it. */
function replay(state: ShardState, block: Block, own: ReadonlySet<number>): number {
  const view = viewOf(block.body);
  const events = eachEvent(view, (_, at) => {
    const seq = state.nextSeq;
    apply(state, view, at, block.blockTimeUs);
    if (own.has(seq) && !state.progress.has(seq)) state.progress.set(seq, progressOf(view, at, seq));
  });
  if (events !== block.eventCount) throw new TamperedRow(block.shard, `the block at height ${block.height}`);
  return events;
}
