import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import { derivedId } from '../../core/kernel/payments/chart.ts';
import type { EventKind, Outcome, PaymentCommand } from '../../core/kernel/payments/commands.ts';
import type { Intent, Merchant, Operation } from '../../core/kernel/payments/model.ts';
import { NOON_US } from './ledger.ts';
import { ScriptedPayments } from './scriptedPayments.ts';

const STEPS = 60;

/** Any sequence of commands and outcomes on a few payments of one shard, as the seed has it; and what came of them. */
export function randomPayments(
  shard: number,
  seed: number,
): { shard: ScriptedPayments; came: ReadonlyMap<string, number>; merchants: readonly Merchant[] } {
  const sequence = new Sequence(shard, seed);
  try {
    sequence.run();
  } catch (error) {
    throw new Error(`seed ${seed}`, { cause: error });
  }
  return sequence;
}

/** Numbers from 0 to 1 that follow from a seed. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

class Sequence {
  readonly shard: ScriptedPayments;
  readonly #random: () => number;
  readonly merchants: readonly Merchant[];
  readonly #intents: Intent[] = [];
  /** What came of commands, and how often. */
  readonly came = new Map<string, number>();

  constructor(shard: number, seed: number) {
    this.shard = new ScriptedPayments(shard, NOON_US, shard + 1);
    this.#random = randomOf(seed);
    this.merchants = [this.shard.merchant(), this.shard.merchant({ feesReturned: true, settlementDays: 0 })];
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) {
      this.#step();
      if (this.#random() < 0.3) {
        this.shard.seal();
        this.shard.nowUs += this.#one([1, 1e3, 1e6, 60e6, 3_600e6, 86_400e6, 4 * 86_400e6]);
      }
    }
    this.shard.seal();
  }

  #one<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)];
  }

  #step(): void {
    if (this.#random() < 0.03) {
      const fees = [
        { method: '', currency: 'EUR', ppm: this.#one([0, 10_000, 990_000]), fixed: 7n, cap: null } as const,
      ];
      const taxed = { taxPpm: this.#one([0, 190_000]), taxJurisdiction: this.#one(['DE', 'FR']) };
      this.shard.updateMerchant(
        this.#one(this.merchants),
        this.#one([
          { fees: [...fees] },
          { tax: taxed },
          { feesReturned: this.#random() < 0.5 },
          { reserve: { ppm: 150_000, days: 2 } },
          { name: 'New name' },
        ]),
      );
      return;
    }
    if (this.#intents.length === 0 || this.#random() < 0.15) {
      this.#intents.push(
        this.shard.create(this.#one(this.merchants), {
          capture: this.#one(['automatic', 'manual']),
          confirm: this.#random() < 0.8,
          amount: this.#one([1n, 35n, 999n, 10_000n]),
          expiresAfterSeconds: this.#one([60, 86_400, 30 * 86_400]),
        }),
      );
      return;
    }
    const intent = this.#one(this.#intents);
    const came = this.#attempt(this.#command(intent));
    this.came.set(came, (this.came.get(came) ?? 0) + 1);
  }

  /** What meets a defect while it is decided fails alone, and leaves nothing. */
  #attempt(command: PaymentCommand): string {
    try {
      return this.shard.attempt(command);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('payments: ')) return error.message;
      throw error;
    }
  }

  #command(intent: Intent): PaymentCommand {
    const id = this.shard.id();
    const kind = this.#random();
    if (kind < 0.65 && intent.operations.length > 0) {
      const operation = this.#random() < 0.7 ? intent.operations.at(-1)! : this.#one(intent.operations);
      if (kind >= 0.6) return this.#verdict(intent, id);
      if (kind >= 0.5) return this.#event(intent, operation, id);
      const amount = this.#random() < 0.95 ? operation.amount : operation.amount + 1n;
      return {
        op: 'recordOutcome',
        id: derivedId(operation.id, `outcome ${id}`),
        intent: intent.id,
        operation: operation.id,
        outcome: this.#outcome(amount, intent.currency),
      };
    }
    const amount = this.#one([null, 1n, 20n, intent.amount]);
    return this.#one<PaymentCommand>([
      { op: 'confirmIntent', id, intent: intent.id, method: null },
      { op: 'captureIntent', id, intent: intent.id, amount, final: this.#random() < 0.5 },
      { op: 'incrementIntent', id, intent: intent.id, amount: this.#one([1n, 500n]) },
      { op: 'cancelIntent', id, intent: intent.id, reason: 'requested' },
      { op: 'refundIntent', id, intent: intent.id, amount },
      { op: 'advanceIntent', id, intent: intent.id },
    ]);
  }

  /** Of what is an operator's, where anything is. */
  #verdict(intent: Intent, id: Uuid): PaymentCommand {
    const { id: operation } =
      intent.operations.find(({ attention }) => attention !== '') ?? this.#one(intent.operations);
    const verdict = this.#one(['ask_again', 'done', 'not_done', 'accept', 'send_back'] as const);
    return { op: 'settleOperation', id, intent: intent.id, operation, verdict, note: '' };
  }

  #event(intent: Intent, operation: Operation, id: Uuid): PaymentCommand {
    const { amount, currency } = operation;
    const kind = this.#one<EventKind>([
      'authorized',
      'declined',
      'action_done',
      'captured',
      'capture_failed',
      'refunded',
      'refund_failed',
      'voided',
      'debit_returned',
      'dispute_opened',
      'dispute_won',
      'dispute_lost',
    ]);
    const isRefund = kind === 'refunded' || kind === 'refund_failed';
    const isMoved = kind === 'debit_returned' || kind.startsWith('dispute') || isRefund;
    const part = isRefund ? this.#one([1n, amount, amount + 5n]) : amount;
    return {
      op: 'recordEvent',
      id,
      intent: intent.id,
      operation: operation.id,
      payment: '',
      provider: intent.attempts[operation.attempt].provider,
      kind,
      occurredUs: this.shard.nowUs + this.#one([-1, 0, 1]),
      proof: (isMoved && !isRefund) || this.#random() < 0.7 ? null : this.#outcome(amount, currency),
      moved: isMoved ? { reference: this.#one(['a', 'b']), amount: part, currency, cost: 15n } : null,
    };
  }

  #outcome(amount: bigint, currency: string): Outcome {
    const providerReference = 'ref';
    const lapse = this.shard.nowUs + 7 * 86_400e6;
    const succeeded: Outcome = {
      done: 'succeeded',
      amount,
      currency,
      providerReference,
      cost: 3n,
      expiresAtUs: lapse,
    };
    const declined = (code: 'do_not_honor' | 'stolen_card' | 'operation_not_allowed'): Outcome => ({
      done: 'declined',
      code,
      providerCode: '05',
      providerReference,
    });
    return this.#one<Outcome>([
      succeeded,
      succeeded,
      succeeded,
      declined('do_not_honor'),
      declined('stolen_card'),
      declined('operation_not_allowed'),
      { done: 'unknown', why: 'a timeout' },
      { done: 'not_sent', why: 'no connection' },
      { done: 'not_found' },
      { done: 'accepted', providerReference },
      { done: 'requires_action', providerReference, url: 'https://example.com' },
    ]);
  }
}
