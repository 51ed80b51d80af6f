import type { Uuid } from '../ledger/commands.ts';
import { type Context, refusal, type Refusal, slotOf } from '../ledger/context.ts';
import { availableBalance, Draft } from '../ledger/draft.ts';
import type { Fact } from '../ledger/facts.ts';
import { Flag, Kind, State } from '../ledger/layout.ts';
import { writeTransaction } from '../ledger/transactionEvent.ts';
import {
  type After,
  type Cause,
  type IntentChange,
  type IntentCreated,
  type IntentMoved,
  type PaymentChange,
  type ShownAttempt,
  Subject,
  type Updated,
  writeChange,
} from './change.ts';
import { accountsOf } from './accountsOf.ts';
import { type ChartAccount, derivedId } from './chart.ts';
import { dueOf, owingOf } from './due.ts';
import { put } from './evolve.ts';
import type {
  Attempt,
  AttemptState,
  Counters,
  Dispute,
  Entries,
  Intent,
  IntentState,
  Merchant,
  Operation,
  OperationState,
} from './model.ts';
import type { Router } from './router.ts';
import { lostOf, madeElsewhere, saleOpen, sentBack } from './said.ts';
import type { PaymentsState } from './state.ts';
import { beforeOf, type Before, type RequestOrigin, telling, toldOf } from './told.ts';
import {
  ATTEMPT_TRANSITIONS,
  INTENT_TRANSITIONS,
  OPERATION_TRANSITIONS,
  isOpen,
  mayFollow,
} from './transitions.ts';

export interface PaymentContext extends Context {
  payments: PaymentsState;
  router: Router;
  /** Of whom the command speaks, who is told what comes of it. */
  merchant?: Merchant | undefined;
  /** The request of that merchant that led to the command. */
  origin?: RequestOrigin | undefined;
}

/** One movement of money between accounts of the chart. */
export interface Leg {
  debit: ChartAccount;
  credit: ChartAccount;
  /** Minor units; 0 is left out. */
  amount: bigint;
}

/** What came of a payment command. */
export type PaymentDecision =
  /** Events were written from that index of the body on; `at` is the last, carries the command's id and says `change`. */
  | { done: 'events'; first: number; at: number; change: PaymentChange }
  | { done: 'declined'; refusal: Refusal }
  /** These accounts must be opened first. */
  | { done: 'needs'; accounts: ChartAccount[] }
  /** Of an event: it says nothing that can be booked before something else is proven, and is to be told again. */
  | { done: 'later' }
  /** `isKnown`: it says what is proven already. */
  | { done: 'nothing'; isKnown?: true };

/** The same, or why a caller is refused. */
export type Decided = PaymentDecision | Refusal;

const utf8 = new TextEncoder();
const NO_METADATA = new Uint8Array(0);

/** A decision about one intent while it is made: a draft of the intent, and what is to be booked with it. */
export class Flow {
  readonly intent: Intent;
  readonly context: PaymentContext;
  readonly #before: Before;
  readonly #lostBefore: bigint;
  /** Attempts of before: events tell their routes already. */
  readonly #begunBefore: number;
  readonly #touchedAttempts = new Set<number>();
  readonly #touchedOperations = new Set<Uuid>();
  readonly #touchedDisputes = new Set<string>();
  /** Accounts that the decision rests on. */
  readonly #looked: ChartAccount[] = [];
  /** Where the accounts of the transactions stand in memory. */
  readonly #slots = new Map<ChartAccount, number>();
  #transactions: { purpose: string; legs: Leg[] }[] = [];

  constructor(context: PaymentContext, draft: Intent) {
    this.context = context;
    this.intent = draft;
    this.#before = beforeOf(draft);
    this.#lostBefore = lostOf(draft);
    this.#begunBefore = draft.attempts.length;
  }

  get nowUs(): number {
    return this.context.nowUs;
  }

  move(state: IntentState): void {
    must(mayFollow(INTENT_TRANSITIONS, this.intent.state, state), `intent ${this.intent.state} -> ${state}`);
    this.intent.state = state;
  }

  attempt(index: number): Attempt {
    this.#touchedAttempts.add(index);
    return this.intent.attempts[index];
  }

  moveAttempt(index: number, state: AttemptState): Attempt {
    const attempt = this.attempt(index);
    must(mayFollow(ATTEMPT_TRANSITIONS, attempt.state, state), `attempt ${attempt.state} -> ${state}`);
    attempt.state = state;
    return attempt;
  }

  moveOperation(operation: Operation, state: OperationState, dueUs: number): void {
    must(
      mayFollow(OPERATION_TRANSITIONS, operation.state, state),
      `operation ${operation.state} -> ${state}`,
    );
    this.#touchedOperations.add(operation.id);
    // A proof leaves nothing to decide, unless it raises something itself.
    if (operation.state !== state && !isOpen(state)) operation.attention = '';
    operation.state = state;
    operation.dueUs = dueUs;
  }

  /** How a dispute stands from here on. */
  dispute(dispute: Dispute): void {
    this.#touchedDisputes.add(dispute.id);
    put(this.intent.disputes, { ...dispute });
  }

  /** Puts an operation into an operator's hands. */
  attend(operation: Operation, why: string): void {
    this.#touchedOperations.add(operation.id);
    operation.attention = why;
  }

  /** What a caller says of a refund. */
  describe(operation: Operation, metadata: Entries): void {
    this.#touchedOperations.add(operation.id);
    operation.metadata = metadata;
  }

  begin(
    id: Uuid,
    what: Pick<Operation, 'kind' | 'attempt' | 'amount'> &
      Partial<
        Pick<
          Operation,
          | 'request'
          | 'currency'
          | 'final'
          | 'fromPending'
          | 'fromPendingUntilUs'
          | 'source'
          | 'foreign'
          | 'reason'
          | 'reference'
          | 'metadata'
        >
      >,
  ): Operation {
    const operation: Operation = {
      id,
      request: '',
      currency: this.intent.currency,
      final: true,
      fromPending: 0n,
      source: 'available',
      ...what,
      state: 'pending',
      providerReference: '',
      decline: '',
      detail: '',
      askedUs: this.nowUs,
      startedUs: this.nowUs,
      tries: 0,
      silent: 0,
      unknownUs: 0,
      dueUs: this.nowUs,
      eventUs: 0,
      said: null,
      attention: '',
      changedIn: 0,
    };
    this.intent.operations.push(operation);
    this.#touchedOperations.add(id);
    return operation;
  }

  /** What stands on an account of the chart, on its normal side. One that the book does not have yet is opened first. */
  balanceOf(account: ChartAccount): bigint {
    this.#looked.push(account);
    const slot = slotOf(this.context, account.id);
    if (slot < 0) return 0n;
    const { debitsPosted, creditsPosted } = this.context.state.accounts.countersOf(slot);
    return account.normalSide === 1 ? debitsPosted - creditsPosted : creditsPosted - debitsPosted;
  }

  /** What of a credit account is there to be taken: what no hold has, and with what this decision books. */
  availableOf(account: ChartAccount): bigint {
    let balance = this.#heldOn(account);
    for (const { legs } of this.#transactions)
      for (const { debit, credit, amount } of legs) {
        if (credit.id === account.id) balance += amount;
        if (debit.id === account.id) balance -= amount;
      }
    return balance > 0n ? balance : 0n;
  }

  /** Books these legs as one transaction, under an id that follows from the purpose. */
  book(purpose: string, legs: Leg[]): void {
    const real = legs.filter(({ amount }) => amount !== 0n);
    must(
      real.every(({ amount }) => amount > 0n),
      `${purpose} below zero`,
    );
    if (real.length > 0) this.#transactions.push({ purpose, legs: real });
  }

  /** Writes everything: first the money, then what the payment is after it. */
  write(
    what: { id: Uuid; by: Cause; request: readonly Fact[] },
    make:
      | {
          name: IntentMoved['name'];
          /** Whether it is told, as it stands now. */
          method?: boolean;
          returnUrl?: boolean;
          note?: string;
          updated?: Updated;
        }
      | { created: (after: After) => IntentCreated },
  ): PaymentDecision {
    const { context, intent } = this;
    const { body } = context;
    const start = { end: body.end, events: body.events };
    this.#makeUp();
    // A caller's wish meets floors, a fact does not.
    if (what.by === 'provider' || what.by === 'timer') this.#cover();
    const missing = this.#missing();
    if (missing.length > 0) return { done: 'needs', accounts: missing };
    intent.version++;
    for (const one of intent.operations)
      if (this.#touchedOperations.has(one.id)) one.changedIn = intent.version;
    for (const one of intent.disputes) if (this.#touchedDisputes.has(one.id)) one.changedIn = intent.version;
    // Checked before anything is written: what is not allowed leaves no byte in the block.
    const after = this.#after();
    const draft = new Draft(context.state.accounts);
    for (const transaction of this.#transactions) {
      const fault = this.#writeTransaction(draft, what.id, transaction);
      if (fault === null) continue;
      body.truncate(start.end, start.events);
      return { done: 'declined', refusal: fault };
    }
    const told = telling(context, toldOf(this.#before, intent));
    const change: IntentChange =
      'created' in make
        ? { ...make.created(after), ...told }
        : {
            name: make.name,
            by: what.by,
            request: what.request,
            ...(make.method === true && intent.method !== null ? { method: intent.method } : {}),
            ...(make.returnUrl === true ? { returnUrl: intent.returnUrl } : {}),
            ...(make.updated === undefined ? {} : { updated: make.updated }),
            ...(make.note === undefined ? {} : { note: make.note }),
            attempts: [...this.#touchedAttempts].map((index) => [index, this.#shown(index)] as const),
            operations: intent.operations.filter(({ id }) => this.#touchedOperations.has(id)),
            ...(this.#touchedDisputes.size === 0
              ? {}
              : { disputes: intent.disputes.filter(({ id }) => this.#touchedDisputes.has(id)) }),
            after,
            ...told,
          };
    const at = writeChange(
      body,
      {
        id: what.id,
        book: context.book,
        subject: Subject.intent,
        subjectId: intent.id,
        subjectSeq: intent.seq,
      },
      change,
    );
    return { done: 'events', first: start.events, at, change };
  }

  /** Whatever was booked: of money that is nobody's no less than nothing is left, and the rest is a loss. */
  #makeUp(): void {
    const more = lostOf(this.intent) - this.#lostBefore;
    const { merchantLoss, unapplied } = accountsOf(this.intent, '');
    this.intent.counters.unapplied += more;
    if (more > 0n) this.book('loss', [{ debit: merchantLoss, credit: unapplied, amount: more }]);
    else this.book('loss regained', [{ debit: unapplied, credit: merchantLoss, amount: -more }]);
  }

  /** What an account of the merchant does not hold, as somebody has moved it elsewhere, the merchant owes. */
  #cover(): void {
    const { owed } = accountsOf(this.intent, '');
    const there = new Map<Uuid, bigint>();
    const thereOn = (account: ChartAccount): bigint => there.get(account.id) ?? this.#heldOn(account);
    const covered = this.#transactions.map(({ purpose, legs }) => ({
      purpose,
      legs: legs.flatMap((leg) => {
        const { debit, credit, amount } = leg;
        if (credit.floored) there.set(credit.id, thereOn(credit) + amount);
        if (!debit.floored) return [leg];
        const held = thereOn(debit);
        const part = held <= 0n ? 0n : amount < held ? amount : held;
        there.set(debit.id, held - part);
        if (part === amount) return [leg];
        const rest = { debit: owed, credit, amount: amount - part };
        // What it owes already it cannot pay by owing it.
        return [{ debit, credit, amount: part }, rest].filter(
          (one) => one.amount > 0n && one.debit.id !== one.credit.id,
        );
      }),
    }));
    this.#transactions = covered.filter(({ legs }) => legs.length > 0);
  }

  /** What of a credit account there was to be taken before this decision. */
  #heldOn(account: ChartAccount): bigint {
    this.#looked.push(account);
    const slot = slotOf(this.context, account.id);
    return slot < 0 ? 0n : availableBalance(this.context.state.accounts.countersOf(slot), true);
  }

  #shown(index: number): ShownAttempt {
    const attempt = this.intent.attempts[index];
    if (index >= this.#begunBefore) return attempt;
    const { route: _route, ...rest } = attempt;
    return rest;
  }

  #missing(): ChartAccount[] {
    const missing = new Map<Uuid, ChartAccount>();
    for (const account of this.#looked)
      if (slotOf(this.context, account.id) < 0) missing.set(account.id, account);
    for (const { legs } of this.#transactions)
      for (const { debit, credit } of legs)
        for (const account of [debit, credit]) {
          const slot = this.#slots.get(account) ?? slotOf(this.context, account.id);
          this.#slots.set(account, slot);
          if (slot < 0) missing.set(account.id, account);
        }
    return [...missing.values()];
  }

  #writeTransaction(
    draft: Draft,
    cause: Uuid,
    { purpose, legs }: { purpose: string; legs: Leg[] },
  ): Refusal | null {
    const { context, intent } = this;
    const slot = (account: ChartAccount): number => this.#slots.get(account)!;
    const written = writeTransaction(context.body, draft, {
      id: derivedId(cause, purpose),
      book: context.book,
      kind: Kind.direct,
      state: State.posted,
      flags: Flag.dateDefaulted,
      day: context.day,
      expiry: null,
      target: null,
      postings: legs.map(({ debit, credit, amount }, index) => ({
        debitSlot: slot(debit),
        creditSlot: slot(credit),
        amount,
        posted: amount,
        held: 0n,
        index,
      })),
      reference: utf8.encode(`payment ${intent.id} ${purpose}`),
      metadata: NO_METADATA,
    });
    if ('at' in written) return null;
    const leg = legs[written.posting];
    return refusal(written.reason, {
      field: 'amount',
      posting: written.posting,
      account: (written.side === 'debit' ? leg.debit : leg.credit).id,
    });
  }

  #after(): After {
    const { intent } = this;
    intent.attention = intent.operations.findLast((one) => one.attention !== '')?.attention ?? '';
    const { state, version, cancelReason, canceling, attention, availableAtUs, later, reserves, counters } =
      intent;
    this.#check();
    return {
      state,
      version,
      cancelReason,
      canceling,
      attention,
      availableAtUs,
      later,
      owing: owingOf(intent),
      reserves,
      dueUs: dueOf(intent),
      counters: { ...counters },
    };
  }

  /** What must hold of every intent, whatever was decided. */
  #check(): void {
    const { counters, reserves } = this.intent;
    let name: keyof Counters;
    for (name in counters) if (counters[name] < 0n) throw new IllegalMove(`payments: ${name} is below zero`);
    must(
      counters.reserve === reserves.reduce((sum, { amount }) => sum + amount, 0n),
      'the reserve is not what is kept back',
    );
    must(
      counters.captured + counters.capturing <= counters.authorized + saleOpen(this.intent),
      'captured passes authorised',
    );
    must(
      counters.refunded + counters.refunding <=
        counters.captured +
          counters.returned +
          counters.unapplied +
          sentBack(this.intent) +
          madeElsewhere(this.intent),
      'refunded passes captured',
    );
  }
}

/** What the tables of transitions, or the counters, do not allow. Of a caller's command a defect; of a fact it is an operator's. */
export class IllegalMove extends Error {
  override readonly name = 'IllegalMove';
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new IllegalMove(`payments: ${what}`);
}

/**
 * The id of an operation: a provider knows it as the key under which something is done once. Callers' ids are unique in
 * their book only, so the book is part of what it derives from.
 */
export function operationId({ context }: Flow, cause: Uuid, purpose: string): Uuid {
  return derivedId(cause, `${purpose} of book ${context.book}`);
}
