import { expect, test } from 'vitest';
import { randomOf } from '../../test/support/randomPayments.ts';
import type { Uuid } from '../kernel/ledger/commands.ts';
import type { ToldEvent } from '../readmodels/queries/toldEvents.ts';
import type { DueDelivery } from '../readmodels/queries/webhookDeliveries.ts';
import type { OnTellings } from '../shard/payments.ts';
import { Dispatcher, type Leased } from './dispatcher.ts';
import { LEASE_US } from './lanes.ts';

const SHARD = 3;
const MERCHANT = '0190a3a0-0000-7000-8000-000000000001' as Uuid;
const ENDPOINTS = 3;

type Row = DueDelivery & { isPending: boolean };
const nameOf = ({ endpoint, key, askedSeq, tries }: DueDelivery) =>
  `${endpoint}:${key.seq} asked by ${askedSeq}, try ${tries + 1}`;

/** A journal, tables that follow it some time later, and deliverers that report late, twice or never. */
class World {
  readonly #random: () => number;
  nowUs = 1e15;
  #lastSeq = 0;
  #projected = 0;
  /** What each event does to the tables, by its seq less 1. */
  readonly #journal: (() => void)[] = [];
  readonly #rows = new Map<string, Row>();
  #listener: OnTellings = () => undefined;
  /** Once each: when the tables have that event. */
  #findsAt = [0];
  #reading: () => void = () => undefined;
  /** Leases that nobody has reported of, and until when they are nobody else's. */
  readonly #out = new Map<string, { leased: Leased; untilUs: number; isDead: boolean }>();
  readonly #reported: Leased[] = [];
  dispatcher = this.#newDispatcher();

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #newDispatcher(): Dispatcher {
    return new Dispatcher({
      store: {
        // Only at a start, and once what was committed before it is there: nothing else may need the look for all that waits.
        waiting: () => {
          const isOpen = this.#findsAt.some((seq) => this.#projected >= seq);
          this.#findsAt = this.#findsAt.filter((seq) => this.#projected < seq);
          const pending = [...this.#rows.values()].filter((row) => row.isPending);
          return Promise.resolve(isOpen ? pending : []);
        },
        pending: (queues, eachMost) => {
          const found = queues.flatMap(({ endpoint, behind }) =>
            [...this.#rows.values()]
              .filter((row) => row.endpoint === endpoint && row.isPending)
              .toSorted((a, b) => a.dueUs - b.dueUs || a.key.seq - b.key.seq)
              .filter(
                ({ dueUs, key: { seq } }) =>
                  dueUs > behind.dueUs || (dueUs === behind.dueUs && seq > behind.seq),
              )
              .slice(0, eachMost)
              .map((row) => ({ ...row })),
          );
          this.#reading();
          return Promise.resolve(found);
        },
        events: (_shard, keys) =>
          Promise.resolve(keys.map((key) => ({ ...key, shard: SHARD }) as unknown as ToldEvent)),
      },
      timers: { after: () => () => undefined, soon: (callback) => callback() },
      nowUs: () => this.nowUs,
      projectedSeq: () => this.#projected,
      tips: () => [{ shard: SHARD, seq: this.#lastSeq }],
      onTellings: (listener) => {
        this.#listener = listener;
        return () => undefined;
      },
    });
  }

  #commit(change: () => void, due: { endpoint: number; dueUs: number } | null): number {
    this.#journal.push(change);
    const seq = ++this.#lastSeq;
    if (due !== null) this.#listener(SHARD, 1, [{ merchant: MERCHANT, ...due, seq }]);
    return seq;
  }

  #ask(endpoint: number, ofSeq: number | null): void {
    const { nowUs } = this;
    const askedSeq = this.#lastSeq + 1;
    const seq = ofSeq ?? askedSeq;
    const key = { bookNumber: 1, merchant: MERCHANT, seq, index: 0 };
    const webhookEndpoint = {} as DueDelivery['webhookEndpoint'];
    const of = { shard: SHARD, bookNumber: 1, merchant: MERCHANT, endpoint, key, webhookEndpoint };
    this.#commit(
      () =>
        this.#rows.set(`${endpoint} ${seq}`, { ...of, askedSeq, tries: 0, dueUs: nowUs, isPending: true }),
      { endpoint, dueUs: nowUs },
    );
  }

  #report({ delivery }: Leased, status: number): void {
    const { endpoint, key, askedSeq, tries } = delivery;
    const dueUs = status === 200 ? null : this.nowUs + 1e6 * (5 + this.#below(60));
    const seq = this.#commit(
      () => {
        const row = this.#rows.get(`${endpoint} ${key.seq}`)!;
        if (row.askedSeq !== askedSeq) return;
        row.tries = Math.max(row.tries, tries + 1);
        if (dueUs === null) row.isPending = false;
        else row.dueUs = dueUs;
      },
      dueUs === null ? null : { endpoint, dueUs },
    );
    const asked = { ...key, askedSeq, try: tries + 1 };
    const came = { status, retryAfterMs: null, tookMs: 20 };
    this.dispatcher.settle(delivery, asked, seq, came);
  }

  project(upTo = this.#lastSeq): void {
    while (this.#projected < upTo) this.#journal[this.#projected++]();
    this.dispatcher.advanced(SHARD);
  }

  async lease(limit: number): Promise<number> {
    // Leases begin with the look; time may pass during it.
    const { nowUs } = this;
    const leased = await this.dispatcher.lease(limit, 0, new AbortController().signal);
    for (const one of leased) {
      const name = nameOf(one.delivery);
      expect(one.delivery.dueUs).toBeLessThanOrEqual(this.nowUs);
      expect(this.#out.get(name)?.untilUs ?? 0, `${name} is with somebody else`).toBeLessThanOrEqual(
        this.nowUs,
      );
      this.#out.set(name, { leased: one, untilUs: nowUs + LEASE_US, isDead: false });
    }
    return leased.length;
  }

  /** Anything that may happen between two looks, or during one. */
  #happens(): void {
    const out = [...this.#out].filter(([, { isDead }]) => !isDead);
    const what = this.#below(8);
    if (what === 0) this.#ask(1 + this.#below(ENDPOINTS), null);
    else if (what === 1 && this.#rows.size > 0) {
      const { endpoint, key } = [...this.#rows.values()][this.#below(this.#rows.size)];
      this.#ask(endpoint, key.seq);
    } else if (what === 2) this.project(this.#projected + this.#below(this.#lastSeq - this.#projected + 1));
    else if (what <= 4 && out.length > 0) {
      const [name, { leased }] = out[this.#below(out.length)];
      this.#out.delete(name);
      this.#reported.push(leased);
      this.#report(leased, this.#below(2) === 0 ? 200 : 500);
    } else if (what === 5 && this.#reported.length > 0 && this.#below(3) === 0)
      this.#report(this.#reported[this.#below(this.#reported.length)], 500);
    else if (what === 6 && out.length > 0)
      // Whoever had it is gone: nobody ever reports of it.
      out[this.#below(out.length)][1].isDead = true;
    else this.nowUs += this.#below(30e6);
  }

  async run(steps: number): Promise<void> {
    await this.dispatcher.start();
    for (let step = 0; step < steps; step++) {
      this.#happens();
      this.#reading = () => {
        this.#reading = () => undefined;
        if (this.#below(3) === 0) this.#happens();
      };
      if (this.#below(2) === 0) await this.lease(1 + this.#below(4));
      if (this.#below(60) === 0) await this.restart();
    }
  }

  /** Another core takes over: it knows nothing, and the deliverers go on. */
  async restart(): Promise<void> {
    this.dispatcher.stop();
    this.#out.clear();
    this.dispatcher = this.#newDispatcher();
    this.#findsAt = [0, this.#lastSeq];
    await this.dispatcher.start();
  }

  /** Deliverers that do what they should; answers with what is left all the same. */
  async finish(): Promise<string[]> {
    for (let round = 0; round < 8; round++) {
      this.project();
      this.nowUs += LEASE_US;
      while ((await this.lease(50)) > 0) continue;
      for (const [name, { leased, isDead }] of this.#out) {
        if (isDead) continue;
        this.#out.delete(name);
        this.#report(leased, 200);
      }
    }
    this.project();
    return [...this.#rows.values()].filter(({ isPending }) => isPending).map(nameOf);
  }
}

test.each(Array.from({ length: 150 }, (_, index) => index + 1))(
  'whatever comes in whatever order, nothing waits for the look for all that waits (seed %i)',
  async (seed) => {
    const world = new World(seed);
    await world.run(250);
    expect(await world.finish()).toEqual([]);
  },
);
