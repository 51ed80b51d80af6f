import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import { derivedId } from '../../core/kernel/payments/chart.ts';
import type { EventKind, RecordEvent } from '../../core/kernel/payments/commands.ts';
import type { OperationKind } from '../../core/kernel/payments/model.ts';
import { outcomeOf } from '../../core/processes/outcome.ts';
import type { PspOutcome } from '../../core/processes/psp.ts';
import type { Timers } from '../../core/shard/ports.ts';

type Done = Extract<PspOutcome, { done: 'succeeded' | 'declined' }>;

const SECOND_US = 1e6;
/** Until a provider sends again what was not taken in. */
const AGAIN_MS = 60_000;

const KINDS: Readonly<Record<OperationKind, readonly [onSuccess: EventKind, onFailure: EventKind]>> = {
  authorize: ['authorized', 'declined'],
  sale: ['captured', 'declined'],
  increment: ['authorized', 'declined'],
  capture: ['captured', 'capture_failed'],
  void: ['voided', 'declined'],
  refund: ['refunded', 'refund_failed'],
};

export interface TellerOptions {
  provider: string;
  timers: Timers;
  random: () => number;
  nowUs: () => number;
  authorizationSeconds: number;
  /** Of which payment an operation is, as the books have it. */
  intentOf: (operation: Uuid) => Uuid | undefined;
  /** False where it is to be sent again. */
  deliver: (event: RecordEvent) => Promise<boolean>;
}

/** What came of an operation. */
export interface Told {
  operation: Uuid;
  kind: OperationKind;
  outcome: Done;
  /** Whether it happened at the moment of what was told of it before, or at a later one. */
  at: 'now' | 'same' | 'later';
}

/**
 * How a provider that cannot be asked tells what came of operations: by events alone, whose moments are whole seconds, and
 * which come late, twice and in any order, until they are taken in.
 */
export class Teller {
  readonly #options: TellerOptions;
  readonly #lastUs = new Map<Uuid, number>();
  #events = 0;

  constructor(options: TellerOptions) {
    this.#options = options;
  }

  tell({ operation, kind, outcome, at }: Told): void {
    const { provider, random, nowUs, authorizationSeconds } = this.#options;
    const lastUs = this.#lastUs.get(operation) ?? 0;
    const wholeUs = Math.floor(nowUs() / SECOND_US) * SECOND_US;
    const leastUs = at === 'later' ? lastUs + SECOND_US : lastUs;
    const occurredUs = at === 'same' ? lastUs : Math.max(wholeUs, leastUs);
    this.#lastUs.set(operation, occurredUs);
    const isRefund = kind === 'refund' && outcome.done === 'succeeded';
    const event: Omit<RecordEvent, 'intent'> = {
      op: 'recordEvent',
      id: derivedId(operation, `event ${++this.#events}`),
      operation,
      payment: '',
      provider,
      kind: KINDS[kind][outcome.done === 'succeeded' ? 0 : 1],
      occurredUs,
      proof: outcomeOf(outcome, { nowUs: nowUs(), authorizationSeconds }),
      moved: isRefund
        ? { reference: `re_${operation}`, amount: outcome.amount, currency: outcome.currency, cost: 0n }
        : null,
    };
    for (let copies = random() < 0.2 ? 2 : 1; copies > 0; copies--)
      this.#send(event, random() < 0.1 ? random() * 7_200_000 : random() * 40_000);
  }

  #send(event: Omit<RecordEvent, 'intent'>, delayMs: number): void {
    const { timers, deliver, intentOf } = this.#options;
    timers.after(Math.ceil(delayMs), () => {
      const intent = event.operation === '' ? undefined : intentOf(event.operation);
      const sent = intent === undefined ? Promise.resolve(false) : deliver({ ...event, intent });
      void sent.then((isTaken) => {
        if (!isTaken) this.#send(event, AGAIN_MS);
      });
    });
  }
}
