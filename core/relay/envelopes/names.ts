import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { PaymentChange } from '../../kernel/payments/change.ts';
import { type AccountName, accountNames, bookNames, intentWords } from '../../readmodels/queries/leaving.ts';
import type { Reader } from '../../readmodels/queries/reading.ts';

/** Of one shard; the oldest go first. */
const ACCOUNTS_MAX = 200_000;
const INTENTS_MAX = 20_000;
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
  readonly #accounts = new Map<number, AccountName>();
  readonly #intents = new Map<number, IntentWords[]>();
  #books = new Map<number, string>();

  constructor(reader: Reader, shard: number) {
    this.#reader = reader;
    this.#shard = shard;
  }

  hasAccount(number: number): boolean {
    return this.#accounts.has(number);
  }

  /** Of an account that was loaded. */
  account(number: number): AccountName {
    const found = this.#accounts.get(number);
    if (found === undefined) throw this.#missing(`account ${number}`);
    return found;
  }

  hasIntent(seq: number): boolean {
    return this.#intents.has(seq);
  }

  /** As it stood after the event of that seq. */
  intent(intent: number, seq: number): IntentWords {
    const found = this.#intents.get(intent)?.findLast((one) => one.seq <= seq);
    if (found === undefined) throw this.#missing(`payment intent ${intent}`);
    return found;
  }

  hasBook(number: number): boolean {
    return this.#books.has(number);
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
    makeRoom(this.#accounts, wanted.accounts.size, ACCOUNTS_MAX);
    const numbers = [...wanted.accounts];
    for (let from = 0; from < numbers.length; from += ACCOUNTS_AT_ONCE)
      for (const name of await accountNames(
        this.#reader,
        this.#shard,
        numbers.slice(from, from + ACCOUNTS_AT_ONCE),
      ))
        this.#accounts.set(name.number, name);
    if (wanted.books.size > 0)
      this.#books = new Map(
        (await bookNames(this.#reader, this.#shard)).map(({ number, name }) => [number, name]),
      );
    if (wanted.intents.size === 0) return;
    makeRoom(this.#intents, wanted.intents.size, INTENTS_MAX);
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

/** What is wanted is never let go of: it is not in there yet. */
function makeRoom(map: Map<number, unknown>, wanted: number, most: number): void {
  let over = map.size + wanted - most;
  if (over <= 0) return;
  for (const key of map.keys()) {
    map.delete(key);
    if (--over <= 0) return;
  }
}
