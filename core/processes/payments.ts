import type { OperationKind } from '../kernel/payments/model.ts';
import type { Router } from '../kernel/payments/router.ts';
import { CONTROL_SHARD } from '../shard/control.ts';
import type { Clock, Random, Timers } from '../shard/ports.ts';
import { type BreakerState, Guard } from './guard.ts';
import type { ProviderEvents } from './events.ts';
import { EventPoller } from './polling/poller.ts';
import type { ListStanding, PollerObserver } from './polling/accountPoller.ts';
import type { EventPlaces } from './polling/ports.ts';
import { type OnCall, Provider } from './providers.ts';
import type { PspAdapter, PspCapabilities } from './psp.ts';
import { type ReadAnswers, recall } from './routing/recall.ts';
import { RuleRouter } from './routing/router.ts';
import { type CostTable, type Seen, Standings } from './routing/standings.ts';
import { PaymentRunner, type PaymentShards, type RunnerOptions } from './runner.ts';

/** A provider that payments may use. */
export interface ConfiguredProvider {
  /** What the configuration calls the adapter. */
  readonly kind: string;
  readonly adapter: PspAdapter;
  /** What it takes, for the routing. */
  readonly cost: CostTable;
}

/** A provider as it stands: what it can do and takes, and how it has fared lately. */
export interface ProviderAccount {
  readonly name: string;
  readonly kind: string;
  readonly capabilities: PspCapabilities;
  readonly cost: CostTable;
  readonly isUp: boolean;
  readonly breakers: readonly { kind: OperationKind | 'query'; state: BreakerState }[];
  readonly seen: Seen;
}

export interface ProcessesOptions {
  readonly providers: readonly ConfiguredProvider[];
  readonly clock: Clock;
  readonly timers: Timers;
  /** Draws where the routing leaves a choice to chance. */
  readonly random: Random;
  readonly log: RunnerOptions['log'];
  /** Told of every call that came back. */
  readonly onCall: (call: { provider: string; kind: string; outcome: string }, tookMs: number) => void;
}

/** Providers, the routing between them, and the runner that calls them: what a node needs to bring payments on. */
export class PaymentProcesses {
  readonly router: Router;
  readonly #options: ProcessesOptions;
  readonly #providers = new Map<string, Provider>();
  readonly #guards = new Map<string, Guard>();
  readonly #standings = new Map<string, Standings>();
  readonly #accounts: (() => ProviderAccount)[] = [];
  #runner: PaymentRunner | undefined;
  #poller: EventPoller | undefined;

  constructor(options: ProcessesOptions) {
    this.#options = options;
    const nowMs = (): number => options.clock.monotonicUs() / 1_000;
    this.router = new RuleRouter(
      options.providers.map(({ kind, adapter, cost }) => {
        const { name, capabilities } = adapter;
        const guard = new Guard({ nowMs });
        const standings = new Standings({ cost, nowMs });
        this.#guards.set(name, guard);
        this.#standings.set(name, standings);
        const isUp = (): boolean => guard.isUp('authorize') && guard.isUp('sale');
        this.#accounts.push(() => ({
          name,
          kind,
          capabilities,
          cost,
          isUp: isUp(),
          breakers: guard.states().flatMap(({ kind, state }) => (kind === 'events' ? [] : { kind, state })),
          seen: standings.seen(),
        }));
        const onCall: OnCall = (call, said, tookMs) => {
          // What a payment has to wait for is judged, and nothing waits for a list.
          if (call.kind !== 'events') standings.count(call, said, tookMs);
          options.onCall({ provider: name, kind: call.kind, outcome: said.done }, tookMs);
        };
        this.#providers.set(name, new Provider(adapter, { guard, nowMs, onCall }));
        return {
          name,
          capabilities,
          isUp,
          standing: (request) => standings.standing(request),
          ...(adapter.brandOf === undefined ? {} : { brandOf: (token) => adapter.brandOf?.(token) ?? '' }),
        };
      }),
      options.random,
    );
  }

  start(shards: PaymentShards): void {
    const { timers, log, clock } = this.#options;
    const nowMs = (): number => clock.monotonicUs() / 1_000;
    this.#runner = new PaymentRunner({ shards, timers, nowMs, log, providers: this.#providers });
    this.#runner.start();
  }

  /** Reads the lists of events that providers have, beside what they tell by webhook. */
  followEvents({
    events,
    places,
    everyMs,
    shards,
    onTook,
  }: {
    events: ProviderEvents;
    places: EventPlaces;
    /** 0: none is read. */
    everyMs: number;
    shards: Pick<PaymentShards, 'held'>;
    onTook: PollerObserver['took'];
  }): void {
    const { clock, timers, random, log } = this.#options;
    this.#poller = new EventPoller({
      providers: this.#options.providers.flatMap(({ adapter }) => {
        const provider = this.#providers.get(adapter.name);
        return provider === undefined ? [] : [{ provider, adapter }];
      }),
      events,
      places,
      clock,
      timers,
      random,
      everyMs,
      // Of several nodes the one that has the control shard.
      leads: () =>
        [...shards.held()].some(({ writer }) => writer.shard === CONTROL_SHARD && writer.phase === 'writing'),
      observe: { log, took: onTook },
    });
    this.#poller.start();
  }

  /** How far the lists of events were read. */
  lists(): ListStanding[] {
    return this.#poller?.standings() ?? [];
  }

  /** Lets the routing know what providers answered in the minutes before it began; how many answers that were. */
  recall(read: ReadAnswers, nowUs: number): Promise<number> {
    return recall(this.#standings, read, nowUs);
  }

  /** Begins nothing new. Idempotent. */
  stop(): void {
    this.#runner?.stop();
    this.#poller?.stop();
  }

  /** The providers in the order of the configuration, as the routing sees them now. */
  accounts(): ProviderAccount[] {
    return this.#accounts.map((account) => account());
  }

  /** Circuit breakers that are not closed, for operators. */
  breakers(): { provider: string; kind: string; state: string }[] {
    return [...this.#guards].flatMap(([provider, guard]) =>
      guard.states().map(({ kind, state }) => ({ provider, kind, state })),
    );
  }
}
