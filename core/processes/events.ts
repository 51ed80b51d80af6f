import type { Uuid } from '../kernel/ledger/commands.ts';
import { derivedId, referenceId } from '../kernel/payments/chart.ts';
import type { MovedByOthers, Outcome, RecordEvent } from '../kernel/payments/commands.ts';
import type { OperationPlace, PaymentAnswer, PaymentOutcome } from '../shard/service.ts';
import type { ShardWriter } from '../shard/writer.ts';
import { outcomeOf } from './outcome.ts';
import type { PspAdapter, PspEvent, PspEventKind } from './psp.ts';

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

/** Events that are remembered: of what comes by webhook and is listed as well the writer hears once, or twice. */
const REMEMBERED_MAX = 100_000;
/** What changed nothing while the call that it speaks of was on its way may say something when that has been answered. */
const CALL_MS_MAX = 30_000;
/** Nothing of it is to be taken again. */
const KNOWN = 0;
/**
 * What contradicts a success. Told before the answer to the call, which then says that it was done, it would be forgotten, and
 * no question would follow: so it is to be told again for as long as such a call may last.
 */
const FAILURES: ReadonlySet<PspEventKind> = new Set(['capture_failed', 'refund_failed']);

/** What an event came to, or why it could not be taken. */
export type TakenOrNot = Taken | Error;

interface Placed {
  readonly index: number;
  readonly key: string;
  readonly place: OperationPlace;
  readonly command: RecordEvent;
  /** Its provider cannot be asked: what the event says is taken as it is. */
  readonly isProof: boolean;
}

/** Takes events of providers, whichever way they have come: finds the payments, and keeps what is new durably. */
export class ProviderEvents {
  readonly #shards: EventShards;
  readonly #nowMs: () => number;
  readonly #rememberedMax: number;
  /**
   * In the order in which they were taken, with the moment up to which they are to be taken once more. It only spares work:
   * an id that is spent proves that an event is known.
   */
  readonly #remembered = new Map<string, number>();

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

  /** Answers when they are durable. Each for itself, in place: one that is not ours, or meets a defect, must not hold up the others. */
  async takeAll(adapter: PspAdapter, events: readonly PspEvent[]): Promise<TakenOrNot[]> {
    const taken: TakenOrNot[] = events.map(() => 'later');
    const placed: Placed[] = [];
    await Promise.all(
      events.map(async (event, index) => {
        const key = `${adapter.name} ${event.operation} ${event.dedupeKey}`;
        if (this.#isRemembered(key)) {
          taken[index] = 'known';
          return;
        }
        try {
          const place = await this.#placeOf(adapter, event);
          if (place !== null) {
            const command = this.#commandOf(adapter, event, place);
            placed.push({ index, key, place, command, isProof: adapter.capabilities.provenByEvents });
          }
        } catch (error) {
          taken[index] = error as Error;
        }
      }),
    );
    const books = Map.groupBy(
      // Looked up at once, they are found in any order.
      placed.toSorted((a, b) => a.index - b.index),
      ({ place }) => `${place.writer.shard} ${place.book}`,
    );
    await Promise.all([...books.values()].map((group) => this.#submit(group, taken)));
    return taken;
  }

  async #submit(group: readonly Placed[], taken: TakenOrNot[]): Promise<void> {
    const { writer, book } = group[0].place;
    try {
      const commands = group.map(({ command }) => command);
      const { outcomes } = await this.#shards.submitOutcomes(writer, book, commands);
      for (const [at, one] of group.entries()) taken[one.index] = this.#tell(one, outcomes[at]);
    } catch (error) {
      // A call that meets a defect fails as a whole: each is told apart then, which changes nothing for those that went in.
      if (group.length > 1) for (const one of group) await this.#submit([one], taken);
      else taken[group[0].index] = error as Error;
    }
  }

  #tell({ key, command, isProof }: Placed, outcome: PaymentOutcome): Taken {
    // Under an id that is spent it is known already; only what waits for something else to be proven is told again.
    if (!outcome.done) return outcome.reason === 'PAYMENT_STATE' ? 'later' : 'known';
    if (outcome.seq > 0) {
      this.#remember(key, KNOWN);
      return outcome.replayed ? 'known' : 'new';
    }
    // What changed nothing is in no journal.
    const nowMs = this.#nowMs();
    const untilMs = this.#remembered.get(key) ?? nowMs + CALL_MS_MAX;
    const isOver = untilMs <= nowMs;
    this.#remember(key, isOver ? KNOWN : untilMs);
    return isOver || isProof || !FAILURES.has(command.kind) ? 'known' : 'later';
  }

  #isRemembered(key: string): boolean {
    return this.#remembered.get(key) === KNOWN;
  }

  #remember(key: string, againUntilMs: number): void {
    this.#remembered.set(key, againUntilMs);
    if (this.#remembered.size <= this.#rememberedMax) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      break;
    }
  }

  #placeOf(
    adapter: PspAdapter,
    { operation, providerReference: payment }: PspEvent,
  ): Promise<OperationPlace | null> {
    if (operation === '' && payment === '') return Promise.resolve(null);
    return this.#shards.placeOf(operation === '' ? referenceId(adapter.name, payment) : operation);
  }

  #commandOf(adapter: PspAdapter, event: PspEvent, { intent }: OperationPlace): RecordEvent {
    const { operation, providerReference: payment, kind, dedupeKey } = event;
    return {
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
