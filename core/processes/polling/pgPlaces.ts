import {
  countEvents,
  dropEvents,
  dueEvents,
  keepEvents,
  postponeEvents,
  readCursor,
  saveCursor,
} from '../../journal/providerEvents.ts';
import type { Money, PspEvent } from '../psp.ts';
import type { EventPlaces, ListedAccount, Unmatched, WaitingEvent } from './ports.ts';

type Database = Parameters<typeof readCursor>[0];

/** In two tables beside the journal, on the first server. */
export class PgEventPlaces implements EventPlaces {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  cursorOf(account: ListedAccount): Promise<string> {
    return readCursor(this.#database, account);
  }

  saveCursor(account: ListedAccount, cursor: string): Promise<void> {
    return saveCursor(this.#database, account, cursor);
  }

  keep(account: ListedAccount, events: readonly Unmatched[]): Promise<void> {
    const stored = events.map(({ event, why, afterMs }) => ({
      key: keyOf(event),
      event: toJson(event),
      why: plain(why),
      afterMs,
    }));
    return keepEvents(this.#database, account, stored);
  }

  async due(account: ListedAccount, limit: number): Promise<WaitingEvent[]> {
    const rows = await dueEvents(this.#database, account, limit);
    return rows.map(({ event, ...row }) => ({ ...row, event: fromJson(event) }));
  }

  again(account: ListedAccount, events: readonly Unmatched[]): Promise<void> {
    const rows = events.map(({ event, why, afterMs }) => ({ key: keyOf(event), why: plain(why), afterMs }));
    return postponeEvents(this.#database, account, rows);
  }

  drop(account: ListedAccount, events: readonly PspEvent[]): Promise<void> {
    return dropEvents(this.#database, account, events.map(keyOf));
  }

  count(account: ListedAccount): Promise<number> {
    return countEvents(this.#database, account);
  }
}

/** As the journal tells events of an account apart. */
function keyOf({ operation, dedupeKey }: PspEvent): string {
  return `${operation} ${dedupeKey}`;
}

/** What Postgres takes for text. */
function plain(text: string): string {
  return text.replaceAll('\0', ' ').toWellFormed();
}

interface Stored extends Omit<PspEvent, 'money' | 'cost'> {
  readonly money: (Omit<Money, 'amount'> & { readonly amount: string }) | null;
  readonly cost?: string;
}

function toJson({ money, cost, ...event }: PspEvent): string {
  const stored: Stored = {
    ...event,
    money: money === null ? null : { ...money, amount: money.amount.toString() },
    ...(cost === undefined ? {} : { cost: cost.toString() }),
  };
  return JSON.stringify(stored);
}

/** Written by ourselves, in a table that nobody decides upon: an amount that is none throws. */
function fromJson(value: unknown): PspEvent {
  const { money, cost, ...event } = value as Stored;
  return {
    ...event,
    money: money === null ? null : { ...money, amount: BigInt(money.amount) },
    ...(cost === undefined ? {} : { cost: BigInt(cost) }),
  };
}
