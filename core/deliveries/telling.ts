import { Deliveries } from './deliveries.ts';
import { Dispatcher } from './dispatcher.ts';
import { SqlDeliveryStore } from './sqlStore.ts';
import type { LedgerNode } from '../shard/node.ts';
import type { Timers } from '../shard/ports.ts';
import { getMerchant } from '../readmodels/queries/merchants.ts';
import type { Reader } from '../readmodels/queries/reading.ts';
import type { Backlog } from '../readmodels/queries/webhookDeliveries.ts';

export interface TellingOptions {
  node: LedgerNode;
  poolOf: (shard: number) => Reader;
  pools: readonly Reader[];
  timers: Timers;
  projector: {
    /** Up to which event the read models hold everything. */
    projectedSeq(shard: number): number;
    waitForSeq(shard: number, seq: number, timeoutMs: number): Promise<boolean>;
  };
  log: (level: 'info' | 'warn', event: string, details: Record<string, unknown>) => void;
}

/** Telling webhook endpoints, put together. */
export class Telling {
  readonly deliveries: Deliveries;
  readonly #dispatcher: Dispatcher;
  /** What is due by now. */
  readonly backlog: () => Promise<Backlog>;

  constructor({ node, poolOf, pools, timers, projector, log }: TellingOptions) {
    const store = new SqlDeliveryStore({ poolOf, pools, log });
    this.backlog = () => store.backlog(node.nowUs(0));
    this.#dispatcher = new Dispatcher({
      store,
      timers,
      nowUs: () => node.nowUs(0),
      projectedSeq: (shard) => projector.projectedSeq(shard),
      tips: () => node.tips().map(({ shard, tip }) => ({ shard, seq: tip.seq })),
      onTellings: (listener) => node.onTellings(listener),
    });
    this.deliveries = new Deliveries({
      dispatcher: this.#dispatcher,
      shards: node,
      hasTakenSince: (shard, endpoint, key) => store.hasTakenSince(shard, endpoint, key),
      reached: (shard, seq, waitMs) => projector.waitForSeq(shard, seq, waitMs),
      endpointId: async (book, merchant, endpoint) => {
        const { shard, number } = node.locate(book);
        const { value } = await getMerchant(poolOf(shard), { shard, book: number }, merchant);
        return value?.webhooks.find((one) => one.number === endpoint)?.id ?? null;
      },
      log,
    });
  }

  start(): Promise<void> {
    return this.#dispatcher.start();
  }

  stop(): void {
    this.#dispatcher.stop();
  }

  advanced(shard: number): void {
    this.#dispatcher.advanced(shard);
  }
}
