import type { Uuid } from '../kernel/ledger/commands.ts';
import { derivedId, referenceId } from '../kernel/payments/chart.ts';
import type { MovedByOthers, Outcome, RecordEvent } from '../kernel/payments/commands.ts';
import type { OperationPlace, PaymentAnswer } from '../shard/service.ts';
import type { ShardWriter } from '../shard/writer.ts';
import { outcomeOf } from './outcome.ts';
import { type PspAdapter, type PspEvent, type RawWebhook, UnreadableWebhook } from './psp.ts';

/** The shards, as far as webhooks need them. */
export interface WebhookShards {
  /** By the id of an operation, or of a provider's own reference; null where no payment of ours has it. */
  placeOf(reference: Uuid): Promise<OperationPlace | null>;
  submitOutcomes(writer: ShardWriter, book: number, commands: readonly RecordEvent[]): Promise<PaymentAnswer>;
}

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
  readonly #shards: WebhookShards;
  readonly #nowMs: () => number;
  readonly #log: WebhookLog;

  constructor(options: {
    adapters: readonly PspAdapter[];
    shards: WebhookShards;
    /** Of the wall: signatures bear the provider's own time. */
    nowMs: () => number;
    log: WebhookLog;
  }) {
    this.#adapters = new Map(options.adapters.map((adapter) => [adapter.name, adapter]));
    this.#shards = options.shards;
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
    for (const event of events)
      try {
        if (await this.#keep(adapter, event)) continue;
        later ??= { done: 'later', why: 'nothing of ours has that reference yet' };
      } catch (error) {
        later = this.#trouble(adapter, error as Error);
      }
    return later ?? { done: 'kept', events: events.length };
  }

  #trouble({ name }: PspAdapter, { message: why }: Error): Received {
    this.#log('warn', 'webhook.trouble', { provider: name, error: why });
    return { done: 'later', why };
  }

  async #keep(adapter: PspAdapter, event: PspEvent): Promise<boolean> {
    const { operation, providerReference: payment, kind, dedupeKey } = event;
    if (operation === '' && payment === '') return false;
    const place = await this.#shards.placeOf(
      operation === '' ? referenceId(adapter.name, payment) : operation,
    );
    if (place === null) return false;
    const { writer, book, intent } = place;
    const command: RecordEvent = {
      op: 'recordEvent',
      id: derivedId(intent, `event ${operation} ${dedupeKey}`),
      intent,
      operation,
      payment,
      provider: adapter.name,
      kind,
      occurredUs: Math.floor(event.occurredAtMs * 1_000),
      proof: this.#proofIn(adapter, event),
      moved: movedIn(event),
    };
    const { outcomes } = await this.#shards.submitOutcomes(writer, book, [command]);
    // Under an id that is spent it is known already; only what waits for something else to be proven is told again.
    return !outcomes.some((one) => !one.done && one.reason === 'PAYMENT_STATE');
  }

  /** What an event proves of a provider that cannot be asked; null where it proves nothing. */
  #proofIn(
    { capabilities }: PspAdapter,
    { kind, money, providerReference, declined }: PspEvent,
  ): Outcome | null {
    if (!capabilities.provenByEvents) return null;
    const { authorizationSeconds } = capabilities;
    const nowUs = this.#nowMs() * 1_000;
    switch (kind) {
      case 'authorized':
      case 'captured':
      case 'voided':
      case 'refunded':
        if (money === null) return null;
        return outcomeOf(
          { done: 'succeeded', ...money, providerReference, cost: null, expiresAtMs: null },
          { nowUs, authorizationSeconds },
        );
      case 'declined':
      case 'capture_failed':
      case 'refund_failed': {
        const why = declined ?? { code: 'generic_decline', providerCode: kind };
        return outcomeOf({ done: 'declined', ...why, providerReference }, { nowUs, authorizationSeconds });
      }
      case 'dispute_opened':
      case 'dispute_won':
      case 'dispute_lost':
      case 'debit_returned':
      case 'action_done':
        return null;
    }
  }
}

function movedIn({ kind, money, dispute, refund, cost, providerReference }: PspEvent): MovedByOthers | null {
  const reference = dispute ?? refund ?? (kind === 'debit_returned' ? providerReference : undefined);
  if (money === null || reference === undefined) return null;
  const { amount, currency } = money;
  return { reference, amount, currency, cost: cost ?? 0n };
}
