import type { ProviderEvents } from './events.ts';
import { type PspAdapter, type PspEvent, type RawWebhook, UnreadableWebhook } from './psp.ts';

type WebhookLog = (level: 'warn', event: string, details: Record<string, unknown>) => void;

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
  readonly #log: WebhookLog;

  constructor(options: {
    adapters: readonly PspAdapter[];
    events: ProviderEvents;
    /** Of the wall: signatures bear the provider's own time. */
    nowMs: () => number;
    log: WebhookLog;
  }) {
    this.#adapters = new Map(options.adapters.map((adapter) => [adapter.name, adapter]));
    this.#events = options.events;
    this.#nowMs = options.nowMs;
    this.#log = options.log;
  }

  async receive(provider: string, webhook: RawWebhook): Promise<Received> {
    const adapter = this.#adapters.get(provider);
    if (adapter === undefined) return { done: 'unknown_provider' };
    try {
      if (!adapter.verifyWebhook(webhook, this.#nowMs())) return { done: 'not_genuine' };
      return await this.#keepAll(adapter, adapter.parseWebhook(webhook));
    } catch (error) {
      // Whatever an adapter stumbles over holds up no other webhook.
      if (!(error instanceof UnreadableWebhook)) return this.#trouble(adapter, error as Error);
      const others = await this.#keepAll(adapter, error.others);
      return others.done === 'kept' ? { done: 'unreadable', why: error.message } : others;
    }
  }

  /** Each for itself: one that is not ours, or that nothing can be made of, must not hold up the others of its batch. */
  async #keepAll(adapter: PspAdapter, events: readonly PspEvent[]): Promise<Received> {
    let later: Received | null = null;
    for (const taken of await this.#events.takeAll(adapter, events))
      if (taken instanceof Error) later = this.#trouble(adapter, taken);
      else if (taken === 'later') later ??= { done: 'later', why: 'nothing of ours has that reference yet' };
    return later ?? { done: 'kept', events: events.length };
  }

  #trouble({ name }: PspAdapter, { message: why }: Error): Received {
    this.#log('warn', 'webhook.trouble', { provider: name, error: why });
    return { done: 'later', why };
  }
}
