import type { Block } from '../../journal/block.ts';
import {
  ACCOUNT_CHANGED,
  ACCOUNT_CLOSED,
  ACCOUNT_OPENED,
  EventType,
  Kind,
  PAYMENT,
  REFUSED,
  TX,
} from '../../kernel/ledger/layout.ts';
import { RowBuffer } from '../copy/rowBuffer.ts';
import {
  type AccountAlteration,
  writeAccountChange,
  writeAccountClosure,
  writeOpeningLimits,
} from '../rows/accountChanges.ts';
import { writeAccount } from '../rows/accounts.ts';
import { BalanceWriter } from '../rows/balances.ts';
import {
  type AdoptedAssetRow,
  type AdoptedBookRow,
  type AssetRow,
  type BookRow,
  assetAdopted,
  assetCreated,
  bookAdopted,
  bookCreated,
} from '../rows/booksAndAssets.ts';
import { writeFurtherPostings } from '../rows/postings.ts';
import { type ProgressDraft, mergeProgress, trackProgress, writeProgress } from '../rows/progress.ts';
import { writeRefusal } from '../rows/refusals.ts';
import { isTransfer, writeTransaction, writeTransfer } from '../rows/transactions.ts';
import type { Sealer } from '../sealing/seals.ts';
import { AccountTable } from './accountTable.ts';
import { EventCursor } from './cursor.ts';
import { EntryList } from './entryList.ts';
import { EntryWriter } from './entryWriter.ts';
import { PaymentBatch } from './paymentBatch.ts';
import { type Watermark, follows, passed } from './watermark.ts';

/** Events, or entries, that are encoded before others get a turn of the event loop: about half a millisecond. */
const SLICE = 256;
/** An event of a payment counts as so many: its JSON is read, sealed, and makes three rows. */
const PAYMENT_WEIGHT = 8;

/** The journal holds what no projector of this release can mean to project: it stops rather than skip. */
export class UnprojectableBlock extends Error {
  override readonly name = 'UnprojectableBlock';
}

/**
 * What some blocks, of one shard or several, mean for the tables: encoded rows, and the few changes that need what the
 * tables hold. Filled by `encode`, written by a ProjectionStore in one transaction, then used again.
 */
export class Batch {
  /** Where each shard stood, and stands after the batch. */
  from = new Map<number, Watermark>();
  to = new Map<number, Watermark>();
  events = 0;

  readonly transactions = new RowBuffer();
  readonly transfers = new RowBuffer();
  readonly postings = new RowBuffer();
  readonly entries = new EntryWriter();
  readonly accounts = new RowBuffer();
  readonly newBalances = new RowBuffer();
  readonly accountChanges = new RowBuffer();
  readonly refusals = new RowBuffer();
  readonly newProgress = new RowBuffer();
  readonly balances: BalanceWriter;
  readonly alterations = new Map<number, AccountAlteration>();
  readonly progress = new Map<number, ProgressDraft>();
  readonly refusalDays = new Map<number, number>();
  readonly books: BookRow[] = [];
  readonly adoptedBooks: AdoptedBookRow[] = [];
  readonly assets: AssetRow[] = [];
  readonly adoptedAssets: AdoptedAssetRow[] = [];
  readonly touched = new AccountTable();
  readonly payments = new PaymentBatch();

  readonly sealer: Sealer;
  readonly #entryList = new EntryList();
  /** By place: when an account of this batch was opened. */
  readonly #openedSeq = new Map<number, number>();
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);

  constructor(sealer: Sealer) {
    this.sealer = sealer;
    this.balances = new BalanceWriter(sealer);
  }

  /** Encodes blocks that follow the watermarks; each `yield` is a good moment to let others run. */
  *encode(watermarks: readonly Watermark[], blocks: readonly Block[]): Generator<void> {
    this.#clear();
    for (const watermark of watermarks) {
      this.from.set(watermark.shard, watermark);
      this.to.set(watermark.shard, { ...watermark });
    }
    const cursor = this.#gather(blocks);
    let left = SLICE;
    for (const block of blocks) {
      const end = this.#enter(cursor, block);
      while (cursor.at < end) {
        left -= cursor.type === EventType.payment ? PAYMENT_WEIGHT : 1;
        this.#event(cursor);
        cursor.at += cursor.length;
        cursor.seq++;
        this.events++;
        if (left <= 0) {
          left = SLICE;
          yield;
        }
      }
      this.#leave(cursor, block, end);
    }
    yield* this.#finish(cursor);
  }

  #clear(): void {
    this.from.clear();
    this.to.clear();
    this.events = 0;
    for (const rows of [
      this.transactions,
      this.transfers,
      this.postings,
      this.accounts,
      this.newBalances,
      this.accountChanges,
      this.refusals,
      this.newProgress,
    ])
      rows.clear();
    this.balances.clear();
    this.alterations.clear();
    this.progress.clear();
    this.refusalDays.clear();
    this.entries.clear();
    this.payments.clear();
    for (const list of [this.books, this.adoptedBooks, this.assets, this.adoptedAssets]) list.length = 0;
    this.touched.clear();
    this.#entryList.clear();
    this.#openedSeq.clear();
  }

  /** All bodies in one buffer, so that a posting is one offset. */
  #gather(blocks: readonly Block[]): EventCursor {
    let total = 0;
    for (const block of blocks) total += block.body.length;
    if (total > this.#bytes.length)
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(total, this.#bytes.length * 2));
    let at = 0;
    for (const block of blocks) {
      this.#bytes.set(block.body, at);
      at += block.body.length;
    }
    return new EventCursor(this.#bytes.subarray(0, total));
  }

  #enter(cursor: EventCursor, block: Block): number {
    const watermark = this.to.get(block.shard);
    if (watermark === undefined || !follows(watermark, block)) {
      throw new UnprojectableBlock(
        `block ${block.height} of shard ${block.shard} does not follow what is projected`,
      );
    }
    cursor.enterBlock(block);
    cursor.seq = block.firstSeq;
    return cursor.at + block.body.length;
  }

  #leave(cursor: EventCursor, block: Block, end: number): void {
    if (cursor.at !== end || cursor.seq !== block.firstSeq + block.eventCount) {
      throw new UnprojectableBlock(
        `block ${block.height} of shard ${block.shard} does not hold the events that it counts`,
      );
    }
    passed(this.#watermarkOf(cursor), block);
  }

  #watermarkOf(cursor: EventCursor): Watermark {
    const watermark = this.to.get(cursor.shard);
    if (watermark === undefined)
      throw new UnprojectableBlock(`shard ${cursor.shard} is not part of this batch`);
    return watermark;
  }

  #event(cursor: EventCursor): void {
    switch (cursor.type) {
      case EventType.transaction:
        this.#transaction(cursor);
        return;
      case EventType.accountOpened:
        this.#accountOpened(cursor);
        return;
      case EventType.accountChanged:
        this.#stamp(cursor, ACCOUNT_CHANGED.id);
        writeAccountChange(this.accountChanges, cursor, this.alterations);
        return;
      case EventType.accountClosed:
        this.#stamp(cursor, ACCOUNT_CLOSED.id);
        writeAccountClosure(this.accountChanges, cursor, this.alterations);
        return;
      case EventType.refused:
        this.#stamp(cursor, REFUSED.id);
        writeRefusal(this.refusals, cursor, this.refusalDays);
        return;
      case EventType.payment:
        this.#stamp(cursor, PAYMENT.id);
        this.payments.add(cursor, this.sealer);
        return;
      case EventType.bookCreated:
        this.books.push(bookCreated(cursor));
        return;
      case EventType.assetCreated:
        this.assets.push(assetCreated(cursor));
        return;
      case EventType.bookAdopted:
        this.adoptedBooks.push(bookAdopted(cursor));
        this.#watermarkOf(cursor).controlSeq = this.adoptedBooks[this.adoptedBooks.length - 1].controlSeq;
        return;
      case EventType.assetAdopted:
        this.adoptedAssets.push(assetAdopted(cursor));
        this.#watermarkOf(cursor).controlSeq = this.adoptedAssets[this.adoptedAssets.length - 1].controlSeq;
        return;
      default:
        throw new UnprojectableBlock(
          `event ${cursor.seq} of shard ${cursor.shard} has the unknown type ${cursor.type}`,
        );
    }
  }

  #transaction(cursor: EventCursor): void {
    this.#stamp(cursor, TX.id);
    if (isTransfer(cursor)) {
      writeTransfer(this.transfers, cursor);
    } else {
      writeTransaction(this.transactions, cursor);
      if (cursor.u16(TX.postings) > 1) writeFurtherPostings(this.postings, cursor);
      this.payments.own.see(cursor);
      if (cursor.u8(TX.kind) !== Kind.direct) trackProgress(this.progress, cursor);
    }
    this.#entryList.add(cursor, this.touched);
  }

  #accountOpened(cursor: EventCursor): void {
    this.#stamp(cursor, ACCOUNT_OPENED.id);
    writeAccount(this.accounts, cursor, this.sealer);
    writeOpeningLimits(this.accountChanges, cursor);
    const number = cursor.u32(ACCOUNT_OPENED.account);
    const place = this.touched.touch(cursor.shard, number);
    this.touched.opened[place] = 1;
    // Its own seq is that of the balance row until an entry comes.
    this.#openedSeq.set(place, cursor.seq);
    const watermark = this.#watermarkOf(cursor);
    if (number > watermark.lastAccount) watermark.lastAccount = number;
  }

  /** Ids that are UUIDv7 raise the shard's highest stamp. */
  #stamp(cursor: EventCursor, offset: number): void {
    const at = cursor.at + offset;
    const word = cursor.view.getUint32(at + 4);
    if (((word >>> 12) & 15) !== 7) return;
    const stamp = cursor.view.getUint32(at) * 65_536 + (word >>> 16);
    const watermark = this.#watermarkOf(cursor);
    if (stamp > watermark.highStampMs) watermark.highStampMs = stamp;
  }

  *#finish(cursor: EventCursor): Generator<void> {
    for (const draft of this.progress.values()) {
      if (draft.isNew) writeProgress(this.newProgress, mergeProgress(draft, undefined), this.sealer);
    }
    yield* this.payments.finish(this.sealer);
    const places = this.touched.sorted();
    this.#entryList.sort(this.touched, places, cursor.words());
    let next = 0;
    let sliceEnd = SLICE;
    for (const place of places) {
      const end = next + this.touched.entries[place];
      while (next < end) {
        const upto = Math.min(end, sliceEnd);
        this.entries.write(this.#entryList, cursor.view, { place, from: next, to: upto });
        next = upto;
        if (next === sliceEnd) {
          sliceEnd += SLICE;
          yield;
        }
      }
      this.#balance(cursor.view, place, end === 0 ? -1 : this.#entryList.entryAt(end - 1));
    }
  }

  #balance(view: DataView, place: number, lastEntry: number): void {
    const { touched, balances } = this;
    const shard = touched.shard[place];
    const account = touched.number[place];
    if (touched.entries[place] === 0) {
      balances.untouched({ shard, account, seq: this.#openedSeq.get(place) ?? 0 });
    } else {
      const list = this.#entryList;
      balances.fromPosting(view, list.postingAt(lastEntry), {
        shard,
        account,
        seq: list.seqOf(lastEntry),
        isDebit: (lastEntry & 1) === 0,
      });
    }
    if (touched.opened[place] === 1) balances.insert(this.newBalances);
    else balances.update();
  }
}
