import type { Clock, Random, Timers } from '../../shard/ports.ts';
import type { ProviderEvents } from '../events.ts';
import type { Provider } from '../providers.ts';
import type { PspAdapter } from '../psp.ts';
import { AccountPoller, type ListStanding, type PollerObserver } from './accountPoller.ts';
import type { EventPlaces } from './ports.ts';

export interface EventPollerOptions {
  readonly providers: readonly { readonly provider: Provider; readonly adapter: PspAdapter }[];
  readonly events: ProviderEvents;
  readonly places: EventPlaces;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Between two readings of a list; 0: none is read. */
  readonly everyMs: number;
  readonly leads: () => boolean;
  readonly observe: PollerObserver;
}

/**
 * Asks providers for what has happened there, whether or not a webhook has told of it: a dispute, a refund made at the
 * provider's own pages or one that fails later would stay unknown for ever where its webhook was lost.
 */
export class EventPoller {
  readonly #accounts: readonly AccountPoller[];

  constructor({ providers, ...options }: EventPollerOptions) {
    this.#accounts = providers.flatMap(({ provider, adapter }) => {
      const listing = adapter.capabilities.events;
      if (options.everyMs === 0 || listing === null) return [];
      return [new AccountPoller({ ...options, provider, adapter, listing })];
    });
  }

  start(): void {
    for (const account of this.#accounts) account.start();
  }

  /** Begins nothing new. Idempotent. */
  stop(): void {
    for (const account of this.#accounts) account.stop();
  }

  standings(): ListStanding[] {
    return this.#accounts.flatMap((account) => account.standing() ?? []);
  }
}
