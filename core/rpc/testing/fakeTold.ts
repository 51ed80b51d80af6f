import type { Leased } from '../../deliveries/dispatcher.ts';
import type { Deliveries } from '../../deliveries/deliveries.ts';
import type { LogWebhookAttempts } from '../../kernel/payments/commands.ts';
import type { ToldEvent } from '../../readmodels/queries/toldEvents.ts';
import type { AttemptRecord, DeliveryStanding } from '../../readmodels/queries/webhookDeliveries.ts';
import type { Seen } from '../reads.ts';
import type { ToldReads } from '../toldReads.ts';
import { POSITION } from './fakeLedger.ts';

/** What merchants were told, as a test says it; keeps what it was asked. */
export class FakeTold implements ToldReads {
  eventDocs: ToldEvent[] = [];
  deliveryDocs: DeliveryStanding[] = [];
  attemptDocs: AttemptRecord[] = [];
  hasMore = false;
  missing: number | null = null;
  readonly asked: unknown[] = [];

  event: ToldReads['event'] = (_scope, key) => {
    const found = this.eventDocs.find(({ seq, index }) => seq === key.seq && index === key.index);
    return this.#seen(key, found ?? null);
  };
  events: ToldReads['events'] = (_scope, filter) =>
    this.#seen(filter, { rows: this.eventDocs, hasMore: this.hasMore });
  firstMissing: ToldReads['firstMissing'] = () => Promise.resolve(this.missing);
  deliveries: ToldReads['deliveries'] = (_scope, filter) =>
    this.#seen(filter, { rows: this.deliveryDocs.slice(0, filter.limit), hasMore: false });
  attempts: ToldReads['attempts'] = (_scope, filter) =>
    this.#seen(filter, { rows: this.attemptDocs.slice(0, filter.limit), hasMore: false });

  #seen<T>(asked: unknown, value: T): Promise<Seen<T>> {
    this.asked.push(asked);
    return Promise.resolve({ asOfSeq: 12, value });
  }
}

/** Deliveries that a test hands out; keeps what came of them. */
export class FakeDeliveries implements Pick<Deliveries, 'lease' | 'release' | 'log'> {
  due: Leased[] = [];
  refused: string | null = null;
  readonly leases: { limit: number; waitMs: number }[] = [];
  readonly logged: ({ book: string } & Omit<LogWebhookAttempts, 'op'>)[] = [];

  lease: Deliveries['lease'] = (limit, waitMs) => {
    this.leases.push({ limit, waitMs });
    return Promise.resolve(this.due.splice(0, limit));
  };
  /** What was not wanted comes next. */
  release: Deliveries['release'] = (leased) => void this.due.unshift(...leased);
  log: Deliveries['log'] = (book, command) => {
    this.logged.push({ book, ...command });
    return Promise.resolve({ position: POSITION, refused: this.refused });
  };
}
