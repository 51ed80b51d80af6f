import {
  type ToldEvent,
  type ToldFilter,
  type ToldKey,
  firstMissingEvent,
  getToldEvent,
  listToldEvents,
} from '../readmodels/queries/toldEvents.ts';
import type { Page, Reader } from '../readmodels/queries/reading.ts';
import {
  type AttemptFilter,
  type AttemptRecord,
  type DeliveryFilter,
  type DeliveryStanding,
  listAttempts,
  listDeliveries,
} from '../readmodels/queries/webhookDeliveries.ts';
import type { Scope, Seen } from './reads.ts';

/** What the services ask about what merchants are told. */
export interface ToldReads {
  event(scope: Scope, key: Omit<ToldKey, 'bookNumber'>): Promise<Seen<ToldEvent | null>>;
  /** Newest first. */
  events(scope: Scope, filter: ToldFilter): Promise<Seen<Page<ToldEvent>>>;
  /** The first of these that the merchant was not told, by its place among them; null for none. */
  firstMissing(
    scope: Scope,
    merchant: string,
    events: readonly Pick<ToldKey, 'seq' | 'index'>[],
  ): Promise<number | null>;
  /** Newest event first. */
  deliveries(scope: Scope, filter: DeliveryFilter): Promise<Seen<Page<DeliveryStanding>>>;
  /** Newest first. */
  attempts(scope: Scope, filter: AttemptFilter): Promise<Seen<Page<AttemptRecord>>>;
}

/** The same from the tables of the read models. */
export function sqlToldReads(poolOf: (shard: number) => Reader): ToldReads {
  return {
    event: (scope, key) => getToldEvent(poolOf(scope.shard), scope, key),
    events: (scope, filter) => listToldEvents(poolOf(scope.shard), scope, filter),
    firstMissing: (scope, merchant, events) =>
      firstMissingEvent(poolOf(scope.shard), scope.book, merchant, events),
    deliveries: (scope, filter) => listDeliveries(poolOf(scope.shard), scope, filter),
    attempts: (scope, filter) => listAttempts(poolOf(scope.shard), scope, filter),
  };
}
