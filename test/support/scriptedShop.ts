import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import type { ChartAccount } from '../../core/kernel/payments/chart.ts';
import type {
  CreateIntent,
  CreateMerchant,
  EventKind,
  Outcome,
  RecordEvent,
  Success,
  Verdict,
} from '../../core/kernel/payments/commands.ts';
import type { Intent, Operation } from '../../core/kernel/payments/model.ts';
import { NOON_US } from './ledger.ts';
import { ScriptedPayments } from './scriptedPayments.ts';

export const DECLINED = {
  done: 'declined',
  code: 'processing_error',
  providerCode: '',
  providerReference: '',
} as const;
/** No other route is tried after it. */
export const STOLEN = { ...DECLINED, code: 'stolen_card' } as const;
export const NOT_ALLOWED = { ...DECLINED, code: 'operation_not_allowed' } as const;

/** A merchant without fees, one payment of it, and what providers say of it, in whatever order. */
export class ScriptedShop {
  readonly shard = new ScriptedPayments(0, NOON_US);
  readonly merchant: Uuid;
  readonly intent: Intent;

  constructor(more: Partial<CreateIntent> = {}, terms: Partial<CreateMerchant> = {}) {
    const merchant = this.shard.merchant({ fees: [], taxPpm: 0, taxJurisdiction: '', ...terms });
    this.merchant = merchant.id;
    this.intent = this.shard.create(merchant, more);
  }

  /** Of that kind, the one that was asked for last. */
  last(kind: Operation['kind']): Operation {
    return this.intent.operations.findLast((one) => one.kind === kind)!;
  }

  /** What came of an operation. */
  came({ id }: Operation, outcome: Outcome): void {
    this.shard.outcome(this.intent, outcome, id);
  }

  done({ id, amount, currency }: Operation, more: Partial<Success> = {}): void {
    const rest = { providerReference: 'ref', cost: 0n, expiresAtUs: Infinity };
    this.shard.outcome(this.intent, { done: 'succeeded', amount, currency, ...rest, ...more }, id);
  }

  /** What a provider tells by itself: what came of it. */
  told(kind: EventKind, { id: operation, attempt }: Operation, more: Partial<RecordEvent> = {}): string {
    return this.shard.attempt({
      op: 'recordEvent',
      id: this.shard.id(),
      intent: this.intent.id,
      operation,
      payment: '',
      provider: this.intent.attempts[attempt].provider,
      kind,
      occurredUs: this.shard.nowUs,
      proof: null,
      moved: null,
      ...more,
    });
  }

  cancel(): void {
    this.shard.run({
      op: 'cancelIntent',
      id: this.shard.id(),
      intent: this.intent.id,
      reason: 'requested',
    });
  }

  capture(amount: bigint | null, final = true): string {
    return this.shard.attempt({
      op: 'captureIntent',
      id: this.shard.id(),
      intent: this.intent.id,
      amount,
      final,
    });
  }

  refund(amount: bigint | null): string {
    return this.shard.attempt({ op: 'refundIntent', id: this.shard.id(), intent: this.intent.id, amount });
  }

  advance(): string {
    return this.shard.attempt({ op: 'advanceIntent', id: this.shard.id(), intent: this.intent.id });
  }

  settle({ id: operation }: Operation, verdict: Verdict): string {
    return this.shard.attempt({
      op: 'settleOperation',
      id: this.shard.id(),
      intent: this.intent.id,
      operation,
      verdict,
      note: 'seen',
    });
  }

  balance(account: ChartAccount): bigint {
    return this.shard.balance(account);
  }
}
