import { type ToldEvent, type ToldKey, toldEventsAt } from '../readmodels/queries/toldEvents.ts';
import type { Reader } from '../readmodels/queries/reading.ts';
import {
  type Backlog,
  type DueDelivery,
  type EndpointKey,
  type Queue,
  deliveryBacklog,
  hasTakenSince,
  pendingDeliveries,
  waitingEndpoints,
} from '../readmodels/queries/webhookDeliveries.ts';
import type { DeliveryStore } from './dispatcher.ts';

interface SqlDeliveryStoreOptions {
  poolOf: (shard: number) => Reader;
  pools: readonly Reader[];
  log: (level: 'warn', event: string, details: Record<string, unknown>) => void;
}

/** Deliveries in the read models of all servers. */
export class SqlDeliveryStore implements DeliveryStore {
  readonly #poolOf: (shard: number) => Reader;
  readonly #pools: readonly Reader[];
  readonly #log: SqlDeliveryStoreOptions['log'];

  constructor({ poolOf, pools, log }: SqlDeliveryStoreOptions) {
    this.#log = log;
    this.#poolOf = poolOf;
    this.#pools = pools;
  }

  async waiting(): Promise<(EndpointKey & { dueUs: number })[]> {
    return (await Promise.all(this.#pools.map(waitingEndpoints))).flat();
  }

  async backlog(nowUs: number): Promise<Backlog> {
    const parts = await Promise.all(this.#pools.map((pool) => deliveryBacklog(pool, nowUs)));
    const oldest = parts.flatMap(({ oldestUs }) => oldestUs ?? []);
    return {
      due: parts.reduce((sum, { due }) => sum + due, 0),
      oldestUs: oldest.length === 0 ? null : Math.min(...oldest),
    };
  }

  async pending(queues: readonly Queue[], eachMost: number): Promise<DueDelivery[]> {
    const byPool = Map.groupBy(queues, ({ shard }) => this.#poolOf(shard));
    const found = [...byPool].map(([pool, keys]) => pendingDeliveries(pool, keys, eachMost));
    return (await Promise.all(found)).flat();
  }

  events(shard: number, keys: readonly ToldKey[]): Promise<ToldEvent[]> {
    return toldEventsAt(this.#poolOf(shard), keys, (event, error) =>
      this.#log('warn', 'webhooks.event.broken', { shard, ...event, error: error.message }),
    );
  }

  hasTakenSince(
    shard: number,
    endpoint: number,
    key: ToldKey & { askedSeq: number },
  ): Promise<boolean | null> {
    return hasTakenSince(this.#poolOf(shard), endpoint, key);
  }
}
