import type { Block } from '../../core/journal/block.ts';
import {
  ACCOUNT_OPENED,
  BOOK_ADOPTED,
  EventType,
  FORMAT,
  HEADER,
  Kind,
  POSTING,
  State,
  TX,
} from '../../core/kernel/ledger/layout.ts';

const TRANSFER_BYTES = TX.bytes + POSTING.bytes;
const BOOK = 1;

/** Blocks of plain transfers between random accounts, laid out as the kernel lays them out, with true counters. */
export class DirectBlocks {
  readonly #accounts: number;
  readonly #version: Float64Array;
  readonly #debits: Float64Array;
  readonly #credits: Float64Array;
  #height = 0;
  #seq = 0;
  #timeUs = 1_760_000_000_000_000;
  #random = 1;

  constructor(accounts: number) {
    this.#accounts = accounts;
    this.#version = new Float64Array(accounts + 1);
    this.#debits = new Float64Array(accounts + 1);
    this.#credits = new Float64Array(accounts + 1);
  }

  /** Adopts a book and opens the accounts. */
  opening(): Block[] {
    const blocks = [this.#block([adoption()])];
    for (let from = 1; from <= this.#accounts; from += 8192) {
      const count = Math.min(8192, this.#accounts - from + 1);
      blocks.push(this.#block(Array.from({ length: count }, (_, i) => opened(from + i))));
    }
    return blocks;
  }

  transfers(count: number): Block {
    const body = Buffer.alloc(count * TRANSFER_BYTES);
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const day = Math.floor(this.#timeUs / 86_400_000_000);
    for (let i = 0; i < count; i++) this.#transfer(view, i * TRANSFER_BYTES, day);
    return this.#sealed(body, count);
  }

  #transfer(view: DataView, at: number, day: number): void {
    const debit = 1 + this.#next(this.#accounts);
    const credit = 1 + ((debit + this.#next(this.#accounts - 1)) % this.#accounts);
    const amount = 1 + this.#next(10_000);
    view.setUint32(at + HEADER.length, TRANSFER_BYTES, true);
    view.setUint8(at + HEADER.type, EventType.transaction);
    view.setUint8(at + HEADER.format, FORMAT);
    // As clients stamp them at 100,000 a second: a hundred share a millisecond and are in no order among themselves.
    const ms = Math.floor(this.#timeUs / 1000) + Math.floor(this.#seqOfIds / 100);
    view.setUint32(at + TX.id, Math.floor(ms / 65_536));
    view.setUint16(at + TX.id + 4, ms % 65_536);
    view.setUint16(at + TX.id + 6, 0x7000 | this.#next(4096));
    view.setUint32(at + TX.id + 8, (0x80000000 | this.#next(2 ** 30)) >>> 0);
    view.setUint32(at + TX.id + 12, ++this.#seqOfIds);
    view.setUint32(at + TX.book, BOOK, true);
    view.setInt32(at + TX.date, day, true);
    view.setUint8(at + TX.kind, Kind.direct);
    view.setUint8(at + TX.state, State.posted);
    view.setUint16(at + TX.postings, 1, true);
    const p = at + TX.bytes;
    view.setUint32(p + POSTING.debitAccount, debit, true);
    view.setUint32(p + POSTING.creditAccount, credit, true);
    put(view, p + POSTING.amount, amount);
    this.#debits[debit] += amount;
    this.#credits[credit] += amount;
    put(view, p + POSTING.debitVersion, ++this.#version[debit]);
    put(view, p + POSTING.creditVersion, ++this.#version[credit]);
    put(view, p + POSTING.debitCounters, this.#debits[debit]);
    put(view, p + POSTING.debitCounters + 8, this.#credits[debit]);
    put(view, p + POSTING.creditCounters, this.#debits[credit]);
    put(view, p + POSTING.creditCounters + 8, this.#credits[credit]);
  }

  #seqOfIds = 0;

  #block(events: Buffer[]): Block {
    return this.#sealed(Buffer.concat(events), events.length);
  }

  /** Hashes are heights here: the projector compares them, and makes none. */
  #sealed(body: Buffer, eventCount: number): Block {
    const hash = (height: number): Buffer => {
      const bytes = Buffer.alloc(32);
      bytes.writeUInt32LE(height);
      return bytes;
    };
    this.#height++;
    this.#timeUs += 1_000;
    const firstSeq = this.#seq + 1;
    this.#seq += eventCount;
    return {
      shard: 0,
      height: this.#height,
      epoch: 1,
      firstSeq,
      eventCount,
      blockTimeUs: this.#timeUs,
      prevHash: hash(this.#height - 1),
      hash: hash(this.#height),
      body,
    };
  }

  #next(below: number): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#random / 4_294_967_296) * below);
  }
}

function put(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 4_294_967_296), true);
}

function event(type: number, bytes: number): Buffer {
  const body = Buffer.alloc(Math.ceil(bytes / 8) * 8);
  body.writeUInt32LE(body.length, HEADER.length);
  body.writeUInt8(type, HEADER.type);
  body.writeUInt8(FORMAT, HEADER.format);
  return body;
}

function adoption(): Buffer {
  const body = event(EventType.bookAdopted, BOOK_ADOPTED.bytes + 5);
  body.writeBigInt64LE(1n, BOOK_ADOPTED.controlSeq);
  body.writeUInt32LE(BOOK, BOOK_ADOPTED.book);
  body.writeUInt32LE(5, BOOK_ADOPTED.nameBytes);
  body.write('bench', BOOK_ADOPTED.bytes);
  return body;
}

function opened(number: number): Buffer {
  const code = `account:${number}`;
  const body = event(EventType.accountOpened, ACCOUNT_OPENED.bytes + code.length + 3);
  body.writeUInt32BE(number, ACCOUNT_OPENED.id + 12);
  body.writeUInt32BE(0x7000, ACCOUNT_OPENED.id + 4);
  body.writeUInt32LE(BOOK, ACCOUNT_OPENED.book);
  body.writeUInt32LE(number, ACCOUNT_OPENED.account);
  body.writeUInt8(2, ACCOUNT_OPENED.normalSide);
  body.writeUInt8(code.length, ACCOUNT_OPENED.codeBytes);
  body.writeUInt8(3, ACCOUNT_OPENED.assetBytes);
  body.write(`${code}EUR`, ACCOUNT_OPENED.bytes);
  return body;
}
