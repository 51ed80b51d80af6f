import type { JournalStore } from '../journal/store.ts';
import { progressOf } from '../kernel/ledger/apply.ts';
import { eachEvent, isTransaction, viewOf } from '../kernel/ledger/body.ts';
import type { LimitValues, Uuid } from '../kernel/ledger/commands.ts';
import { Kind, TX } from '../kernel/ledger/layout.ts';
import type { LedgerState, Progress } from '../kernel/ledger/state.ts';
import { wordsOf } from '../kernel/ledger/uuid.ts';
import { isReserved } from '../kernel/ledger/reserved.ts';
import { hashBlock, sameHash } from '../journal/hash.ts';
import type { Knowledge, Wanted } from './knowledge.ts';
import { admitDeclines, declinesOf } from './declinedCards.ts';
import { keep } from '../kernel/payments/apply.ts';
import { decodeChange } from '../kernel/payments/change.ts';
import { dueOf } from '../kernel/payments/due.ts';
import { PaymentsState } from '../kernel/payments/state.ts';
import {
  TamperedRow,
  type LoadedAccount,
  type LoadedPaymentEvent,
  type LoadedProgress,
  type StateLoader,
} from './ports.ts';
import type { ShardWriter } from './writer.ts';

/**
 * Brings into memory what a turn misses. Read models hold everything that was ever evicted: a row leaves memory only
 * after they have passed its last event. A row read while something was evicted may be older than that, so such a
 * reading is thrown away and made again.
 */
export class Loading {
  readonly #loader: StateLoader;
  readonly #store: Pick<JournalStore, 'blockOfSeq'>;

  constructor(loader: StateLoader, store: Pick<JournalStore, 'blockOfSeq'>) {
    this.#loader = loader;
    this.#store = store;
  }

  async load(writer: ShardWriter, book: number, wanted: Wanted, knowledge: Knowledge): Promise<void> {
    const generation = writer.generation();
    const { shard } = writer;
    const none = { watermarkSeq: 0, rows: [] };
    const [ids, accounts, numbered, codes, events, progress, payments, declines] = await Promise.all([
      wanted.ids.size === 0 ? none : this.#loader.spentIds(shard, book, [...wanted.ids]),
      wanted.accounts.size === 0 ? none : this.#loader.accountsById(shard, book, [...wanted.accounts]),
      wanted.numbers.size === 0
        ? none
        : this.#loader.accountsByNumber(shard, Uint32Array.from(wanted.numbers)),
      wanted.codes.size === 0 ? none : this.#loader.accountsByCode(shard, book, [...wanted.codes]),
      this.#events(writer, wanted.events),
      this.#progress(writer, wanted.progress),
      wanted.payments.size === 0 ? none : this.#loader.payments(shard, [...wanted.payments]),
      wanted.cards.size === 0 ? null : declinesOf(this.#loader, shard, [...wanted.cards.values()]),
    ]);
    if (writer.phase === 'ended' || writer.generation() !== generation) return;
    for (const id of wanted.ids) knowledge.ids.set(id, 0);
    for (const row of ids.rows) knowledge.ids.set(row.id as Uuid, row.seq);
    for (const row of [...accounts.rows, ...numbered.rows]) admitAccount(writer.state, row);
    const found = new Set(accounts.rows.map((row) => row.id));
    for (const id of wanted.accounts) if (!found.has(id)) knowledge.absentAccounts.add(id);
    for (const code of wanted.codes) knowledge.freeCodes.add(code);
    for (const row of codes.rows) {
      knowledge.freeCodes.delete(row.code);
      knowledge.takenCodes.add(row.code);
    }
    for (const [seq, event] of events) knowledge.events.set(seq, event);
    for (const [seq, one] of progress) {
      if (one === null) knowledge.notTransactions.add(seq);
      else if (!writer.state.progress.has(seq)) writer.state.progress.set(seq, one);
    }
    if (declines !== null) admitDeclines(writer.state.payments.cardTries, wanted.cards.values(), declines);
    admitPayments(writer.state.payments, payments.rows);
    const { payments: resident } = writer.state;
    for (const seq of wanted.payments) if (!resident.has(seq)) knowledge.notPayments.add(seq);
  }

  async #events(
    writer: ShardWriter,
    seqs: Iterable<number>,
  ): Promise<Map<number, { view: DataView; at: number }>> {
    const found = new Map<number, { view: DataView; at: number }>();
    for (const seq of seqs) {
      if (found.has(seq)) continue;
      const recent = writer.eventOf(seq);
      if (recent !== undefined) found.set(seq, recent);
      else await this.#block(writer.shard, seq, found);
    }
    return found;
  }

  /** Adds every event of the block that holds the seq: replays come in runs. */
  async #block(
    shard: number,
    seq: number,
    found: Map<number, { view: DataView; at: number }>,
  ): Promise<void> {
    const block = await this.#store.blockOfSeq(shard, seq);
    if (block === null) throw new Error(`seq ${seq} of shard ${shard} is in no block`);
    if (!sameHash(hashBlock(block), block.hash)) throw new TamperedRow(shard, `block ${block.height}`);
    const view = viewOf(block.body);
    eachEvent(view, (_, at, index) => found.set(block.firstSeq + index, { view, at }));
  }

  /** Transactions as later commands act on them: their own event, and what the read models say happened to them since. */
  async #progress(writer: ShardWriter, seqs: ReadonlySet<number>): Promise<Map<number, Progress | null>> {
    const found = new Map<number, Progress | null>();
    if (seqs.size === 0) return found;
    const [events, rows] = await Promise.all([
      this.#events(writer, seqs),
      this.#loader.progress(writer.shard, [...seqs]),
    ]);
    const bySeq = new Map(rows.rows.map((row) => [row.seq, row]));
    for (const seq of seqs) {
      const { view, at } = events.get(seq)!;
      const isTarget = isTransaction(view, at) && view.getUint8(at + TX.kind) !== Kind.expiry;
      found.set(seq, isTarget ? progressed(progressOf(view, at, seq), bySeq.get(seq)) : null);
    }
    return found;
  }
}

/** A transaction as its own event left it, brought on by what the read models say became of it. */
export function progressed(progress: Progress, row: LoadedProgress | undefined): Progress {
  if (row === undefined) return progress;
  progress.state = row.state;
  progress.postings.forEach((posting, i) => {
    posting.posted = row.posted[i] ?? 0n;
    posting.reversed = row.reversed[i] ?? 0n;
  });
  return progress;
}

/** Makes what payments are about resident, unless it is, from all of its events. */
export function admitPayments(payments: PaymentsState, rows: readonly LoadedPaymentEvent[]): void {
  const loaded = new PaymentsState();
  for (const { subjectSeq, seq, book, subjectId, change } of rows)
    keep(loaded, decodeChange(change), { seq: subjectSeq, book, id: subjectId as Uuid }, seq);
  for (const [seq, merchant] of loaded.merchants)
    if (!payments.merchants.has(seq)) payments.merchants.set(seq, merchant);
  for (const [seq, customer] of loaded.customers)
    if (!payments.customers.has(seq)) payments.customers.set(seq, customer);
  for (const [seq, method] of loaded.paymentMethods)
    if (!payments.paymentMethods.has(seq)) payments.paymentMethods.set(seq, method);
  for (const [seq, key] of loaded.apiKeys) if (!payments.apiKeys.has(seq)) payments.apiKeys.set(seq, key);
  for (const [seq, link] of loaded.paymentLinks)
    if (!payments.paymentLinks.has(seq)) payments.paymentLinks.set(seq, link);
  for (const [seq, intent] of loaded.intents) {
    if (payments.intents.has(seq)) continue;
    payments.intents.set(seq, intent);
    for (const { id } of intent.operations) payments.operations.set(id, seq);
    const dueUs = dueOf(intent);
    if (dueUs !== Infinity) payments.dues.add(dueUs, seq);
  }
}

/** Makes an account resident, unless it is: memory is never older than a row. */
export function admitAccount(state: LedgerState, row: LoadedAccount): void {
  const words = wordsOf(row.id as Uuid);
  if (state.accounts.find(row.book, ...words) >= 0) return;
  state.accounts.insert({
    number: row.number,
    book: row.book,
    words,
    asset: state.assets.numberOf(row.asset),
    creditNormal: row.normalSide === 2,
    closed: row.closed,
    reserved: isReserved(words, row.code),
    version: row.version,
    debitsPosted: row.debitsPosted,
    creditsPosted: row.creditsPosted,
    debitsPending: row.debitsPending,
    creditsPending: row.creditsPending,
    limits: row.limits as LimitValues,
    lastSeq: 0,
  });
}
