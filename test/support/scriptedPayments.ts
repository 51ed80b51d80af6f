import type { Block } from '../../core/journal/block.ts';
import { ZERO_HASH, hashBlock } from '../../core/journal/hash.ts';
import { apply } from '../../core/kernel/ledger/apply.ts';
import { Body } from '../../core/kernel/ledger/body.ts';
import type { LedgerCommand, LimitValues, Uuid } from '../../core/kernel/ledger/commands.ts';
import { decide } from '../../core/kernel/ledger/decide.ts';
import { decideOpen } from '../../core/kernel/ledger/decideAccount.ts';
import { decideAdoption } from '../../core/kernel/ledger/decideControl.ts';
import { EventType, HEADER } from '../../core/kernel/ledger/layout.ts';
import { dayOf } from '../../core/kernel/ledger/limits.ts';
import { wordsOf } from '../../core/kernel/ledger/uuid.ts';
import { LedgerState } from '../../core/kernel/ledger/state.ts';
import { AssetTable } from '../../core/kernel/money/assets.ts';
import { applyPayment } from '../../core/kernel/payments/apply.ts';
import { type ChartAccount, derivedId } from '../../core/kernel/payments/chart.ts';
import type {
  CreateApiKey,
  CreatePaymentLink,
  CreateCustomer,
  CreateIntent,
  CreateMerchant,
  CreatePaymentMethod,
  CreateWebhookEndpoint,
  Outcome,
  PaymentCommand,
  UpdateMerchant,
  Verdict,
} from '../../core/kernel/payments/commands.ts';
import { type PaymentChange, Subject, writeChange } from '../../core/kernel/payments/change.ts';
import { dueOf, owingOf } from '../../core/kernel/payments/due.ts';
import { decidePayment } from '../../core/kernel/payments/decide.ts';
import type { PaymentContext } from '../../core/kernel/payments/flow.ts';
import { type Intent, type Merchant, NO_RESERVE } from '../../core/kernel/payments/model.ts';
import { namedBy } from '../../core/kernel/payments/named.ts';
import type { Router } from '../../core/kernel/payments/router.ts';
import { PaymentsState } from '../../core/kernel/payments/state.ts';
import { open, uuid7 } from './ledger.ts';
import type { Subjects } from '../../core/kernel/payments/subjects.ts';

/** Two providers, in this order: the first one can sell in one call, the second one cannot. */
const ROUTER: Router = {
  obstacle: () => 'route',
  choose: ({ tried }) => {
    const provider = ['alpha', 'beta'].find((name) => !tried.includes(name));
    if (provider === undefined) return null;
    const candidates = ['alpha', 'beta'].map((name, index) => ({
      provider: name,
      score: 0.9 - index / 10,
      authRate: 0.9,
      cost: 0.1,
      latency: 0.2,
      reliability: 1,
    }));
    const excluded = tried.map((name) => ({ provider: name, why: 'tried' }));
    return { provider, explanation: { strategy: 'score', candidates, excluded } };
  },
  abilities: (provider) => ({
    sale: provider === 'alpha',
    partialCapture: true,
    multipleCaptures: true,
    increment: true,
    partialRefund: true,
    authorizationSeconds: 7 * 86_400,
    keySeconds: 86_400,
  }),
};

/** A shard of payments written by the kernel itself: accounts of the chart are opened when they are needed. */
export class ScriptedPayments {
  readonly shard: number;
  readonly book: number;
  readonly state = Object.assign(new LedgerState({ seed: 1, assets: new AssetTable() }), {
    payments: new PaymentsState(),
  });
  readonly blocks: Block[] = [];
  /** By seq: the changes that commands led to, as they were decided. */
  readonly decided = new Map<number, PaymentChange>();
  nowUs: number;
  /** Another may take its place. */
  router: Router = ROUTER;
  #body = new Body(1 << 16);
  #ids = 0;
  #prevHash: Uint8Array = ZERO_HASH;
  #firstSeq = 1;

  constructor(shard: number, nowUs: number, book = 1) {
    this.shard = shard;
    this.nowUs = nowUs;
    this.book = book;
    const adopted = decideAdoption(this.state, this.#body, {
      type: 'book',
      seq: 1,
      number: book,
      name: `book ${book}`,
      shard,
    });
    if (adopted !== null) this.#apply(adopted.at, 1);
  }

  get lastSeq(): number {
    return this.state.nextSeq - 1;
  }

  /** The next id of a caller: a UUIDv7 of this moment. */
  id(): Uuid {
    return uuid7(Math.floor(this.nowUs / 1000), ++this.#ids);
  }

  merchant(more: Partial<CreateMerchant> = {}): Merchant {
    const id = this.id();
    this.run({
      op: 'createMerchant',
      id,
      name: 'North Shop',
      country: 'DE',
      fees: [{ method: '', currency: 'EUR', ppm: 29_000, fixed: 30n, cap: null }],
      taxPpm: 190_000,
      taxJurisdiction: 'DE',
      feesReturned: false,
      settlementDays: 2,
      reserve: NO_RESERVE,
      routing: { strategy: 'score', rules: [], attemptsMax: 3 },
      ...more,
    });
    return foundIn(this.state.payments.merchants, id)!;
  }

  customer({ id: merchant }: Merchant, more: Partial<CreateCustomer> = {}): Uuid {
    const id = this.id();
    const texts = { name: 'Mia Berg', email: '', description: '', reference: '' };
    this.run({ op: 'createCustomer', id, merchant, ...texts, metadata: {}, ...more });
    return id;
  }

  /** Creates a payment link; its id. */
  paymentLink({ id: merchant }: Merchant, more: Partial<CreatePaymentLink> = {}): Uuid {
    const id = this.id();
    const fields = { mode: 'test', amount: 1_999n, currency: 'EUR', description: '', metadata: {} } as const;
    this.run({ op: 'createPaymentLink', id, merchant, ...fields, ...more });
    return id;
  }

  /** Creates an API key; its id. */
  apiKey({ id: merchant }: Merchant, more: Partial<CreateApiKey> = {}): Uuid {
    const id = this.id();
    const secret = { secretSha256: id.replaceAll('-', '').repeat(2), secretSuffix: 'aZ09' };
    const fields = { merchant, mode: 'test', kind: 'secret', scopes: [], name: '' } as const;
    this.run({ op: 'createApiKey', id, ...fields, ...secret, ...more });
    return id;
  }

  /** Creates an endpoint that is told everything; its id. */
  webhookEndpoint({ id: merchant }: Merchant, more: Partial<CreateWebhookEndpoint> = {}): Uuid {
    const id = this.id();
    const texts = { description: '', apiVersion: '2026-11-01', url: 'https://shop.test/hooks' };
    const fields = { merchant, mode: 'test', events: ['*'], metadata: {} } as const;
    this.run({ op: 'createWebhookEndpoint', id, ...texts, ...fields, ...more });
    return id;
  }

  paymentMethod({ id: merchant }: Merchant, more: Partial<CreatePaymentMethod> = {}): Uuid {
    const id = this.id();
    const method = { type: 'card', token: 'pm_stored', billingCountry: 'DE', metadata: {} } as const;
    this.run({ op: 'createPaymentMethod', id, merchant, ...method, ...more });
    return id;
  }

  /** Changes a merchant; what is not said stays. */
  updateMerchant(merchant: Merchant, more: Partial<UpdateMerchant>): void {
    const same = {
      name: null,
      fees: null,
      tax: null,
      feesReturned: null,
      settlementDays: null,
      reserve: null,
    };
    this.run({ op: 'updateMerchant', id: this.id(), merchant: merchant.id, ...same, routing: null, ...more });
  }

  /** Creates an intent of 100.00 EUR, automatic, confirmed at once, unless told otherwise. */
  create(merchant: Merchant, more: Partial<CreateIntent> = {}): Intent {
    const id = more.id ?? this.id();
    this.run({
      op: 'createIntent',
      merchant: merchant.id,
      amount: 10_000n,
      currency: 'EUR',
      capture: 'automatic',
      method: { type: 'card', token: 'pm_sim_visa' },
      reference: '',
      description: '',
      statementDescriptor: '',
      returnUrl: '',
      metadata: {},
      expiresAfterSeconds: 86_400,
      confirm: true,
      ...more,
      id,
    });
    return this.intent(id);
  }

  /** What came of the newest operation of an intent, or of another one. */
  outcome(intent: Intent, outcome: Outcome, operation: Uuid = intent.operations.at(-1)!.id): void {
    const command = derivedId(operation, `outcome ${this.lastSeq}`);
    this.run({ op: 'recordOutcome', id: command, intent: intent.id, operation, outcome });
  }

  succeed(intent: Intent, more: Partial<Extract<Outcome, { done: 'succeeded' }>> = {}): void {
    const operation = intent.operations.at(-1)!;
    this.outcome(intent, {
      done: 'succeeded',
      amount: operation.amount,
      currency: intent.currency,
      providerReference: `ref ${operation.id.slice(-4)}`,
      cost: 25n,
      expiresAtUs: Infinity,
      ...more,
    });
  }

  /** An operator's verdict about what has attention. */
  settle(intent: Intent, verdict: Verdict): void {
    const operation = intent.operations.find(({ attention }) => attention !== '')!.id;
    const note = 'looked at their pages';
    this.run({ op: 'settleOperation', id: this.id(), intent: intent.id, operation, verdict, note });
  }

  intent(id: Uuid): Intent {
    const found = [...this.state.payments.intents.values()].find((one) => one.id === id);
    if (found === undefined) throw new Error(`no payment ${id}`);
    return found;
  }

  /** What stands on an account of the chart, on its normal side. */
  balance({ id, normalSide }: ChartAccount): bigint {
    const { accounts } = this.state;
    const slot = accounts.find(this.book, ...wordsOf(id));
    if (slot < 0) return 0n;
    const { debitsPosted, creditsPosted } = accounts.countersOf(slot);
    return normalSide === 1 ? debitsPosted - creditsPosted : creditsPosted - debitsPosted;
  }

  run(command: PaymentCommand): void {
    const came = this.attempt(command);
    if (came !== 'events') throw new Error(`${came} came of ${command.op}`);
  }

  /** The same where a refusal, or nothing, may come of it: what came, or the reason. */
  attempt(command: PaymentCommand): string {
    const subjects = this.#subjectsOf(command);
    for (;;) {
      const { end, events } = this.#body;
      try {
        const decision = decidePayment(
          { ...this.#context(), merchant: subjects.merchant, origin: command.origin },
          command,
          subjects,
        );
        if ('reason' in decision) return decision.reason;
        if (decision.done === 'declined') return decision.refusal.reason;
        if (decision.done === 'nothing' || decision.done === 'later') return decision.done;
        if (decision.done === 'events') {
          this.#applyFrom(events, decision.change);
          return 'events';
        }
        for (const account of decision.accounts) this.#open(account);
      } catch (error) {
        this.#body.truncate(end, events);
        throw error;
      }
    }
  }

  /** An event that no command of its own led to: an operator has to look at the payment. */
  raise(intent: Intent, attention: string): void {
    const before = this.#body.events;
    const { state, version, cancelReason, canceling, availableAtUs, later, reserves, counters, seq } = intent;
    writeChange(
      this.#body,
      { id: null, book: this.book, subject: Subject.intent, subjectId: intent.id, subjectSeq: seq },
      {
        name: 'attention_raised',
        by: 'operator',
        request: [],
        attempts: [],
        operations: [],
        after: {
          state,
          version: version + 1,
          cancelReason,
          canceling,
          attention,
          availableAtUs,
          later,
          owing: owingOf(intent),
          reserves,
          dueUs: dueOf(intent),
          counters: { ...counters },
        },
      },
    );
    this.#applyFrom(before);
  }

  /** A command of the ledger. */
  ledger(command: LedgerCommand): void {
    const before = this.#body.events;
    const { done } = decide(this.#context(), command);
    if (done === 'declined') throw new Error(`${command.op} is declined`);
    this.#applyFrom(before);
  }

  /** Ends the block: what was decided since the last one. */
  seal(): Block {
    const eventCount = this.#body.events;
    const block = {
      shard: this.shard,
      height: this.blocks.length + 1,
      epoch: 1,
      firstSeq: this.#firstSeq,
      eventCount,
      blockTimeUs: this.nowUs,
      prevHash: this.#prevHash,
      body: this.#body.bytes.slice(0, this.#body.end),
    };
    const sealed: Block = { ...block, hash: hashBlock(block) };
    this.#prevHash = sealed.hash;
    this.#firstSeq += eventCount;
    this.#body = new Body(1 << 16);
    this.blocks.push(sealed);
    return sealed;
  }

  #open(account: ChartAccount): void {
    const { id, code, asset, normalSide, floored } = account;
    const limits: LimitValues = floored ? [0n, null, 0n, null] : [null, null, null, null];
    const before = this.#body.events;
    const written = decideOpen(this.#context(), open(id, { code, asset, normalSide, limits }));
    if ('reason' in written) throw new Error(`${code} cannot be opened: ${written.reason}`);
    this.#applyFrom(before);
  }

  /** As a writer does: an event of payments by the change that was decided, all others by their bytes. */
  #applyFrom(firstEvent: number, change?: PaymentChange): void {
    for (let event = firstEvent; event < this.#body.events; event++)
      this.#apply(this.#body.positions[event], this.state.nextSeq, change);
  }

  #apply(at: number, seq: number, change?: PaymentChange): void {
    const { view } = this.#body;
    if (view.getUint8(at + HEADER.type) !== EventType.payment) return apply(this.state, view, at, this.nowUs);
    applyPayment(this.state, view, at, seq, change);
    if (change !== undefined) this.decided.set(seq, change);
    this.state.nextSeq = seq + 1;
  }

  #subjectsOf(command: PaymentCommand): Subjects {
    const { merchants, customers, paymentMethods, apiKeys, paymentLinks } = this.state.payments;
    const intent = 'intent' in command ? this.intent(command.intent) : undefined;
    const named = namedBy(command, intent);
    const customer = foundIn(customers, named.customer);
    const paymentMethod = foundIn(paymentMethods, named.paymentMethod);
    const paymentLink = foundIn(paymentLinks, named.paymentLink);
    const owner = paymentMethod ?? customer ?? paymentLink;
    return {
      intent,
      merchant: foundIn(merchants, named.merchant ?? owner?.merchant),
      customer,
      paymentMethod,
      apiKey: foundIn(apiKeys, named.apiKey),
      paymentLink,
    };
  }

  #context(): PaymentContext {
    return {
      state: this.state,
      payments: this.state.payments,
      router: this.router,
      book: this.book,
      nowUs: this.nowUs,
      day: dayOf(this.nowUs),
      body: this.#body,
      known: new Map(),
      takenCodes: new Set(),
      eventOf: () => {
        throw new Error('a script of payments repeats no id');
      },
    };
  }
}

function foundIn<T extends { id: Uuid }>(
  subjects: ReadonlyMap<number, T>,
  id: Uuid | undefined,
): T | undefined {
  return [...subjects.values()].find((one) => one.id === id);
}
