import type { Clock, Random, Timers } from '../../shard/ports.ts';
import type { ProviderEvents } from '../events.ts';
import type { Provider } from '../providers.ts';
import type { EventListing, Listed, PspAdapter, PspEvent } from '../psp.ts';
import type { EventPlaces, ListedAccount, Unmatched } from './ports.ts';
import { ListPosition, type Moment } from './position.ts';

/** Events that are taken at once: the writer does nothing else while it reads the payments that are not in memory. */
const AT_ONCE = 20;
/** After a failure it is tried again after so long, after two after twice as long, up to the last. */
const FAILED_WAIT_MS = { first: 2_000, most: 300_000 };
/** Events that match nothing yet are tried after ten seconds, then after twenty, up to half a day, as long as this. */
const AGAIN_MS = { first: 10_000, most: 43_200_000, forMs: 30 * 86_400_000 };
/** Of them so many in one turn. */
const DUE_AT_ONCE = 500;
/** Lines about what cannot be read that are remembered as told. */
const TOLD_MAX = 1_000;

/** What a poller tells of itself. */
export interface PollerObserver {
  log(level: 'info' | 'warn', event: string, details: Record<string, unknown>): void;
  /** So many events that were listed came to that. */
  took(provider: string, outcome: 'new' | 'known' | 'waiting' | 'given_up', events: number): void;
}

export interface AccountPollerOptions {
  readonly provider: Provider;
  readonly adapter: PspAdapter;
  readonly listing: EventListing;
  readonly events: ProviderEvents;
  readonly places: EventPlaces;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly everyMs: number;
  /** Whether this node is the one that asks. */
  readonly leads: () => boolean;
  readonly observe: PollerObserver;
}

/** How the list of an account stands. */
export interface ListStanding {
  readonly provider: string;
  /** Since the reading began that was the last to come to the end of the list, or since the start; seconds. */
  readonly lagSeconds: number;
  /** Events that match nothing yet. */
  readonly waiting: number;
}

/** Something that keeps a reading from its end; the next one tries again. */
class Unread extends Error {}

/** Reads the list of events of one account at a provider, again and again, and has all of it taken. */
export class AccountPoller {
  readonly #options: AccountPollerOptions;
  readonly #account: ListedAccount;
  readonly #told = new Set<string>();
  readonly #abort = new AbortController();
  #position: ListPosition | undefined;
  #waiting = 0;
  #failures = 0;
  #stopped = false;
  #doneMs: number;
  #cancel: () => void = () => undefined;
  /** Ends the wait between events, if there is one. */
  #wake: () => void = () => undefined;

  constructor(options: AccountPollerOptions) {
    this.#options = options;
    const { name, capabilities } = options.adapter;
    this.#account = { provider: name, live: capabilities.live };
    this.#doneMs = this.#monotonicMs();
  }

  start(): void {
    // Not all accounts of all nodes at one moment.
    this.#after(Math.min(1_000, this.#options.everyMs) * this.#options.random.unit());
  }

  /** Gives up the page that is under way: whatever of it is not taken is read again. Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#abort.abort();
    this.#wake();
  }

  /** null while another node asks. */
  standing(): ListStanding | null {
    if (!this.#options.leads()) return null;
    const { provider } = this.#account;
    const lagSeconds = (this.#monotonicMs() - this.#doneMs) / 1_000;
    return { provider, lagSeconds, waiting: this.#waiting };
  }

  #monotonicMs(): number {
    return this.#options.clock.monotonicUs() / 1_000;
  }

  #wallMs(): number {
    return Math.floor(this.#options.clock.wallUs() / 1_000);
  }

  #moment(): Moment {
    return { wallMs: this.#wallMs(), monotonicMs: this.#monotonicMs() };
  }

  #after(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.timers.after(delayMs, () => {
      void this.#turn().then((waitMs) => this.#after(waitMs));
    });
  }

  /** One reading; answers how long the next one waits. */
  async #turn(): Promise<number> {
    const { everyMs, random, leads, observe } = this.#options;
    if (!leads()) {
      // Whoever asks meanwhile moves the cursor.
      this.#position = undefined;
      return everyMs;
    }
    const { provider } = this.#account;
    try {
      await this.#read();
    } catch (error) {
      if (this.#stopped) return 0;
      const waitMs = doubled(FAILED_WAIT_MS, this.#failures++);
      const retryMs = Math.round(waitMs * (0.5 + random.unit() / 2));
      observe.log('warn', 'provider.events.failed', { provider, error: (error as Error).message, retryMs });
      return retryMs;
    }
    if (this.#failures > 0) observe.log('info', 'provider.events.recovered', { provider });
    this.#failures = 0;
    return everyMs * (0.9 + random.unit() / 5);
  }

  async #read(): Promise<void> {
    const { places, listing, observe } = this.#options;
    const { provider } = this.#account;
    await this.#tryWaiting();
    this.#position ??= new ListPosition(await places.cursorOf(this.#account), listing);
    const position = this.#position;
    const began = this.#moment();
    position.begin(began);
    for (let cursor = position.from; ;) {
      const asked = this.#moment();
      const page = await this.#page(cursor, asked.wallMs);
      if (page.isAnew) observe.log('warn', 'provider.events.anew', { provider });
      await this.#takeAll(page.events);
      this.#tellUnreadable(page.unreadable);
      const { from } = position;
      position.took(page, asked);
      if (position.from !== from) await places.saveCursor(this.#account, position.from);
      if (!page.isMore) break;
      cursor = page.cursor;
    }
    this.#waiting = await places.count(this.#account);
    this.#doneMs = began.monotonicMs;
  }

  async #page(cursor: string, nowMs: number): Promise<Listed> {
    if (this.#stopped || !this.#options.leads()) throw new Unread('another node asks from now on');
    const said = await this.#options.provider.listEvents({ cursor, nowMs }, this.#abort.signal);
    if (said.done !== 'listed') throw new Unread(said.why);
    if (said.isMore && said.cursor === cursor) throw new Unread('the list does not go on');
    return said;
  }

  async #takeAll(events: readonly PspEvent[]): Promise<void> {
    for (let at = 0; at < events.length; at += AT_ONCE) {
      const { unmatched } = await this.#take(events.slice(at, at + AT_ONCE));
      // Before the cursor may move past them.
      await this.#options.places.keep(this.#account, unmatched);
      this.#options.observe.took(this.#account.provider, 'waiting', unmatched.length);
    }
  }

  async #take(events: readonly PspEvent[]): Promise<{ unmatched: Unmatched[]; matched: PspEvent[] }> {
    const { events: taker, adapter, observe } = this.#options;
    // Whoever stops waits until the writers have nothing to do.
    if (this.#stopped) throw new Unread('it was stopped');
    const unmatched: Unmatched[] = [];
    const matched: PspEvent[] = [];
    const counts = { new: 0, known: 0 };
    const beganMs = this.#monotonicMs();
    for (const [index, taken] of (await taker.takeAll(adapter, events)).entries()) {
      const event = events[index];
      if (taken === 'new' || taken === 'known') {
        counts[taken]++;
        matched.push(event);
        continue;
      }
      const why = taken === 'later' ? 'nothing of ours has that reference yet' : taken.message.slice(0, 200);
      unmatched.push({ event, why, afterMs: AGAIN_MS.first });
    }
    for (const outcome of ['new', 'known'] as const)
      observe.took(this.#account.provider, outcome, counts[outcome]);
    await this.#breathe(this.#monotonicMs() - beganMs);
    return { unmatched, matched };
  }

  /** For as long as it was busy with events, the writer is others' now. */
  async #breathe(busyMs: number): Promise<void> {
    if (busyMs < 1 || this.#stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(busyMs, resolve);
    this.#wake = () => {
      cancel();
      resolve();
    };
    await promise;
    this.#wake = () => undefined;
  }

  /** What matched nothing when it was listed may do by now. */
  async #tryWaiting(): Promise<void> {
    const { places } = this.#options;
    const due = await places.due(this.#account, DUE_AT_ONCE);
    for (let at = 0; at < due.length; at += AT_ONCE) {
      const waiting = due.slice(at, at + AT_ONCE);
      const { matched, unmatched } = await this.#take(waiting.map(({ event }) => event));
      const nowMs = this.#wallMs();
      const still = waiting.flatMap(({ event, tries, sinceMs }) => {
        const why = unmatched.find((one) => one.event === event)?.why;
        return why === undefined ? [] : [{ event, why, sinceMs, afterMs: doubled(AGAIN_MS, tries + 1) }];
      });
      const isOver = ({ sinceMs }: { sinceMs: number }): boolean => sinceMs + AGAIN_MS.forMs <= nowMs;
      const givenUp = still.filter(isOver);
      this.#giveUp(givenUp);
      await places.drop(this.#account, [...matched, ...givenUp.map(({ event }) => event)]);
      await places.again(
        this.#account,
        still.filter((one) => !isOver(one)),
      );
    }
  }

  #giveUp(events: readonly Unmatched[]): void {
    const { observe } = this.#options;
    const { provider } = this.#account;
    observe.took(provider, 'given_up', events.length);
    for (const { event, why } of events) {
      const { dedupeKey, kind, operation, providerReference } = event;
      observe.log('warn', 'provider.events.unmatched', {
        provider,
        event: dedupeKey,
        kind,
        operation,
        providerReference,
        why,
      });
    }
  }

  #tellUnreadable(lines: readonly string[]): void {
    for (const why of lines) {
      if (this.#told.has(why) || this.#told.size >= TOLD_MAX) continue;
      this.#told.add(why);
      this.#options.observe.log('warn', 'provider.events.unreadable', {
        provider: this.#account.provider,
        why,
      });
    }
  }
}

function doubled({ first, most }: { first: number; most: number }, times: number): number {
  return Math.min(first * 2 ** Math.min(times, 20), most);
}
