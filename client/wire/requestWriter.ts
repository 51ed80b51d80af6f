import { ByteWriter } from './byteWriter.ts';
import { type NewTransactionInit, writeNewTransaction } from './newTransaction.ts';

const BOOK_TAG = 0x0a;
/** All batch requests of the ledger have their items in field 2. */
const ITEM_TAG = 0x12;

/** Where one item stands in its request, tag and length included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A batch request of the ledger that is being filled: `book = 1`, and items one after the other in field 2. */
export class RequestWriter<Item> {
  readonly #writer: ByteWriter;
  readonly #write: (writer: ByteWriter, item: Item) => void;
  /** Items of one batch resemble each other, so the last one's width is the best guess. */
  #width = 1;

  constructor(book: string, write: (writer: ByteWriter, item: Item) => void, capacity = 16_384) {
    this.#write = write;
    this.#writer = new ByteWriter(capacity);
    this.#writer.string(BOOK_TAG, book);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#writer.at;
  }

  /** Appends an item; returns where it ends. If it cannot be written, nothing is appended, and this throws. */
  add(item: Item): number {
    const writer = this.#writer;
    const before = writer.at;
    try {
      const start = writer.begin(ITEM_TAG, this.#width);
      this.#write(writer, item);
      this.#width = writer.end(start, this.#width);
      return writer.at;
    } catch (error) {
      writer.at = before;
      throw error;
    }
  }

  /** Appends an item that another request had written. */
  addWritten(source: RequestWriter<Item>, { start, end }: Span): number {
    this.#writer.raw(source.#writer.bytes.subarray(start, end));
    return this.#writer.at;
  }

  /** Removes everything from `end` on. */
  cutTo(end: number): void {
    this.#writer.at = end;
  }

  /** The request; a view that is good until the next `add`. */
  bytes(): Uint8Array {
    return this.#writer.bytes.subarray(0, this.#writer.at);
  }
}

/** For bulk loaders: fills a CreateTransactionsRequest without an object a transaction on the way to the wire. */
export class CreateTransactionsWriter extends RequestWriter<NewTransactionInit> {
  constructor(book: string, capacity?: number) {
    super(book, writeNewTransaction, capacity);
  }
}
