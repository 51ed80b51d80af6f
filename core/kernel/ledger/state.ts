import { AccountTable } from './accounts.ts';
import { Expiries } from './expiries.ts';
import { IdTable } from './ids.ts';
import type { AssetTable } from '../money/assets.ts';
import type { Uuid } from './commands.ts';

/** A transaction that later commands act on: a hold, or whatever was reversed in part. */
export interface Progress {
  seq: number;
  book: number;
  id: Uuid;
  kind: number;
  /** A number of State in layout.ts. */
  state: number;
  /** Microseconds; Infinity for never. */
  expiresAtUs: number;
  postings: ProgressPosting[];
  /** The last event that changed it. */
  lastSeq: number;
}

export interface ProgressPosting {
  /** Account numbers. */
  debit: number;
  credit: number;
  amount: bigint;
  posted: bigint;
  reversed: bigint;
}

export interface BookState {
  number: number;
  name: string;
  shard: number;
  overridden: boolean;
  description: string;
  createdUs: number;
  seq: number;
}

/** Everything that decisions of one shard rest on. Only apply.ts and loading change it. */
export class LedgerState {
  readonly accounts: AccountTable;
  readonly ids: IdTable;
  readonly assets: AssetTable;
  /** By seq. Holds, posts and reversed transactions that are resident. */
  readonly progress = new Map<number, Progress>();
  readonly books = new Map<number, BookState>();
  readonly booksByName = new Map<string, BookState>();
  /** Codes of accounts whose opening the read models may not show yet: 'book:code' to account number and seq. */
  readonly recentCodes = new Map<string, { number: number; seq: number }>();
  /** Remembered refusals of the present UTC day, by book. */
  readonly refusalsToday = new Map<number, number>();
  refusalDay = 0;
  /** Whether an event is just being applied: what fails in between leaves a state that nobody knows. */
  applying = false;
  /** The seq of the next event. */
  nextSeq = 1;
  lastAccount = 0;
  lastBook = 0;
  /** The last event of the control shard that was adopted. */
  controlSeq = 0;
  /** Raised whenever progress is let go of: what was read before is worth nothing. */
  progressEvictions = 0;
  /** Raised whenever a code is let go: one that was read as free before that may be taken. */
  codeEvictions = 0;
  /** When the holds expire that were applied here. */
  readonly expiries = new Expiries();
  /** The earliest moment at which a hold may expire that is not resident; Infinity for none. The timer looks then. */
  storedExpiryUs = Infinity;

  constructor(options: { seed: number; assets: AssetTable }) {
    this.accounts = new AccountTable(options.seed);
    this.ids = new IdTable(options.seed);
    this.assets = options.assets;
  }

  addBook(book: BookState): void {
    this.books.set(book.number, book);
    this.booksByName.set(book.name, book);
    if (book.number > this.lastBook) this.lastBook = book.number;
  }
}
