import { Expiries } from '../kernel/ledger/expiries.ts';
import type { ToldEvent, ToldKey } from '../readmodels/queries/toldEvents.ts';
import type { DueDelivery, EndpointKey, Queue } from '../readmodels/queries/webhookDeliveries.ts';
import type { OnTellings } from '../shard/payments.ts';
import type { Timers } from '../shard/ports.ts';
import { type Asked, type Came, Lane, LEASE_US, NO_LOOK } from './lanes.ts';

/** Rows that one look at the tables reads at most, about. */
const ROWS_A_LOOK = 4_000;
const LANES_A_LOOK = 64;
/** How often the tables are asked for all that waits: what somebody put right in there by hand is found too. */
const FIND_US = 60e6;
/** What is further away is planned when it has come closer: all that waits is looked for before that. */
const FAR_US = 2 * FIND_US;

/** Where deliveries stand: the read models of all servers. */
export interface DeliveryStore {
  /** The endpoints for which something is to be tried, and when the first of it is. */
  waiting(): Promise<(EndpointKey & { dueUs: number })[]>;
  /** What is still to be tried, the earliest first and at most that many of each queue; due or not yet. */
  pending(queues: readonly Queue[], eachMost: number): Promise<DueDelivery[]>;
  /** Those of the keys that are there, in no order; all of one shard. */
  events(shard: number, keys: readonly ToldKey[]): Promise<ToldEvent[]>;
}

export interface DispatcherOptions {
  store: DeliveryStore;
  timers: Timers;
  nowUs: () => number;
  /** Up to which event the read models hold everything. */
  projectedSeq: (shard: number) => number;
  /** Up to which event each shard is committed. */
  tips: () => Iterable<{ shard: number; seq: number }>;
  onTellings: (listener: OnTellings) => () => void;
}

export interface Leased {
  event: ToldEvent;
  delivery: DueDelivery;
}

/**
 * Hands out what webhook endpoints are to be told. What that is stands in the tables, and this knows which endpoints to
 * look at and when, what is under way, and how much an endpoint stands at a time: nothing that a restart could lose.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes to look at, by moment and number. */
  readonly #dues = new Expiries();
  readonly #planned = new Map<number, string>();
  #lastNumber = 0;
  /** By shard: endpoints to look at once the read models have that event, in the order of events. */
  readonly #unseen = new Map<number, { seq: number; dueUs: number; key: EndpointKey }[]>();
  /** By shard: what was committed before the start and that the read models had not, up to this event. */
  readonly #before = new Map<number, number>();
  readonly #waiters = new Set<() => void>();
  /** One look at a time, so that nothing is handed out twice. */
  #looking: Promise<unknown> = Promise.resolve();
  #unsubscribe: () => void = () => undefined;
  #stopped = false;
  /** When the tables were last asked for all that waits. */
  #foundUs = 0;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#options.onTellings((shard, bookNumber, tellings) => {
      for (const { merchant, endpoint, dueUs, seq } of tellings) {
        const unseen = this.#unseen.get(shard) ?? [];
        this.#unseen.set(shard, unseen);
        unseen.push({ seq, dueUs, key: { shard, bookNumber, merchant, endpoint } });
      }
      this.advanced(shard);
    });
    const { tips, projectedSeq } = this.#options;
    for (const { shard, seq } of tips()) if (projectedSeq(shard) < seq) this.#before.set(shard, seq);
    await this.#findWaiting();
  }

  async #findWaiting(): Promise<void> {
    this.#foundUs = this.#options.nowUs();
    try {
      for (const { dueUs, ...key } of await this.#options.store.waiting()) this.#queued(key, dueUs);
    } catch (error) {
      this.#foundUs = -Infinity;
      throw error;
    }
  }

  /** Something stands in an endpoint's queue at that moment. */
  #queued(key: EndpointKey, dueUs: number): void {
    const name = this.#laneOf(key);
    this.#lanes.get(name)!.goBackTo(dueUs);
    this.#lookAt(name, dueUs);
  }

  /** Whoever waits is told that there is nothing. */
  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#wake();
  }

  /** The read models of a shard hold more than before. */
  advanced(shard: number): void {
    if ((this.#before.get(shard) ?? Infinity) <= this.#options.projectedSeq(shard)) {
      this.#before.delete(shard);
      // Nobody told of it here: the tables say what it is.
      this.#foundUs = -Infinity;
      this.#wake();
    }
    const unseen = this.#unseen.get(shard);
    if (unseen === undefined) return;
    const seq = this.#options.projectedSeq(shard);
    const hidden = unseen.findIndex((one) => one.seq > seq);
    const seen = unseen.splice(0, hidden < 0 ? unseen.length : hidden);
    if (unseen.length === 0) this.#unseen.delete(shard);
    for (const { key, dueUs } of seen) this.#queued(key, dueUs);
    if (seen.length > 0) this.#wake();
  }

  /** At most that many; none where nothing becomes due within that time. */
  async lease(limit: number, waitMs: number, signal: AbortSignal): Promise<Leased[]> {
    const untilUs = this.#options.nowUs() + waitMs * 1_000;
    for (;;) {
      const look = this.#looking.then(() => (this.#isOver(signal) ? [] : this.#look(limit)));
      this.#looking = look.catch(() => undefined);
      const leased = await look;
      if (leased.length > 0 && this.#isOver(signal)) {
        this.release(leased.map(({ delivery }) => delivery));
        return [];
      }
      const leftUs = untilUs - this.#options.nowUs();
      if (leased.length > 0 || leftUs <= 0 || this.#isOver(signal)) return leased;
      await this.#change(leftUs, signal);
    }
  }

  /** Nobody got it after all: it is the next one's. */
  release(deliveries: readonly DueDelivery[]): void {
    for (const delivery of deliveries) {
      const name = this.#laneOf(delivery);
      this.#lanes.get(name)!.release(delivery);
      this.#lookAt(name, delivery.dueUs);
    }
    if (deliveries.length > 0) this.#wake();
  }

  /** What was handed out has been tried, and the event of that seq says so. */
  settle(key: EndpointKey, asked: Asked, logSeq: number, came: Came): void {
    const lane = this.#lanes.get(nameOf(key));
    // Of a dispatcher before this one: the tables say what is left.
    if (lane === undefined) return;
    const nowUs = this.#options.nowUs();
    lane.settle(asked, logSeq, came, nowUs);
    // Behind those that wait already: whoever takes much would come first for ever.
    this.#lookAt(nameOf(key), Math.max(nowUs, lane.pausedUntilUs));
    this.#wake();
  }

  /** Those included that an earlier one has overtaken: they go when their moment has come. */
  get looksPlanned(): number {
    return this.#planned.size;
  }

  #isOver(signal: AbortSignal): boolean {
    return this.#stopped || signal.aborted;
  }

  #laneOf(key: EndpointKey): string {
    const name = nameOf(key);
    if (!this.#lanes.has(name)) this.#lanes.set(name, new Lane(key));
    return name;
  }

  /** Plans a look at a lane, unless one is planned that comes no later. */
  #lookAt(name: string, atUs: number): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined || lane.look.atUs <= atUs || atUs > this.#options.nowUs() + FAR_US) return;
    this.#lastNumber++;
    lane.look = { atUs, number: this.#lastNumber };
    this.#planned.set(this.#lastNumber, name);
    this.#dues.add(atUs, this.#lastNumber);
  }

  /** The next lane whose moment has come; undefined for none. */
  #nextDue(nowUs: number): [string, Lane] | undefined {
    while (this.#dues.firstUs <= nowUs) {
      const number = this.#dues.firstSeq;
      const name = this.#planned.get(number) ?? '';
      const lane = this.#lanes.get(name);
      if (lane?.look.number === number) return [name, lane];
      this.#dues.removeFirst();
      this.#planned.delete(number);
    }
    return undefined;
  }

  #removeFirst(lane: Lane): void {
    this.#dues.removeFirst();
    this.#planned.delete(lane.look.number);
    lane.look = NO_LOOK;
  }

  /** Lanes whose moment has come and that stand more. */
  #ready(nowUs: number): Map<string, Lane> {
    const ready = new Map<string, Lane>();
    let eachMost = 0;
    for (;;) {
      const [name, lane] = this.#nextDue(nowUs) ?? [];
      if (name === undefined || lane === undefined || ready.size === LANES_A_LOOK) return ready;
      lane.tidy(this.#options.projectedSeq(lane.key.shard), nowUs);
      eachMost = Math.max(eachMost, lane.free);
      if (ready.size > 0 && (ready.size + 1) * eachMost > ROWS_A_LOOK) return ready;
      this.#removeFirst(lane);
      if (lane.pausedUntilUs > nowUs) this.#lookAt(name, lane.pausedUntilUs);
      // Whatever is settled, or runs out, leads here again.
      else if (lane.free > 0) ready.set(name, lane);
      else this.#lookAt(name, lane.firstRunsOutUs);
    }
  }

  async #look(limit: number): Promise<Leased[]> {
    const nowUs = this.#options.nowUs();
    if (nowUs - this.#foundUs >= FIND_US) await this.#findWaiting();
    const ready = this.#ready(nowUs);
    if (ready.size === 0) return [];
    try {
      return await this.#leaseOf(ready, limit, nowUs);
    } catch (error) {
      // They stay due.
      for (const name of ready.keys()) this.#lookAt(name, nowUs);
      throw error;
    }
  }

  async #leaseOf(ready: ReadonlyMap<string, Lane>, limit: number, nowUs: number): Promise<Leased[]> {
    const lanes = [...ready.values()];
    // One more than it takes tells whether there is more.
    const eachMost = Math.min(limit, Math.max(...lanes.map(({ free }) => free))) + 1;
    const found = Map.groupBy(
      await this.#options.store.pending(
        lanes.map((lane) => lane.beginLook()),
        eachMost,
      ),
      nameOf,
    );
    const taken: DueDelivery[] = [];
    for (const [name, lane] of ready) {
      const rows = found.get(name) ?? [];
      const mine = takeFrom(lane, rows, { nowUs, most: limit - taken.length });
      taken.push(...mine);
      const nextRow = rows.find((row) => !lane.holds(row));
      const isCut = nextRow === undefined && rows.length === eachMost;
      const nextUs = isCut ? nowUs : (nextRow?.dueUs ?? Infinity);
      // Whoever has got something stands behind those that have not.
      this.#planNext(name, lane, { nowUs, nextUs: mine.length > 0 ? Math.max(nowUs, nextUs) : nextUs });
    }
    try {
      return await this.#withEvents(taken);
    } catch (error) {
      this.release(taken);
      throw error;
    }
  }

  /** When a lane is looked at again; one for which there is nothing is forgotten. */
  #planNext(name: string, lane: Lane, { nowUs, nextUs }: { nowUs: number; nextUs: number }): void {
    // What is due and finds no room is looked at when something is settled, or runs out.
    const isFull = nextUs <= nowUs && lane.free === 0;
    // What was tried and is not shown yet is let go of by a later look.
    const laterUs = lane.isIdle ? Infinity : nowUs + LEASE_US;
    const atUs = Math.min(isFull ? Infinity : nextUs, lane.firstRunsOutUs, laterUs);
    if (atUs < Infinity) this.#lookAt(name, atUs);
    // Meanwhile a look may have been planned for something that came behind this one.
    else if (lane.isIdle && lane.look === NO_LOOK) this.#lanes.delete(name);
  }

  async #withEvents(taken: readonly DueDelivery[]): Promise<Leased[]> {
    const events = new Map<string, ToldEvent>();
    for (const [shard, rows] of Map.groupBy(taken, (row) => row.shard)) {
      const keys = new Map(rows.map(({ key }) => [eventName(key), key]));
      for (const event of await this.#options.store.events(shard, [...keys.values()]))
        events.set(eventName(event), event);
    }
    return taken.flatMap((delivery) => {
      const event = events.get(eventName(delivery.key));
      return event === undefined ? [] : [{ event, delivery }];
    });
  }

  /** Settles when there may be something to hand out, or after that long. */
  async #change(leftUs: number, signal: AbortSignal): Promise<void> {
    const inUs = Math.max(0, Math.min(leftUs, this.#dues.firstUs - this.#options.nowUs()));
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(Math.ceil(inUs / 1_000), resolve);
    this.#waiters.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#waiters.delete(resolve);
    cancel();
  }

  #wake(): void {
    for (const wake of this.#waiters) wake();
  }
}

/** Leases what is due and finds room, in the order of the queue. */
function takeFrom(
  lane: Lane,
  rows: readonly DueDelivery[],
  { nowUs, most }: { nowUs: number; most: number },
): DueDelivery[] {
  const taken: DueDelivery[] = [];
  for (const row of rows) {
    if (lane.holds(row)) {
      lane.pass(row);
      continue;
    }
    if (row.dueUs > nowUs || lane.free === 0 || taken.length === most) break;
    lane.lease(row, nowUs);
    taken.push(row);
  }
  return taken;
}

function nameOf({ shard, bookNumber, merchant, endpoint }: EndpointKey): string {
  return `${shard} ${bookNumber} ${merchant} ${endpoint}`;
}

function eventName({ bookNumber, merchant, seq, index }: ToldKey): string {
  return `${bookNumber} ${merchant} ${seq}.${index}`;
}
