import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { PaymentChange } from '../../kernel/payments/change.ts';
import { type AccountName, accountNames, bookNames, intentWords } from '../../readmodels/queries/leaving.ts';
import type { Reader } from '../../readmodels/queries/reading.ts';
import { Generations } from './generations.ts';

/** Of one shard; twice as many at most. */
const ACCOUNTS_MAX = 100_000;
const INTENTS_MAX = 10_000;
const BOOKS_MAX = 10_000;
/** Asked for at once. */
const ACCOUNTS_AT_ONCE = 10_000;

/** What a payment intent is about, from that event on. */
export interface IntentWords {
  readonly seq: number;
  readonly merchant: Uuid;
  readonly customer: Uuid | null;
  readonly amount: bigint;
  readonly currency: string;
}

/** What the events of a shard name by number: kept as far as they were asked for. */
export class ShardNames {
  readonly #reader: Reader;
  readonly #shard: number;
  readonly #accounts = new Generations<number, AccountName>(ACCOUNTS_MAX);
  readonly #intents = new Generations<number, IntentWords[]>(INTENTS_MAX);
  readonly #books = new Generations<number, string>(BOOKS_MAX);

  constructor(reader: Reader, shard: number) {
    this.#reader = reader;
    this.#shard = shard;
  }

  /** Before the names of a batch are asked for: those of long ago may go. */
  turn(): void {
    for (const names of [this.#accounts, this.#intents, this.#books]) names.turn();
  }

  hasAccount(number: number): boolean {
    return this.#accounts.get(number) !== undefined;
  }

  /** Of an account that was loaded. */
  account(number: number): AccountName {
    const found = this.#accounts.get(number);
    if (found === undefined) throw this.#missing(`account ${number}`);
    return found;
  }

  hasIntent(seq: number): boolean {
    return this.#intents.get(seq) !== undefined;
  }

  /** As it stood after the event of that seq. */
  intent(intent: number, seq: number): IntentWords {
    const found = this.#intents.get(intent)?.findLast((one) => one.seq <= seq);
    if (found === undefined) throw this.#missing(`payment intent ${intent}`);
    return found;
  }

  hasBook(number: number): boolean {
    return this.#books.get(number) !== undefined;
  }

  book(number: number): string {
    const found = this.#books.get(number);
    if (found === undefined) throw this.#missing(`book ${number}`);
    return found;
  }

  async load(wanted: {
    accounts: ReadonlySet<number>;
    intents: ReadonlySet<number>;
    books: ReadonlySet<number>;
  }): Promise<void> {
    const numbers = [...wanted.accounts];
    for (let from = 0; from < numbers.length; from += ACCOUNTS_AT_ONCE)
      for (const name of await accountNames(
        this.#reader,
        this.#shard,
        numbers.slice(from, from + ACCOUNTS_AT_ONCE),
      ))
        this.#accounts.set(name.number, name);
    if (wanted.books.size > 0)
      for (const { number, name } of await bookNames(this.#reader, this.#shard, [...wanted.books]))
        this.#books.set(number, name);
    if (wanted.intents.size === 0) return;
    for (const { intent, seq, change } of await intentWords(this.#reader, this.#shard, [...wanted.intents]))
      this.learn(intent, seq, change);
  }

  /** An event that says what an intent is about. */
  learn(intent: number, seq: number, change: PaymentChange): void {
    if (change.name === 'intent_created') {
      const { merchant, customer, amount, currency } = change.intent;
      this.#intents.set(intent, [{ seq, merchant, customer, amount, currency }]);
      return;
    }
    const words = this.#intents.get(intent);
    const last = words?.at(-1);
    if (words === undefined || last === undefined || last.seq >= seq) return;
    if (change.name !== 'intent_updated' || change.updated === undefined) return;
    const { customer, amount } = change.updated;
    words.push({ ...last, seq, customer, amount });
  }

  #missing(what: string): Error {
    return new Error(`the read models have no ${what} of shard ${this.#shard}: run "florin verify"`);
  }
}
