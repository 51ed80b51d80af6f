import type { Uuid } from '../kernel/ledger/commands.ts';
import { derivedId, referenceId } from '../kernel/payments/chart.ts';
import type { MovedByOthers, Outcome, RecordEvent } from '../kernel/payments/commands.ts';
import type { OperationPlace, PaymentAnswer } from '../shard/service.ts';
import type { ShardWriter } from '../shard/writer.ts';
import { outcomeOf } from './outcome.ts';
import type { PspAdapter, PspEvent } from './psp.ts';

/** The shards, as far as events of providers need them. */
export interface EventShards {
  /** By the id of an operation, or of a provider's own reference; null where no payment of ours has it. */
  placeOf(reference: Uuid): Promise<OperationPlace | null>;
  submitOutcomes(writer: ShardWriter, book: number, commands: readonly RecordEvent[]): Promise<PaymentAnswer>;
}

/** What became of an event. */
export type Taken =
  /** It is in the journal now, and was not before. */
  | 'new'
  /** It says nothing that is not known, or not now. */
  | 'known'
  /** It speaks of something that is not here, or not proven yet: to be told again. */
  | 'later';

/** Events that are remembered as taken: of what comes by webhook and is listed as well the writer hears once. */
const REMEMBERED_MAX = 100_000;

/** Takes events of providers, whichever way they have come: finds the payment, and keeps what is new durably. */
export class ProviderEvents {
  readonly #shards: EventShards;
  readonly #nowMs: () => number;
  readonly #rememberedMax: number;
  /** In the order in which they were taken. Only spares work: an id that is spent proves it. */
  readonly #remembered = new Set<string>();

  constructor(options: {
    shards: EventShards;
    /** Of the wall. */
    nowMs: () => number;
    rememberedMax?: number;
  }) {
    this.#shards = options.shards;
    this.#nowMs = options.nowMs;
    this.#rememberedMax = options.rememberedMax ?? REMEMBERED_MAX;
  }

  /** Answers when it is durable. Throws where the journal takes nothing at the moment. */
  async take(adapter: PspAdapter, event: PspEvent): Promise<Taken> {
    const { operation, providerReference: payment, kind, dedupeKey } = event;
    if (operation === '' && payment === '') return 'later';
    const key = `${adapter.name} ${operation} ${dedupeKey}`;
    if (this.#remembered.has(key)) return 'known';
    const place = await this.#shards.placeOf(
      operation === '' ? referenceId(adapter.name, payment) : operation,
    );
    if (place === null) return 'later';
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
    if (outcomes.some((one) => !one.done && one.reason === 'PAYMENT_STATE')) return 'later';
    // What changed nothing is in no journal, and may say something once the call that it speaks of is answered.
    if (!outcomes.some((one) => one.done && one.seq > 0)) return 'known';
    this.#remember(key);
    return outcomes.some((one) => one.done && !one.replayed) ? 'new' : 'known';
  }

  #remember(key: string): void {
    this.#remembered.add(key);
    if (this.#remembered.size <= this.#rememberedMax) return;
    for (const oldest of this.#remembered) {
      this.#remembered.delete(oldest);
      break;
    }
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
