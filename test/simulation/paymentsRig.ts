import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import { wordsOf } from '../../core/kernel/ledger/uuid.ts';
import { chart, type ChartAccount } from '../../core/kernel/payments/chart.ts';
import type {
  CreateApiKey,
  CreatePaymentLink,
  CreateCustomer,
  CreateIntent,
  CreateMerchant,
  CreatePaymentMethod,
  CreateWebhookEndpoint,
  PaymentCommand,
} from '../../core/kernel/payments/commands.ts';
import { dueOf } from '../../core/kernel/payments/due.ts';
import { type Intent, NO_RESERVE } from '../../core/kernel/payments/model.ts';
import type { PaymentsState } from '../../core/kernel/payments/state.ts';
import { Provider } from '../../core/processes/providers.ts';
import { RuleRouter } from '../../core/processes/routing/router.ts';
import { PaymentRunner, type PaymentShards } from '../../core/processes/runner.ts';
import type { ShardState } from '../../core/kernel/shardState.ts';
import { Knowledge, Wanted } from '../../core/shard/knowledge.ts';
import { ShardPayments } from '../../core/shard/payments.ts';
import type { PaymentAnswer, PaymentOutcome } from '../../core/shard/service.ts';
import type { ShardWriter } from '../../core/shard/writer.ts';
import { uuid7 } from '../support/ledger.ts';
import { quiet, Rig } from '../support/shard.ts';
import { AUTHORIZATION_SECONDS, SimulatedPsp } from './simulatedPsp.ts';
import { Teller } from './teller.ts';

const BOOK = 1;

/** Numbers that a seed gives, 0 inclusive to 1 exclusive: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Ways to break what the simulation is to prove. */
export interface Sabotage {
  /** What the runner tells, or a provider by its events, instead. */
  tell?: (command: PaymentCommand, rig: PaymentsRig) => PaymentCommand;
  provider?: (psp: SimulatedPsp) => Provider;
  /** Before each command. */
  before?: (payments: PaymentsState) => void;
  restarted?: (payments: PaymentsState) => void;
}

export interface RigOptions {
  sabotage?: Sabotage;
  /** Whether the first provider tells outcomes by its own events, in any order, and cannot be asked. */
  byEvents?: boolean;
}

/** One shard with its payments, two providers and the runner, all on simulated time. */
export class PaymentsRig {
  readonly rig: Rig;
  readonly random: () => number;
  readonly psps: readonly SimulatedPsp[];
  readonly payments: ShardPayments;
  readonly log: string[] = [];
  /** Providers whose circuit breaker is open. */
  readonly away = new Set<string>();
  /** A defect that is built in on purpose: the checks must find it. */
  readonly sabotage: Sabotage;
  #runner: PaymentRunner;
  #ids = 0;

  private constructor(rig: Rig, seed: number, { sabotage = {}, byEvents = false }: RigOptions) {
    this.rig = rig;
    this.sabotage = sabotage;
    this.random = seeded(seed);
    const teller = byEvents ? this.#tellerOf('alpha') : undefined;
    this.psps = [
      new SimulatedPsp({ name: 'alpha', timers: rig.time, random: this.random, sale: !byEvents, teller }),
      new SimulatedPsp({ name: 'beta', timers: rig.time, random: this.random, sale: false }),
    ];
    const standing = () => ({
      authRate: 0.9,
      cost: 0.3,
      latency: 0.1,
      reliability: 1,
      fee: 150,
      sample: 5,
    });
    const router = new RuleRouter(
      this.psps.map(({ name, capabilities }) => ({
        name,
        capabilities,
        isUp: () => !this.away.has(name),
        standing,
      })),
      { unit: this.random },
    );
    this.payments = new ShardPayments({ router, timers: rig.time });
    this.#runner = this.#startRunner();
  }

  static async start(seed: number, options: RigOptions = {}): Promise<PaymentsRig> {
    return new PaymentsRig(await Rig.start(), seed, options);
  }

  #tellerOf(provider: string): Teller {
    const { rig, random } = this;
    return new Teller({
      provider,
      timers: rig.time,
      random,
      nowUs: () => rig.ledgerTime.nowUs(),
      authorizationSeconds: AUTHORIZATION_SECONDS,
      intentOf: (operation) => {
        const isOf = ({ operations }: Intent): boolean => operations.some(({ id }) => id === operation);
        return (rig.writer.state.payments.intents.values().find(isOf) ?? this.intents.find(isOf))?.id;
      },
      deliver: async (event) => {
        try {
          const { outcomes } = await this.#submit(rig.writer, BOOK, [
            this.sabotage.tell?.(event, this) ?? event,
          ]);
          return outcomes.every((one) => one.done || one.reason !== 'PAYMENT_STATE');
        } catch {
          return false;
        }
      },
    });
  }

  #startRunner(): PaymentRunner {
    const { rig, payments } = this;
    const shards: PaymentShards = {
      held: () => [{ writer: rig.writer }],
      nowUs: () => rig.ledgerTime.nowUs(),
      loaderOf: () => rig.loader,
      onPaymentsTouched: (listener) => payments.onTouched(listener),
      bringIn: async (writer, intents) => {
        if (intents.length === 0) return;
        const wanted = new Wanted();
        for (const seq of intents) wanted.payments.add(seq);
        await writer.load(0, wanted, new Knowledge());
        const { payments } = writer.state;
        if (intents.some((seq) => !payments.has(seq))) throw new Error('evicted meanwhile: read again');
      },
      submitOutcomes: (writer, book, commands) => {
        const told = commands.map((command) => this.sabotage.tell?.(command, this) ?? command);
        return this.#submit(writer, book, told);
      },
    };
    const runner = new PaymentRunner({
      shards,
      timers: rig.time,
      nowMs: () => rig.time.monotonicUs() / 1_000,
      providers: new Map(
        this.psps.map((psp) => [psp.name, this.sabotage.provider?.(psp) ?? new Provider(psp)]),
      ),
      log: (_, event, details) => this.log.push(`${event} ${JSON.stringify(details)}`),
    });
    runner.start();
    return runner;
  }

  #submit(writer: ShardWriter, book: number, commands: readonly PaymentCommand[]): Promise<PaymentAnswer> {
    this.sabotage.before?.(this.rig.writer.state.payments);
    return new Promise((done, fail) => {
      writer.submit(this.payments.work(writer, book, commands, { deadlineUs: Infinity, done, fail }));
    });
  }

  /** A UUIDv7 stamped now. */
  id(): Uuid {
    return uuid7(Math.floor(this.rig.ledgerTime.nowUs() / 1_000), ++this.#ids);
  }

  /** Sends commands as one call, and lets what needs no time happen. */
  async send(...commands: PaymentCommand[]): Promise<PaymentOutcome[]> {
    let answer: PaymentAnswer | null = null;
    let failure: Error | null = null;
    this.#submit(this.rig.writer, BOOK, commands).then(
      (one) => (answer = one),
      (error: Error) => (failure = error),
    );
    await quiet(12);
    if (failure !== null) throw failure as Error;
    if (answer === null) throw new Error('no answer');
    return (answer as PaymentAnswer).outcomes;
  }

  /** Lets time pass, a step at a time. */
  async pass(ms: number, stepMs = 50): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.rig.time.pass(Math.min(stepMs, left));
      await quiet(6);
    }
  }

  /** The process dies and comes up again: the read models may be behind by some blocks. */
  async restart(): Promise<void> {
    this.#runner.stop();
    await quiet();
    const blocks = this.rig.store.blocks(0);
    this.rig.loader.project(blocks.slice(0, Math.floor(blocks.length * this.random())));
    await this.rig.takeOver(0);
    this.sabotage.restarted?.(this.rig.writer.state.payments);
    this.#runner = this.#startRunner();
  }

  /** Memory lets go of what the read models hold, as it does when there is too much. */
  forget(): void {
    const blocks = this.rig.store.blocks(0);
    this.rig.loader.project(blocks.slice(0, Math.floor(blocks.length * (0.5 + this.random() / 2))));
    const { state } = this.rig.writer;
    for (const [seq, intent] of state.payments.intents)
      if (intent.lastSeq <= this.rig.loader.watermarkSeq && this.random() < 0.7) {
        state.payments.letGo(seq, dueOf(intent));
        state.progressEvictions++;
      }
    if (this.random() < 0.5)
      state.progressEvictions += state.payments.cardTries.letGo(this.rig.loader.watermarkSeq, 2);
    for (const profiles of [state.payments.customers, state.payments.paymentMethods])
      for (const [seq, { lastSeq }] of profiles)
        if (lastSeq <= this.rig.loader.watermarkSeq && this.random() < 0.7) {
          profiles.delete(seq);
          state.progressEvictions++;
        }
  }

  /** The read models catch up with the journal. */
  project(): void {
    this.rig.loader.project(this.rig.store.blocks(0));
  }

  /** All intents, by the journal. */
  get intents(): Intent[] {
    return [...this.#projected().payments.intents.values()];
  }

  #projected(): ShardState {
    this.project();
    return this.rig.loader.state;
  }

  intent(id: Uuid): Intent {
    const found = this.intents.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no intent ${id}`);
    return found;
  }

  /** The posted balance on an account's normal side; 0 where it was never opened. */
  balance({ id, normalSide }: ChartAccount): bigint {
    const { accounts } = this.#projected();
    const slot = accounts.find(BOOK, ...wordsOf(id));
    if (slot < 0) return 0n;
    const { debitsPosted, creditsPosted } = accounts.countersOf(slot);
    return normalSide === 1 ? debitsPosted - creditsPosted : creditsPosted - debitsPosted;
  }

  receivable(psp: SimulatedPsp, currency = 'EUR'): bigint {
    return this.balance(chart.pspReceivable(psp.name, currency));
  }
}

export function merchant(id: Uuid, more: Partial<CreateMerchant> = {}): CreateMerchant {
  return {
    op: 'createMerchant',
    id,
    name: 'A shop',
    country: 'DE',
    mode: 'test',
    fees: [{ method: '', currency: 'EUR', ppm: 25_000, fixed: 40n, cap: null }],
    taxPpm: 200_000,
    taxJurisdiction: 'DE',
    feesReturned: false,
    settlementDays: 2,
    reserve: NO_RESERVE,
    routing: { strategy: 'order', rules: [], attemptsMax: 3 },
    ...more,
  };
}

/** An API key of a merchant. */
export function apiKeyOf(id: Uuid, merchant: Uuid, more: Partial<CreateApiKey> = {}): CreateApiKey {
  const secret = { secretSha256: id.replaceAll('-', '').repeat(2), secretSuffix: 'aZ09' };
  const fields = { merchant, mode: 'test', kind: 'secret', scopes: [], name: 'server' } as const;
  return { op: 'createApiKey', id, ...fields, ...secret, ...more };
}

/** A payment link of a merchant. */
export function paymentLinkOf(
  id: Uuid,
  merchant: Uuid,
  more: Partial<CreatePaymentLink> = {},
): CreatePaymentLink {
  const fields = {
    mode: 'test',
    amount: 1_000n,
    currency: 'EUR',
    description: 'A mug',
    metadata: {},
  } as const;
  return { op: 'createPaymentLink', id, merchant, ...fields, ...more };
}

/** A webhook endpoint of a merchant, which is told everything. */
export function webhookEndpointOf(
  id: Uuid,
  merchant: Uuid,
  more: Partial<CreateWebhookEndpoint> = {},
): CreateWebhookEndpoint {
  const texts = { url: 'https://shop.test/hooks', description: '', apiVersion: '2026-11-01' };
  const fields = { merchant, mode: 'test', events: ['*'], metadata: {} } as const;
  return { op: 'createWebhookEndpoint', id, ...texts, ...fields, ...more };
}

export function customerOf(id: Uuid, shop: Uuid, more: Partial<CreateCustomer> = {}): CreateCustomer {
  const texts = { name: 'Mia Berg', email: 'mia@example.org', description: '', reference: '' };
  return { op: 'createCustomer', id, merchant: shop, ...texts, metadata: {}, ...more };
}

export function paymentMethodOf(
  id: Uuid,
  shop: Uuid,
  more: Partial<CreatePaymentMethod> = {},
): CreatePaymentMethod {
  const method = { type: 'card', token: 'tok_stored', billingCountry: 'DE', metadata: {} } as const;
  return { op: 'createPaymentMethod', id, merchant: shop, ...method, ...more };
}

export function intentOf(id: Uuid, shop: Uuid, more: Partial<CreateIntent> = {}): CreateIntent {
  return {
    op: 'createIntent',
    id,
    merchant: shop,
    amount: 10_000n,
    currency: 'EUR',
    capture: 'automatic',
    method: { type: 'card', token: 'tok_visa' },
    reference: '',
    description: '',
    statementDescriptor: '',
    returnUrl: '',
    metadata: {},
    expiresAfterSeconds: 3_600,
    confirm: false,
    ...more,
  };
}

/** What a shop made is asked about by another merchant, which is to be refused, and by the shop. */
export async function strangers(
  { r, shop }: { r: PaymentsRig; shop: Uuid },
  made: PaymentCommand,
  asked: Readonly<Record<string, unknown>>,
): Promise<{ refused: PaymentCommand; control: PaymentCommand }> {
  const other = r.id();
  await r.send(merchant(other), made);
  const by = (asking: Uuid) => ({ ...asked, id: r.id(), merchant: asking }) as PaymentCommand;
  return { refused: by(other), control: by(shop) };
}
