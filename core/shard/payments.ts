import type { Uuid } from '../kernel/ledger/commands.ts';
import type { PaymentCommand } from '../kernel/payments/commands.ts';
import type { Intent } from '../kernel/payments/model.ts';
import type { Router } from '../kernel/payments/router.ts';
import { durableIntent, PaymentRead } from './paymentRead.ts';
import { PaymentWork } from './paymentWork.ts';
import type { Timers } from './ports.ts';
import type { Malformed, PaymentAnswer } from './service.ts';
import type { Telling } from './tellings.ts';
import type { ShardWriter } from './writer.ts';

/** Intents of a shard that changed, durably; whoever drives payments on looks at them. */
export type OnTouched = (writer: ShardWriter, intents: Iterable<number>) => void;

/** Endpoints of a book for which something is to be done, durably; whoever tells them looks there. */
export type OnTellings = (shard: number, book: number, tellings: readonly Telling[]) => void;

/** Payments at the shards' writers: hands commands in, and tells who waits for an intent that it has moved. */
export class ShardPayments {
  readonly #router: Router;
  readonly #timers: Timers;
  readonly #listeners = new Set<OnTouched>();
  readonly #tellingListeners = new Set<OnTellings>();
  /** By intent's id and book: who waits for its next change. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(options: { router: Router; timers: Timers }) {
    this.#router = options.router;
    this.#timers = options.timers;
  }

  onTouched(listener: OnTouched): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onTellings(listener: OnTellings): () => void {
    this.#tellingListeners.add(listener);
    return () => this.#tellingListeners.delete(listener);
  }

  /** The work of a batch, for a writer that knows the book under that number. */
  work(
    writer: ShardWriter,
    book: number,
    commands: readonly (PaymentCommand | Malformed)[],
    {
      deadlineUs,
      done,
      fail,
    }: { deadlineUs: number; done: (answer: PaymentAnswer) => void; fail: (error: Error) => void },
  ): PaymentWork {
    return new PaymentWork({
      commands,
      book,
      router: this.#router,
      deadlineUs,
      fail,
      done: (position, outcomes, { touched, tellings }) => {
        done({ position, outcomes });
        for (const listener of this.#listeners) listener(writer, touched);
        if (tellings.length > 0)
          for (const listener of this.#tellingListeners) listener(writer.shard, book, tellings);
        for (const outcome of outcomes) if (outcome.done) this.#tell(keyOf(book, outcome.subject));
      },
    });
  }

  read(writer: ShardWriter, book: number, intent: Uuid, deadlineUs: number): Promise<Intent | null> {
    const found = durableIntent(writer, book, intent);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      writer.submit(new PaymentRead({ book, intent, deadlineUs, done: resolve, fail: reject }));
    });
  }

  /** `came` settles at the next change of the intent, after that long, or when nobody waits any more. */
  nextChange(book: number, intent: Uuid, waitMs: number): { came: Promise<void>; giveUp: () => void } {
    const key = keyOf(book, intent);
    const { promise: came, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting);
    const settle = (): void => {
      cancel();
      waiting.delete(settle);
      if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
      resolve();
    };
    const cancel = this.#timers.after(waitMs, settle);
    waiting.add(settle);
    return { came, giveUp: settle };
  }

  #tell(key: string): void {
    for (const settle of this.#waiting.get(key) ?? []) settle();
  }
}

function keyOf(book: number, intent: Uuid): string {
  return `${book} ${intent}`;
}
