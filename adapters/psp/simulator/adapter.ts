import type {
  AuthorizeCall,
  CallContext,
  CaptureCall,
  ContinueCall,
  FollowUpCall,
  ListEventsCall,
  ListEventsOutcome,
  PspAdapter,
  PspCapabilities,
  PspEvent,
  PspOutcome,
  QueryCall,
  QueryOutcome,
  RawWebhook,
  SettlementCall,
  SettlementOutcome,
  Uuid,
} from '../../../core/processes/psp.ts';
import { Exchange, type Exchanged } from '../http/exchange.ts';
import { outcomeOf, queryOutcomeOf } from './answers.ts';
import { listEvents } from './eventList.ts';
import { EXPONENTS } from './exponents.ts';
import { settlementPage } from './settlement.ts';
import { eventOf, isGenuine } from './webhooks.ts';

export interface SimulatorAdapterOptions {
  /** Where the simulator listens: "http://127.0.0.1:7430". */
  readonly url: string;
  /** Secrets of webhooks: the current one, and while it is being changed the one before. */
  readonly secrets: readonly string[];
  /** Default 'simulator'; another where several simulators play several providers. a-z, 0-9, "_", at most 32. */
  readonly name?: string;
  /** Default 64; 1 to 1024. */
  readonly connections?: number;
}

/** A page of events. */
const ANSWER_BYTES_MAX = 1_048_576;
const DAY_SECONDS = 86_400;

const CAPABILITIES: PspCapabilities = {
  live: false,
  methods: ['card', 'wallet'],
  currencies: [...EXPONENTS.keys()].toSorted(),
  minimum: {},
  maximum: 999_999_999_999n,
  partialCapture: true,
  multipleCaptures: true,
  increment: true,
  partialRefund: true,
  sale: true,
  authorizationSeconds: 7 * DAY_SECONDS,
  // For ever; a hundred years is a number that sums still work with.
  keySeconds: 36_525 * DAY_SECONDS,
  consistencyMs: 2_000,
  provenByEvents: false,
  // Nothing is ever removed. Lists are in the order in which things were done, save where a fault holds an event back.
  events: { keptSeconds: 36_525 * DAY_SECONDS, lateMs: 10_000 },
  settlementReport: true,
};

/** The payment simulator as a provider: see adapters/psp/simulator/README.md for its API. */
export class SimulatorAdapter implements PspAdapter {
  readonly name: string;
  readonly capabilities = CAPABILITIES;
  readonly #exchange: Exchange;
  readonly #secrets: readonly string[];

  constructor({ url, secrets, name = 'simulator', connections = 64 }: SimulatorAdapterOptions) {
    if (!/^[a-z0-9_]{1,32}$/.test(name)) throw new RangeError(`"${name}" cannot name a provider`);
    this.name = name;
    this.#secrets = secrets;
    this.#exchange = new Exchange({ url, connections, answerBytesMax: ANSWER_BYTES_MAX });
  }

  /** Cuts its connections. */
  close(): void {
    this.#exchange.close();
  }

  /** Its ready tokens are called after the brand; those of its hosted field tell nothing. */
  brandOf(token: string): string {
    return /^pm_card_(visa|mastercard|amex)(?:[_.]|$)/.exec(token)?.[1] ?? '';
  }

  authorize(call: AuthorizeCall, context: CallContext): Promise<PspOutcome> {
    const { token, capture, returnUrl, statementDescriptor, payment } = call;
    return this.#postMoney(
      '/v1/payments',
      call,
      { token, capture, return_url: returnUrl, statement_descriptor: statementDescriptor, payment },
      context,
    );
  }

  /** The operation is the authorisation itself; going on twice is going on once. */
  continue({ operation, providerReference }: ContinueCall, context: CallContext): Promise<PspOutcome> {
    return this.#post(
      `/v1/payments/${pathOf(providerReference, operation)}/continue`,
      operation,
      {},
      context,
    );
  }

  increment(call: FollowUpCall, context: CallContext): Promise<PspOutcome> {
    return this.#followUp('increments', call, {}, context);
  }

  capture(call: CaptureCall, context: CallContext): Promise<PspOutcome> {
    return this.#followUp('captures', call, { final: call.final }, context);
  }

  void(call: FollowUpCall, context: CallContext): Promise<PspOutcome> {
    return this.#followUp('voids', call, {}, context);
  }

  refund(call: FollowUpCall, context: CallContext): Promise<PspOutcome> {
    return this.#followUp('refunds', call, {}, context);
  }

  async query({ operation }: QueryCall, context: CallContext): Promise<QueryOutcome> {
    return queryOutcomeOf(await this.#get(`/v1/operations/${operation}`, context), operation);
  }

  verifyWebhook(webhook: RawWebhook, nowMs: number): boolean {
    return isGenuine(webhook, this.#secrets, nowMs);
  }

  parseWebhook(webhook: RawWebhook): PspEvent[] {
    return [eventOf(webhook)];
  }

  listEvents(call: ListEventsCall, context: CallContext): Promise<ListEventsOutcome> {
    const untilMs = performance.now() + context.deadlineMs;
    const get = (path: string): Promise<Exchanged> =>
      this.#get(path, { ...context, deadlineMs: Math.max(1, Math.floor(untilMs - performance.now())) });
    return listEvents(get, call);
  }

  async settlement(call: SettlementCall, context: CallContext): Promise<SettlementOutcome> {
    return settlementPage((path) => this.#get(path, context), call);
  }

  #get(path: string, { deadlineMs, signal }: CallContext): Promise<Exchanged> {
    return this.#exchange.send({ method: 'GET', path, headers: {}, body: '', deadlineMs, signal });
  }

  #followUp(action: string, call: FollowUpCall, more: object, context: CallContext): Promise<PspOutcome> {
    const path = `/v1/payments/${pathOf(call.providerReference, call.target)}/${action}`;
    return this.#postMoney(path, call, more, context);
  }

  /** What has no exponent in our table is not sent: nobody would know what the number means. */
  #postMoney(
    path: string,
    { operation, amount, currency }: { operation: Uuid; amount: bigint; currency: string },
    more: object,
    context: CallContext,
  ): Promise<PspOutcome> {
    if (EXPONENTS.has(currency))
      return this.#post(path, operation, { ...more, amount: amount.toString(), currency }, context);
    return Promise.resolve({
      done: 'declined',
      code: 'currency_not_supported',
      providerCode: 'no_exponent',
      providerReference: '',
    });
  }

  async #post(
    path: string,
    operation: Uuid,
    body: object,
    { deadlineMs, signal }: CallContext,
  ): Promise<PspOutcome> {
    const exchanged = await this.#exchange.send({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', 'idempotency-key': operation },
      body: JSON.stringify(body),
      deadlineMs,
      signal,
    });
    return outcomeOf(exchanged, operation);
  }
}

/** By the provider's id, or by our reference where it has never told us one. */
function pathOf(providerReference: string, target: Uuid): string {
  return providerReference === '' ? `ref:${target}` : encodeURIComponent(providerReference);
}
