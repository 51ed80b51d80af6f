import { hashBlock, sameHash } from '../journal/hash.ts';
import { lastSeqOf, type Block } from '../journal/block.ts';
import type { JournalStore, Tip } from '../journal/store.ts';
import { apply, progressOf } from '../kernel/ledger/apply.ts';
import { eachEvent, postingsAt, viewOf } from '../kernel/ledger/body.ts';
import {
  ACCOUNT_CHANGED,
  ACCOUNT_CLOSED,
  EventType,
  Flag,
  HEADER,
  POSTING,
  TARGETED,
  TX,
  TX_EXPIRY,
  TX_TARGET,
} from '../kernel/ledger/layout.ts';
import { dayOf } from '../kernel/ledger/limits.ts';
import { LedgerState } from '../kernel/ledger/state.ts';
import { AssetTable } from '../kernel/money/assets.ts';
import { admitAccount, progressed } from './loading.ts';
import { TamperedRow, type RecoveryPoint, type StateLoader } from './ports.ts';

/** Journal bytes that are read and applied at once. */
const CHUNK_BYTES = 16 * 1024 * 1024;

export interface Recovered {
  state: LedgerState;
  tip: Tip;
  epoch: number;
  /** Events that were replayed behind the read models' watermark. */
  replayed: number;
}

/**
 * Takes a shard over and brings its state to the tip: read models at their watermark, then the journal behind it.
 * The epoch is raised and committed before the tip is read, so nothing can be appended behind our back.
 * Null where another owner raised the epoch in between.
 */
export async function recover(options: {
  shard: number;
  owner: string;
  store: JournalStore;
  loader: StateLoader;
  seed: number;
}): Promise<Recovered | null> {
  const { shard, owner, store, loader } = options;
  const before = await store.epochOf(shard);
  const epoch = await store.raiseEpoch(shard, before.epoch, owner);
  if (epoch === null) return null;
  const tip = await store.tip(shard);
  const point = await loader.recoveryPoint(shard);
  if (point.height > tip.height)
    throw new TamperedRow(
      shard,
      `the journal, which ends at height ${tip.height} below the read models' ${point.height},`,
    );
  const state = stateAt(point, options.seed);
  let prevHash = point.hash,
    height = point.height,
    replayed = 0;
  while (height < tip.height) {
    const blocks = await store.read(shard, height + 1, CHUNK_BYTES);
    if (blocks.length === 0)
      throw new TamperedRow(shard, `the journal, in which the block at height ${height + 1} is missing,`);
    let firstSeq = state.nextSeq;
    for (const block of blocks) {
      check(block, height + 1, prevHash, firstSeq);
      firstSeq += block.eventCount;
      prevHash = block.hash;
      height = block.height;
    }
    const own = await bringIn(options, state, blocks, point.seq);
    for (const block of blocks) replayed += replay(state, block, own);
  }
  if (!sameHash(prevHash, tip.hash)) throw new TamperedRow(shard, `the block at height ${tip.height}`);
  return { state, tip, epoch, replayed };
}

function stateAt(point: RecoveryPoint, seed: number): LedgerState {
  const assets = new AssetTable();
  const state = new LedgerState({ seed, assets });
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
  if (point.seq > 0) state.nextExpiryUs = 0;
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
  state: LedgerState,
  blocks: readonly Block[],
  watermarkSeq: number,
): Promise<ReadonlySet<number>> {
  const numbers = new Set<number>(),
    targets = new Set<number>();
  for (const block of blocks) {
    const view = viewOf(block.body);
    eachEvent(view, (type, at) => touched(view, type, at, state, numbers, targets));
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
  state: LedgerState,
  seqs: readonly number[],
  watermarkSeq: number,
): Promise<void> {
  const { shard, store, loader } = options;
  const rows = await loader.progress(
    shard,
    seqs.filter((seq) => seq <= watermarkSeq),
  );
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
  state: LedgerState,
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
function replay(state: LedgerState, block: Block, own: ReadonlySet<number>): number {
  const view = viewOf(block.body);
  const events = eachEvent(view, (_, at) => {
    const seq = state.nextSeq;
    apply(state, view, at, block.blockTimeUs);
    if (own.has(seq) && !state.progress.has(seq)) state.progress.set(seq, progressOf(view, at, seq));
  });
  if (events !== block.eventCount) throw new TamperedRow(block.shard, `the block at height ${block.height}`);
  return events;
}
