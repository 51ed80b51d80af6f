import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import { DECLINES, type DeclineCode } from '../../core/kernel/payments/declines.ts';
import type { OperationKind } from '../../core/kernel/payments/model.ts';
import type {
  AuthorizeCall,
  CaptureCall,
  ContinueCall,
  FollowUpCall,
  PspAdapter,
  PspCapabilities,
  PspEvent,
  PspOutcome,
  QueryCall,
  QueryOutcome,
} from '../../core/processes/psp.ts';
import type { Timers } from '../../core/shard/ports.ts';
import type { Teller, Told } from './teller.ts';

/** How often each fault strikes, 0 to 1. */
export interface FaultRates {
  decline: number;
  notSent: number;
  /** The request gets lost; nothing is done. */
  lost: number;
  /** It is done, and the answer gets lost. */
  replyLost: number;
  /** The answer gets lost, and it is done only later. */
  late: number;
  /** A question goes unanswered. */
  queryLost: number;
  /** It does another amount than it was asked for. */
  mismatch: number;
  /** The issuer approves half of it. */
  partial: number;
  /** A capture or refund is taken back at the moment at which it was done, where events tell of both. */
  reversed: number;
  /** The payer has to do something first. */
  challenge: number;
}

export const NO_FAULTS: FaultRates = {
  decline: 0,
  notSent: 0,
  lost: 0,
  replyLost: 0,
  late: 0,
  queryLost: 0,
  mismatch: 0,
  partial: 0,
  reversed: 0,
  challenge: 0,
};

type Done = Exclude<PspOutcome, { done: 'not_sent' | 'unknown' }>;

/** A payment as the provider has it. */
interface Payment {
  currency: string;
  authorized: bigint;
  captured: bigint;
  refunded: bigint;
  state: 'open' | 'voided';
}

const UNKNOWN: PspOutcome = { done: 'unknown', why: 'timeout' };
const COST = 3n;
export const AUTHORIZATION_SECONDS = 7 * 86_400;

/** A provider on simulated time, with its own truth: what it was asked and did, whatever it answered. */
export class SimulatedPsp implements PspAdapter {
  readonly name: string;
  readonly capabilities: PspCapabilities;
  rates: FaultRates = NO_FAULTS;
  /** What each operation came to, by our reference. */
  readonly done = new Map<Uuid, { kind: OperationKind; outcome: Done }>();
  /** By our reference of the authorisation or sale. */
  readonly payments = new Map<Uuid, Payment>();
  /** References that a void has closed before they arrived. */
  readonly closed = new Set<Uuid>();
  /** What disputes that are open or lost have taken, by reference. */
  readonly disputes = new Map<string, bigint>();
  /** Refunds that somebody made at its own pages, and that stand. */
  readonly byHand: { payment: Payment; amount: bigint; reference: string }[] = [];
  costs = 0n;
  calls = 0;
  readonly #acts = new Map<Uuid, () => Done>();
  readonly #takenBack = new Map<Uuid, { payment: Payment; outcome: Extract<Done, { done: 'succeeded' }> }>();
  /** Who tells what came of operations, where events alone do; null where it can be asked about. */
  readonly teller: Teller | null;
  /** Operations whose payers have done what was asked of them. */
  readonly #passed = new Set<Uuid>();
  readonly #timers: Timers;
  readonly #random: () => number;

  constructor(options: {
    name: string;
    timers: Timers;
    random: () => number;
    sale: boolean;
    teller?: Teller | undefined;
  }) {
    this.name = options.name;
    this.teller = options.teller ?? null;
    this.#timers = options.timers;
    this.#random = options.random;
    this.capabilities = {
      methods: ['card', 'wallet'],
      currencies: ['EUR', 'USD'],
      // Of a currency that the simulation does not pay in.
      minimum: { USD: 50n },
      maximum: 10n ** 15n,
      partialCapture: true,
      multipleCaptures: true,
      increment: true,
      partialRefund: true,
      sale: options.sale,
      authorizationSeconds: AUTHORIZATION_SECONDS,
      keySeconds: 86_400,
      consistencyMs: 20_000,
      live: false,
      provenByEvents: this.teller !== null,
      events: null,
      settlementReport: false,
    };
  }

  authorize(call: AuthorizeCall): Promise<PspOutcome> {
    return this.#ask({ ...call, target: call.operation }, call.capture ? 'sale' : 'authorize', () => {
      if (this.closed.has(call.operation)) return declined('operation_not_allowed');
      if (!this.#passed.has(call.operation) && this.#strikes(this.rates.challenge))
        return this.#challenge(call.operation);
      if (this.#strikes(this.rates.decline)) return declined(pick(this.#random()));
      const isPartial = call.amount > 1n && this.#strikes(this.rates.partial);
      const amount = isPartial ? (call.amount + 1n) / 2n : this.#really(call.amount, call.amount + 1n);
      this.payments.set(call.operation, {
        currency: call.currency,
        authorized: amount,
        captured: call.capture ? amount : 0n,
        refunded: 0n,
        state: 'open',
      });
      // An authorisation that we learn of only by its void costs nothing, so that both sides can agree to the unit.
      const outcome = this.#succeeded({ ...call, amount }, call.operation, call.capture ? COST : 0n);
      return isPartial ? { ...outcome, isPartial } : outcome;
    });
  }

  capture(call: CaptureCall): Promise<PspOutcome> {
    return this.#ask(call, 'capture', () => {
      const payment = this.payments.get(call.target);
      if (payment === undefined || payment.state === 'voided') return declined('operation_not_allowed');
      if (payment.captured + call.amount > payment.authorized) return declined('amount_not_allowed');
      if (this.#strikes(this.rates.decline)) return declined('processing_error');
      const amount = this.#really(call.amount, payment.authorized - payment.captured);
      payment.captured += amount;
      if (call.final) payment.authorized = payment.captured;
      return this.#succeeded({ ...call, amount }, call.target);
    });
  }

  void(call: FollowUpCall): Promise<PspOutcome> {
    return this.#ask(call, 'void', () => {
      const payment = this.payments.get(call.target);
      if (this.#isAwaited(call.target)) return this.#endChallenge(call);
      if (payment === undefined) {
        this.closed.add(call.target);
        return declined('operation_not_allowed');
      }
      // As the contract of adapters has it: the code does not tell what is captured from what was never seen.
      if (payment.captured === payment.authorized) return declined('operation_not_allowed');
      payment.authorized = payment.captured;
      payment.state = 'voided';
      return this.#succeeded(call, call.target, 0n);
    });
  }

  refund(call: FollowUpCall): Promise<PspOutcome> {
    return this.#ask(call, 'refund', () => {
      const payment = this.payments.get(call.target);
      if (payment === undefined) {
        this.closed.add(call.target);
        return declined('operation_not_allowed');
      }
      if (payment.refunded + call.amount > payment.captured) return declined('amount_not_allowed');
      if (this.#strikes(this.rates.decline)) return declined('processing_error');
      const amount = this.#really(call.amount, payment.captured - payment.refunded);
      payment.refunded += amount;
      return this.#succeeded({ ...call, amount }, call.target);
    });
  }

  increment(call: FollowUpCall): Promise<PspOutcome> {
    return this.#ask(call, 'increment', () => {
      const payment = this.payments.get(call.target);
      if (payment === undefined || payment.state === 'voided') return declined('operation_not_allowed');
      // Nor more of what was captured and taken back: nothing of it is held any more.
      if (payment.captured > 0n || payment.authorized === 0n) return declined('operation_not_allowed');
      if (this.#strikes(this.rates.decline)) return declined('limit_exceeded');
      const amount = this.#really(call.amount, call.amount + 1n);
      payment.authorized += amount;
      return this.#succeeded({ ...call, amount }, call.target);
    });
  }

  /** Every other payer comes back; by events alone only what the browser brought back tells so. */
  async continue({ operation, returned }: ContinueCall): Promise<PspOutcome> {
    const before = this.done.get(operation);
    const act = this.#acts.get(operation);
    if (before === undefined || act === undefined) return declined('operation_not_allowed');
    if (!this.#isAwaited(operation)) return before.outcome;
    if ((this.teller !== null && returned === '') || this.#strikes(0.5)) return this.#challenge(operation);
    return this.#ask({ operation, target: operation }, before.kind, () => {
      this.#passed.add(operation);
      return act();
    });
  }

  #challenge(operation: Uuid): Done {
    const providerReference = this.teller === null ? `${this.name} ${operation}` : '';
    return {
      done: 'requires_action',
      providerReference,
      action: { type: 'redirect', url: 'https://a.example' },
    };
  }

  #isAwaited(operation: Uuid): boolean {
    return this.done.get(operation)?.outcome.done === 'requires_action' && !this.#passed.has(operation);
  }

  /** A void of what a payer is awaited for; Adyen has no payment by then, and says that it found none. */
  #endChallenge(call: FollowUpCall): Done {
    this.closed.add(call.target);
    const { kind } = this.done.get(call.target)!;
    this.done.set(call.target, { kind, outcome: declined('operation_not_allowed') });
    return this.teller === null ? this.#succeeded(call, call.target, 0n) : declined('operation_not_allowed');
  }

  async query(call: QueryCall): Promise<QueryOutcome> {
    this.calls++;
    await this.#pause();
    if (this.#strikes(this.rates.queryLost)) return { done: 'unknown', why: 'timeout' };
    if (this.teller !== null)
      return call.providerReference === ''
        ? { done: 'not_found' }
        : { done: 'unknown', why: 'by events alone' };
    const done = this.done.get(call.operation)?.outcome ?? { done: 'not_found' };
    await this.#pause();
    return done;
  }

  verifyWebhook(): boolean {
    return false;
  }

  parseWebhook(): PspEvent[] {
    return [];
  }

  /** What the provider owes us, by its own truth: captures less refunds less its costs. */
  owes(): bigint {
    let sum = -this.costs;
    for (const { captured, refunded } of this.payments.values()) sum += captured - refunded;
    for (const withdrawn of this.disputes.values()) sum -= withdrawn;
    return sum;
  }

  /** Does after all what it had declined. False where it cannot. */
  changeMind(operation: Uuid): boolean {
    const before = this.done.get(operation);
    const act = this.#acts.get(operation);
    if (before?.outcome.done !== 'declined' || act === undefined) return false;
    const taken = this.#takenBack.get(operation);
    if (taken !== undefined) {
      taken.payment.captured += taken.outcome.amount;
      taken.payment.authorized += taken.outcome.amount;
      this.done.set(operation, { ...before, outcome: taken.outcome });
      this.#takenBack.delete(operation);
      this.#tell(operation, 'later');
      return true;
    }
    const { rates } = this;
    this.rates = NO_FAULTS;
    const outcome = act();
    this.rates = rates;
    if (outcome.done !== 'succeeded') return false;
    this.done.set(operation, { ...before, outcome });
    this.#tell(operation, 'later');
    return true;
  }

  /** Takes a capture or a sale back that it had done. False where it cannot. */
  takeBack(operation: Uuid, target: Uuid, at: Told['at'] = 'now'): boolean {
    const before = this.done.get(operation);
    const payment = this.payments.get(target);
    if (before?.outcome.done !== 'succeeded' || payment === undefined) return false;
    payment.captured -= before.outcome.amount;
    payment.authorized -= before.outcome.amount;
    this.#takenBack.set(operation, { payment, outcome: before.outcome });
    this.done.set(operation, { ...before, outcome: declined('processing_error') });
    this.#tell(operation, at);
    return true;
  }

  /** Tells what an operation has come to, where events do. */
  #tell(operation: Uuid, at: Told['at']): void {
    const { kind, outcome } = this.done.get(operation)!;
    if (outcome.done === 'succeeded' || outcome.done === 'declined')
      this.teller?.tell({ operation, kind, outcome, at });
  }

  /** What was just done is taken back at once: both events have one moment. */
  #reverse({ operation, target }: { operation: Uuid; target: Uuid }): void {
    const { kind, outcome } = this.done.get(operation)!;
    if (this.teller === null || outcome.done !== 'succeeded' || !this.#strikes(this.rates.reversed)) return;
    if (kind === 'capture') this.takeBack(operation, target, 'same');
    if (kind !== 'refund') return;
    this.payments.get(target)!.refunded -= outcome.amount;
    this.done.set(operation, { kind, outcome: declined('processing_error') });
    this.#tell(operation, 'same');
  }

  async #ask(
    { operation, target }: { operation: Uuid; target: Uuid },
    kind: OperationKind,
    act: () => Done,
  ): Promise<PspOutcome> {
    this.calls++;
    this.#acts.set(operation, act);
    await this.#pause();
    if (this.#strikes(this.rates.notSent)) return { done: 'not_sent', why: 'connection refused' };
    if (this.#strikes(this.rates.lost)) return UNKNOWN;
    const once = (): Done => {
      const before = this.done.get(operation);
      // What a payer was asked for is followed by what comes of it.
      if (before !== undefined && before.outcome.done !== 'requires_action') return before.outcome;
      const outcome = act();
      this.done.set(operation, { kind, outcome });
      this.#tell(operation, 'now');
      this.#reverse({ operation, target });
      return outcome;
    };
    const isTaken = this.teller !== null && kind !== 'authorize' && kind !== 'sale';
    if (this.#strikes(this.rates.late)) {
      this.#timers.after(1_000 + this.#random() * 15_000, once);
      return UNKNOWN;
    }
    const outcome = once();
    await this.#pause();
    if (this.#strikes(this.rates.replyLost)) return UNKNOWN;
    return isTaken ? { done: 'accepted', providerReference: `${this.name} ${operation}` } : outcome;
  }

  #succeeded({ amount, currency }: FollowUpCall | AuthorizeCall, reference: Uuid, most = COST): Done {
    // By events nobody is told of costs.
    const cost = this.teller === null ? most : 0n;
    this.costs += cost;
    return {
      done: 'succeeded',
      amount,
      currency,
      providerReference: `${this.name} ${reference}`,
      cost,
      expiresAtMs: null,
    };
  }

  /** What is done of what was asked, no more than `most`. */
  #really(amount: bigint, most: bigint): bigint {
    if (!this.#strikes(this.rates.mismatch)) return amount;
    const other = this.#random() < 0.5 ? amount - 1n : amount + 1n;
    return other >= 1n && other <= most ? other : amount;
  }

  #strikes(rate: number): boolean {
    return rate > 0 && this.#random() < rate;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#timers.after(1 + Math.floor(this.#random() * 200), resolve));
  }
}

function declined(code: DeclineCode): Done {
  return { done: 'declined', code, providerCode: code, providerReference: '' };
}

function pick(random: number): DeclineCode {
  const codes = Object.keys(DECLINES) as DeclineCode[];
  return codes[Math.floor(random * codes.length)];
}
