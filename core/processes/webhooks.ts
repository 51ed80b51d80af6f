import type { ProviderEvents } from './events.ts';
import { type PspAdapter, type PspEvent, type RawWebhook, UnreadableWebhook } from './psp.ts';

/** What became of a webhook. */
export type Received =
  /** Every event of it is kept, or says nothing new. */
  | { done: 'kept'; events: number }
  | { done: 'unknown_provider' }
  | { done: 'not_genuine' }
  | { done: 'unreadable'; why: string }
  /** It speaks of something that is not here yet, or the journal takes nothing at the moment: to be sent again. */
  | { done: 'later'; why: string };

/**
 * Takes what providers send by themselves: checks that it is theirs, and keeps it durably before it is acknowledged.
 * What it speaks of is asked about, where the provider can be asked.
 */
export class WebhookReceiver {
  readonly #adapters: ReadonlyMap<string, PspAdapter>;
  readonly #events: ProviderEvents;
  readonly #nowMs: () => number;

  constructor(options: {
    adapters: readonly PspAdapter[];
    events: ProviderEvents;
    /** Of the wall: signatures bear the provider's own time. */
    nowMs: () => number;
  }) {
    this.#adapters = new Map(options.adapters.map((adapter) => [adapter.name, adapter]));
    this.#events = options.events;
    this.#nowMs = options.nowMs;
  }

  async receive(provider: string, webhook: RawWebhook): Promise<Received> {
    const adapter = this.#adapters.get(provider);
    if (adapter === undefined) return { done: 'unknown_provider' };
    if (!adapter.verifyWebhook(webhook, this.#nowMs())) return { done: 'not_genuine' };
    let events: PspEvent[];
    try {
      events = adapter.parseWebhook(webhook);
    } catch (error) {
      if (!(error instanceof UnreadableWebhook)) throw error;
      return { done: 'unreadable', why: error.message };
    }
    try {
      let kept = 0;
      // Each for itself: one that is not ours must not hold up the others of its batch.
      for (const event of events) if ((await this.#events.take(adapter, event)) !== 'later') kept++;
      if (kept < events.length) return { done: 'later', why: 'nothing of ours has that reference yet' };
    } catch (error) {
      return { done: 'later', why: (error as Error).message };
    }
    return { done: 'kept', events: events.length };
  }
}
