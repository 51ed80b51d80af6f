import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { ToldEvent, ToldKey } from '../../readmodels/queries/toldEvents.ts';
import type { DueDelivery, EndpointKey } from '../../readmodels/queries/webhookDeliveries.ts';
import type { OnTellings } from '../../shard/payments.ts';
import { Dispatcher } from '../dispatcher.ts';
import type { Came } from '../lanes.ts';

export const SHARD = 3;
const MERCHANT = '0190a3a0-0000-7000-8000-000000000001' as Uuid;
const TAKEN: Came = { status: 200, retryAfterMs: null, tookMs: 20 };

/** Tables, time and a journal that the test moves by hand. */
export class Scene {
  nowUs = 1e15;
  projected = 0;
  lastSeq = 0;
  rows: DueDelivery[] = [];
  looks = 0;
  /** How often events, or what waits, cannot be read. */
  failing = 0;
  tips: { shard: number; seq: number }[] = [];
  whileReading: () => void = () => undefined;
  #listeners = new Set<OnTellings>();
  #timers: { atUs: number; callback: () => void }[] = [];
  readonly dispatcher = new Dispatcher({
    store: {
      waiting: () => {
        if (this.failing-- > 0) return Promise.reject(new Error('away'));
        return Promise.resolve(
          [...Map.groupBy(this.rows, ({ endpoint }) => endpoint)].map(([endpoint, rows]) => ({
            ...keyOf(endpoint),
            dueUs: Math.min(...rows.map(({ dueUs }) => dueUs)),
          })),
        );
      },
      pending: (queues, eachMost) => {
        this.looks++;
        const read = Promise.resolve(
          queues.flatMap(({ endpoint, behind }) =>
            this.rows
              .filter((row) => row.endpoint === endpoint && row.key.seq <= this.projected)
              .toSorted((a, b) => a.dueUs - b.dueUs || a.key.seq - b.key.seq)
              .filter(
                ({ dueUs, key: { seq } }) =>
                  dueUs > behind.dueUs || (dueUs === behind.dueUs && seq > behind.seq),
              )
              .slice(0, eachMost),
          ),
        );
        // What is told from here on the reading does not show.
        this.whileReading();
        this.whileReading = () => undefined;
        return read;
      },
      events: (_shard, keys) =>
        this.failing-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve(keys.map(eventOf)),
    },
    timers: {
      after: (delayMs, callback) => {
        const timer = { atUs: this.nowUs + delayMs * 1_000, callback };
        this.#timers.push(timer);
        return () => void (this.#timers = this.#timers.filter((one) => one !== timer));
      },
      soon: (callback) => callback(),
    },
    nowUs: () => this.nowUs,
    projectedSeq: () => this.projected,
    tips: () => this.tips,
    onTellings: (listener) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
  });

  /** What stands in the tables since before the start. */
  before(...rows: DueDelivery[]): void {
    this.rows.push(...rows);
    this.projected = this.lastSeq = rows.length;
  }

  /** Something is told an endpoint and committed; the read models have it later. */
  tell(endpoint: number): number {
    const seq = ++this.lastSeq;
    this.rows.push(rowOf(endpoint, seq, this.nowUs));
    for (const listener of this.#listeners)
      listener(SHARD, 1, [{ merchant: MERCHANT, endpoint, dueUs: this.nowUs, seq }]);
    return seq;
  }

  /** Somebody asks for it once more; the read models have that later. */
  resend(endpoint: number, seq: number): number {
    const askedSeq = ++this.lastSeq;
    this.rows = this.rows.map((row) =>
      row.key.seq === seq && row.endpoint === endpoint ? { ...row, askedSeq, dueUs: this.nowUs } : row,
    );
    for (const listener of this.#listeners)
      listener(SHARD, 1, [{ merchant: MERCHANT, endpoint, dueUs: this.nowUs, seq: askedSeq }]);
    return askedSeq;
  }

  /** It is due once more then, as the event of its attempt says. */
  retry(endpoint: number, seq: number, dueUs: number): void {
    this.rows = this.rows.map((row) =>
      row.key.seq === seq && row.endpoint === endpoint ? { ...row, tries: row.tries + 1, dueUs } : row,
    );
    for (const listener of this.#listeners)
      listener(SHARD, 1, [{ merchant: MERCHANT, endpoint, dueUs, seq: this.lastSeq }]);
  }

  project(): void {
    this.projected = this.lastSeq;
    this.dispatcher.advanced(SHARD);
  }

  pass(us: number): void {
    this.nowUs += us;
    for (const timer of this.#timers.filter(({ atUs }) => atUs <= this.nowUs)) timer.callback();
  }

  async lease(limit = 500, waitMs = 0): Promise<string[]> {
    const leased = await this.dispatcher.lease(limit, waitMs, new AbortController().signal);
    return leased.map(({ event, delivery }) => {
      if (event.seq !== delivery.key.seq)
        throw new Error(`event ${event.seq} is none of ${delivery.key.seq}`);
      return `${delivery.endpoint}:${event.seq}`;
    });
  }

  /** It was tried: its row is gone from the tables once they have that. */
  settle(
    endpoint: number,
    seq: number,
    came: Partial<Came> & { askedSeq?: number; try?: number } = {},
  ): void {
    this.lastSeq++;
    this.dispatcher.settle(
      keyOf(endpoint),
      { seq, index: 0, askedSeq: came.askedSeq ?? seq, try: came.try ?? 1 },
      this.lastSeq,
      {
        ...TAKEN,
        ...came,
      },
    );
  }

  gone(seq: number): void {
    this.rows = this.rows.filter(({ key }) => key.seq !== seq);
  }
}

const keyOf = (endpoint: number): EndpointKey => ({
  shard: SHARD,
  bookNumber: 1,
  merchant: MERCHANT,
  endpoint,
});

export function rowOf(endpoint: number, seq: number, dueUs: number): DueDelivery {
  const key = { bookNumber: 1, merchant: MERCHANT, seq, index: 0 };
  const webhookEndpoint = {} as DueDelivery['webhookEndpoint'];
  return { ...keyOf(endpoint), key, askedSeq: seq, tries: 0, dueUs, webhookEndpoint };
}

const eventOf = (key: ToldKey): ToldEvent => ({ ...key, shard: SHARD }) as ToldEvent;
