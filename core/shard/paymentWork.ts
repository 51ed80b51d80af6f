import type { LimitValues, MetadataBytes, OpenAccount, Uuid } from '../kernel/ledger/commands.ts';
import { type Refusal, refusal } from '../kernel/ledger/context.ts';
import { admittedAs, refusalAt, refuseAs } from '../kernel/ledger/decide.ts';
import { decideOpen } from '../kernel/ledger/decideAccount.ts';
import { factsOfEvent } from '../kernel/ledger/facts.ts';
import { EventType, HEADER, Op } from '../kernel/ledger/layout.ts';
import { OWN_CODE_PREFIX } from '../kernel/ledger/reserved.ts';
import { REFUSALS } from '../kernel/ledger/refusals.ts';
import { wordsOf } from '../kernel/ledger/uuid.ts';
import { changeAt, type PaymentChange, subjectAt } from '../kernel/payments/change.ts';
import { cardKey } from '../kernel/payments/cardTries.ts';
import type { ChartAccount } from '../kernel/payments/chart.ts';
import type { PaymentCommand } from '../kernel/payments/commands.ts';
import { decidePayment } from '../kernel/payments/decide.ts';
import { factsOfPayment, isRequest } from '../kernel/payments/facts.ts';
import type { PaymentContext, PaymentDecision } from '../kernel/payments/flow.ts';
import type { Intent, Method } from '../kernel/payments/model.ts';
import { webhookEndpointOf } from '../kernel/payments/evolve.ts';
import { type Named, namedBy } from '../kernel/payments/named.ts';
import type { Router } from '../kernel/payments/router.ts';
import { isAnythingWanted, Knowledge, NOTHING_KNOWN, Wanted } from './knowledge.ts';
import type { Malformed, PaymentDone, PaymentOutcome, Position } from './service.ts';
import { type Telling, tellingsOf } from './tellings.ts';
import { type Seek, wantsEvent, wantsId } from './wants.ts';
import type { Work } from './work.ts';
import type { ShardWriter } from './writer.ts';
import type { Subjects } from '../kernel/payments/subjects.ts';

const NO_METADATA = new Uint8Array(0) as MetadataBytes;
const NO_LIMITS: LimitValues = [null, null, null, null];
/** Posted and available balance never fall below zero by a command. */
const FLOORED: LimitValues = [0n, null, 0n, null];

/** What a batch has led to, besides its outcomes. */
export interface PaymentTraces {
  /** Seqs of the intents that it changed. */
  touched: ReadonlySet<number>;
  tellings: readonly Telling[];
}

type OnPaymentsDone = (position: Position, outcomes: PaymentOutcome[], traces: PaymentTraces) => void;

/** A batch of commands about payments on its way through the writer. */
export class PaymentWork implements Work {
  readonly items: number;
  readonly deadlineUs: number;
  begun = false;
  decided = false;
  /** Seqs of the intents that it changed. */
  readonly touched = new Set<number>();
  readonly #commands: readonly (PaymentCommand | Malformed)[];
  readonly #book: number;
  readonly #router: Router;
  readonly #outcomes: PaymentOutcome[] = [];
  #knowledge = NOTHING_KNOWN;
  readonly #tellings: Telling[] = [];
  readonly #done: OnPaymentsDone;
  readonly fail: (error: Error) => void;

  constructor(options: {
    commands: readonly (PaymentCommand | Malformed)[];
    book: number;
    router: Router;
    deadlineUs: number;
    done: OnPaymentsDone;
    fail: (error: Error) => void;
  }) {
    this.items = options.commands.length;
    this.deadlineUs = options.deadlineUs;
    this.#commands = options.commands;
    this.#book = options.book;
    this.#router = options.router;
    this.#done = options.done;
    this.fail = options.fail;
  }

  answer(position: Position): void {
    this.#done(position, this.#outcomes, { touched: this.touched, tellings: this.#tellings });
  }

  step(writer: ShardWriter, itemsMost: number): number | Promise<void> {
    const from = this.#outcomes.length;
    const end = Math.min(this.#commands.length, from + itemsMost);
    this.#knowledge.refresh(writer.generation());
    while (this.#outcomes.length < end && writer.hasRoom()) {
      const command = this.#commands[this.#outcomes.length];
      if (command.op === 'malformed') {
        this.#outcomes.push(forgotten(refusal(command.reason, { field: command.field })));
        continue;
      }
      if (isAnythingWanted((wanted) => this.#wants(writer, command, wanted))) return this.#loadRest(writer);
      this.begun = true;
      const outcome = this.#decide(writer, command);
      if (outcome instanceof Wanted) return this.#load(writer, outcome);
      this.#outcomes.push(outcome);
    }
    this.decided = this.#outcomes.length >= this.#commands.length;
    return this.#outcomes.length - from;
  }

  /** Loads what the rest of the batch will miss, in one go. */
  #loadRest(writer: ShardWriter): Promise<void> {
    const wanted = new Wanted();
    for (const command of this.#commands.slice(this.#outcomes.length))
      if (command.op !== 'malformed') this.#wants(writer, command, wanted);
    return this.#load(writer, wanted);
  }

  #load(writer: ShardWriter, wanted: Wanted): Promise<void> {
    if (this.#knowledge === NOTHING_KNOWN) this.#knowledge = new Knowledge(writer.generation());
    return writer.load(this.#book, wanted, this.#knowledge);
  }

  #wants(writer: ShardWriter, command: PaymentCommand, wanted: Wanted): void {
    const seek = { writer, book: this.#book, knowledge: this.#knowledge, wanted };
    wantsId(seek, command.id, wantsEvent);
    if ('intent' in command) wantsId(seek, command.intent, wantsPayment);
    const intent = this.#intentOf(writer, command);
    const named = this.#namedBy(writer, command, intent);
    for (const id of Object.values(named)) if (id !== undefined) wantsId(seek, id, wantsPayment);
    // Whatever may lead to another attempt: by a caller, or after an outcome.
    const isTried = command.op === 'createIntent' ? command.confirm : intent !== undefined;
    if (isTried && named.merchant !== undefined)
      wantsCard(seek, named.merchant, this.#methodOf(writer, command, intent));
  }

  /** By what the payment is paid after the command, as far as that is in memory. */
  #methodOf(writer: ShardWriter, command: PaymentCommand, intent: Intent | undefined): Method | null {
    const { paymentMethod } = namedBy(command, intent);
    if (paymentMethod !== undefined) {
      const stored = writer.state.payments.paymentMethods.get(
        writer.seqOf(this.#book, paymentMethod, this.#knowledge),
      );
      return stored ?? null;
    }
    return 'method' in command ? (command.method ?? intent?.method ?? null) : (intent?.method ?? null);
  }

  /** Decides one command; a Wanted where accounts must be looked for first. */
  #decide(writer: ShardWriter, command: PaymentCommand): PaymentOutcome | Wanted {
    const context: PaymentContext = {
      ...writer.context(this.#book, this.#knowledge),
      payments: writer.state.payments,
      router: this.#router,
      origin: command.origin,
    };
    const spent = admittedAs(context, command.id, said, () => factsOfPayment(command));
    if (spent?.done === 'declined') return forgotten(spent.refusal);
    if (spent?.done === 'replay') return replayed(spent);
    for (;;) {
      const subjects = this.#subjects(writer, command);
      context.merchant = subjects.merchant;
      const decision = decidePayment(context, command, subjects);
      if ('reason' in decision) return this.#refused(writer, context, command, decision);
      switch (decision.done) {
        case 'events':
          return this.#booked(writer, decision);
        case 'declined':
          return this.#refused(writer, context, command, decision.refusal);
        case 'later':
          return forgotten(refusal('PAYMENT_STATE', { field: 'payment' }));
        case 'nothing':
          return {
            done: true,
            seq: 0,
            replayed: decision.isKnown === true,
            subject: command.id,
            after: null,
          };
        case 'needs': {
          const missing = this.#open(writer, context, decision.accounts);
          if (missing instanceof Wanted) return missing;
          if (missing !== null) return this.#refused(writer, context, command, missing);
        }
      }
    }
  }

  #subjects(writer: ShardWriter, command: PaymentCommand): Subjects {
    const { merchants, customers, paymentMethods, apiKeys, paymentLinks } = writer.state.payments;
    const intent = this.#intentOf(writer, command);
    const named = this.#namedBy(writer, command, intent);
    const found = <T>(subjects: ReadonlyMap<number, T>, id: Uuid | undefined): T | undefined =>
      id && subjects.get(writer.seqOf(this.#book, id, this.#knowledge));
    return {
      intent,
      merchant: found(merchants, named.merchant),
      customer: found(customers, named.customer),
      paymentMethod: found(paymentMethods, named.paymentMethod),
      apiKey: found(apiKeys, named.apiKey),
      paymentLink: found(paymentLinks, named.paymentLink),
    };
  }

  /** What the command speaks of, and whose that is: the merchant is told what comes of it. */
  #namedBy(writer: ShardWriter, command: PaymentCommand, intent: Intent | undefined): Named {
    const named = namedBy(command, intent);
    if (named.merchant !== undefined) return named;
    const { customers, paymentLinks, paymentMethods } = writer.state.payments;
    const seqOf = (id: Uuid | undefined): number =>
      id === undefined ? 0 : writer.seqOf(this.#book, id, this.#knowledge);
    const of =
      paymentMethods.get(seqOf(named.paymentMethod)) ??
      customers.get(seqOf(named.customer)) ??
      paymentLinks.get(seqOf(named.paymentLink));
    return of === undefined ? named : { ...named, merchant: of.merchant };
  }

  #intentOf(writer: ShardWriter, command: PaymentCommand): Intent | undefined {
    if (!('intent' in command)) return undefined;
    return writer.state.payments.intents.get(writer.seqOf(this.#book, command.intent, this.#knowledge));
  }

  #booked(
    writer: ShardWriter,
    { first, at, change }: Extract<PaymentDecision, { done: 'events' }>,
  ): PaymentOutcome {
    const { body } = writer.openBlock();
    for (let index = first; index < body.events - 1; index++) writer.apply(body.positions[index]);
    const seq = writer.applyChange(at, change);
    const subject = subjectAt(body.view, at, seq);
    const after = 'after' in change ? change.after : null;
    if (after !== null) this.touched.add(subject.seq);
    const { timeUs: bookedUs } = writer.openBlock();
    this.#tellings.push(...tellingsOf(change, { subject: subject.id, seq, bookedUs }));
    return { done: true, seq, replayed: false, subject: subject.id, after, ...shownOf(change) };
  }

  /** Only a caller's request is refused for good; what a process asks for is looked at again. */
  #refused(
    writer: ShardWriter,
    context: PaymentContext,
    command: PaymentCommand,
    why: Refusal,
  ): PaymentOutcome {
    if (!isRequest(command)) throw new Error(`${command.op} ${command.id} was refused: ${why.reason}`);
    // What passes by itself must not use up the caller's id.
    if (REFUSALS[why.reason].origin === 'moment') return forgotten(why);
    const facts = factsOfPayment(command);
    const decision = refuseAs(context, { id: command.id, op: Op[command.op], facts }, why);
    if (decision.done === 'declined') return forgotten(decision.refusal);
    if (decision.done !== 'refused') throw new Error('a refusal was neither written nor declined');
    return { done: false, ...why, remembered: true, seq: writer.apply(decision.at), replayed: false };
  }

  /** Opens accounts of the chart that the book does not have yet; a Wanted where that is not known. */
  #open(
    writer: ShardWriter,
    context: PaymentContext,
    accounts: readonly ChartAccount[],
  ): Wanted | Refusal | null {
    const wanted = new Wanted();
    const { absentAccounts, freeCodes, takenCodes } = this.#knowledge;
    const codesOf = ({ code }: ChartAccount): string[] => [code, `${OWN_CODE_PREFIX}${code}`];
    for (const account of accounts) {
      if (!absentAccounts.has(account.id)) wanted.accounts.add(account.id);
      for (const code of codesOf(account))
        if (!freeCodes.has(code) && !takenCodes.has(code)) wanted.codes.add(code);
    }
    if (!wanted.empty) return wanted;
    for (const account of accounts) {
      const { accounts: table } = writer.state;
      if (table.find(this.#book, ...wordsOf(account.id)) >= 0) continue;
      let fault: Refusal | null = null;
      for (const code of codesOf(account)) {
        const written = decideOpen(context, { ...openingOf(account), code });
        fault = 'at' in written ? null : written;
        if ('at' in written) writer.apply(written.at);
        if (fault?.reason !== 'CODE_TAKEN') break;
      }
      if (fault !== null) return fault;
    }
    return null;
  }
}

function openingOf({ id, code, asset, normalSide, floored }: ChartAccount): OpenAccount {
  const limits = floored ? FLOORED : NO_LIMITS;
  return { op: 'openAccount', id, code, asset, normalSide, limits, metadata: NO_METADATA };
}

function wantsPayment({ writer, knowledge, wanted }: Seek, seq: number): void {
  if (!writer.state.payments.has(seq) && !knowledge.notPayments.has(seq)) wanted.payments.add(seq);
}

function wantsCard({ writer, book, wanted }: Seek, merchant: Uuid, method: Method | null): void {
  if (method?.type !== 'card') return;
  const card = { book, merchant, token: method.token };
  if (!writer.state.payments.cardTries.isKnown(card)) wanted.cards.set(cardKey(card), card);
}

/** What the command said that led to an event. */
function said(view: DataView, at: number) {
  if (view.getUint8(at + HEADER.type) !== EventType.payment) return factsOfEvent(view, at);
  return changeAt(view, at).request;
}

function replayed({ seq, view, at }: { seq: number; view: DataView; at: number }): PaymentOutcome {
  if (view.getUint8(at + HEADER.type) === EventType.refused)
    return { done: false, ...refusalAt(view, at), remembered: true, seq, replayed: true };
  const change = changeAt(view, at);
  const { id } = subjectAt(view, at, seq);
  const after = 'after' in change ? change.after : null;
  return { done: true, seq, replayed: true, subject: id, after, ...shownOf(change) };
}

/** What an answer shows besides the intent. */
function shownOf(change: PaymentChange): Pick<PaymentDone, 'record' | 'endpoint'> {
  if ('record' in change) return { record: change.record };
  return 'endpoint' in change ? { endpoint: webhookEndpointOf(change.endpoint) } : {};
}

function forgotten(why: Refusal): PaymentOutcome {
  return { done: false, ...why, remembered: false, seq: 0, replayed: false };
}
