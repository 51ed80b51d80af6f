import type {
  AuthorizeCall,
  CallContext,
  CaptureCall,
  ContinueCall,
  FollowUpCall,
  ListEventsCall,
  ListEventsOutcome,
  Money,
  PspAdapter,
  PspCapabilities,
  PspEvent,
  PspOutcome,
  QueryCall,
  QueryOutcome,
  RawWebhook,
  Uuid,
} from '../../../core/processes/psp.ts';
import { Exchange } from '../http/exchange.ts';
import { declined } from './answers.ts';
import { StripeCalls } from './api.ts';
import { authorizePayment, continuePayment, queryPayment } from './authorizations.ts';
import { capturePayment, outcomeOfCapture } from './captures.ts';
import { declineOf } from './declines.ts';
import { KEPT_SECONDS, LATE_MS, listEvents } from './eventList.ts';
import { API_AMOUNT_MAX, EXPONENTS, MINIMUM, toApi } from './exponents.ts';
import { type Looked, findByNote, look } from './intents.ts';
import { queryRefund, refundPayment } from './refunds.ts';
import { outcomeOfVoid, voidPayment } from './voids.ts';
import { eventsOf, isGenuine } from './webhooks.ts';

export interface StripeAdapterOptions {
  /** "https://api.stripe.com". */
  readonly url: string;
  /** "sk_live_...", "sk_test_..." or a restricted one, "rk_...". It is sent to `url` and goes nowhere else. */
  readonly secretKey: string;
  /** Signing secrets of the webhook endpoint, "whsec_...": the current one, and while it is rolled the one before. */
  readonly webhookSecrets: readonly string[];
  /** Where payers come back to whose payment names no address of its own; '' for none: then no payer is challenged. */
  readonly returnUrl: string;
  /** Default 'stripe'; another where several accounts play several providers. a-z, 0-9, "_", at most 32. */
  readonly name?: string;
  /** Default 64; 1 to 1024. Stripe takes 100 requests a second by default. */
  readonly connections?: number;
  /** Default 120,000: "searchable in under 1 minute" under normal conditions, and as much again. */
  readonly consistencyMs?: number;
}

/** A list of a hundred payment intents with their charges. */
const ANSWER_BYTES_MAX = 4 * 1_048_576;
const DAY_SECONDS = 86_400;

const CAPABILITIES: Omit<PspCapabilities, 'live' | 'consistencyMs'> = {
  // A wallet's token is a card to Stripe.
  methods: ['card', 'wallet'],
  currencies: [...EXPONENTS.keys()].toSorted(),
  minimum: MINIMUM,
  maximum: API_AMOUNT_MAX,
  partialCapture: true,
  // Both need an agreement with Stripe, and the card's consent, which is known only afterwards.
  multipleCaptures: false,
  increment: false,
  partialRefund: true,
  sale: true,
  // The shortest among card brands that is the rule for payments online; what Stripe says of a charge comes first.
  authorizationSeconds: 5 * DAY_SECONDS,
  keySeconds: DAY_SECONDS,
  provenByEvents: false,
  events: { keptSeconds: KEPT_SECONDS, lateMs: LATE_MS },
  // Its balance transactions would be one; they are not read yet.
  settlementReport: false,
};

/** Stripe, by payment intents: see adapters/psp/stripe/README.md for what proves what. */
export class StripeAdapter implements PspAdapter {
  readonly name: string;
  readonly capabilities: PspCapabilities;
  readonly #exchange: Exchange;
  readonly #key: string;
  readonly #secrets: readonly string[];
  readonly #returnUrl: string;

  constructor(options: StripeAdapterOptions) {
    const { url, secretKey, webhookSecrets, returnUrl, name = 'stripe' } = options;
    if (!/^[a-z0-9_]{1,32}$/.test(name)) throw new RangeError(`"${name}" cannot name a provider`);
    // What cannot stand in a header would throw at every call; the key itself stays out of the message.
    if (!/^[\x21-\x7e]{1,255}$/.test(secretKey))
      throw new RangeError('the secret key of Stripe cannot be one');
    this.name = name;
    const live = !/^[sr]k_test_/.test(secretKey);
    this.capabilities = { ...CAPABILITIES, live, consistencyMs: options.consistencyMs ?? 120_000 };
    this.#key = secretKey;
    this.#secrets = webhookSecrets;
    this.#returnUrl = returnUrl;
    const { connections = 64 } = options;
    this.#exchange = new Exchange({ url, connections, answerBytesMax: ANSWER_BYTES_MAX });
  }

  /** Cuts its connections. */
  close(): void {
    this.#exchange.close();
  }

  async authorize(call: AuthorizeCall, context: CallContext): Promise<PspOutcome> {
    const returnUrl = call.returnUrl === '' ? this.#returnUrl : call.returnUrl;
    return this.#counted(call, (units) =>
      authorizePayment(this.#calls(context), { ...call, returnUrl }, units),
    );
  }

  continue({ operation, providerReference }: ContinueCall, context: CallContext): Promise<PspOutcome> {
    return continuePayment(this.#calls(context), { reference: providerReference, operation });
  }

  /** Nothing is sent: see `increment` of the capabilities. */
  increment(): Promise<PspOutcome> {
    return Promise.resolve({ done: 'not_sent', why: 'Stripe is not asked for increments' });
  }

  capture(call: CaptureCall, context: CallContext): Promise<PspOutcome> {
    return this.#counted(call, (units) => capturePayment(this.#calls(context), call, units));
  }

  /** Whatever is open is let go of; the amount is not asked for. */
  void(call: FollowUpCall, context: CallContext): Promise<PspOutcome> {
    return voidPayment(this.#calls(context), call);
  }

  refund(call: FollowUpCall, context: CallContext): Promise<PspOutcome> {
    return this.#counted(call, (units) => refundPayment(this.#calls(context), call, units));
  }

  async query(
    { operation, kind, providerReference }: QueryCall,
    context: CallContext,
  ): Promise<QueryOutcome> {
    const calls = this.#calls(context);
    switch (kind) {
      case 'authorize':
      case 'sale':
        return queryPayment(calls, { reference: providerReference, operation });
      case 'refund': {
        if (providerReference !== '') return queryRefund(calls, { reference: providerReference, operation });
        const found = await findByNote(calls, operation);
        return onIntent(found, (intent) =>
          queryRefund(calls, { reference: intent.at('id').text, operation }),
        );
      }
      case 'capture':
        return onIntent(await this.#noted(calls, { operation, providerReference }), (intent) =>
          outcomeOfCapture(intent, operation),
        );
      case 'void':
        return onIntent(await this.#noted(calls, { operation, providerReference }), (intent) =>
          outcomeOfVoid(intent, operation),
        );
      case 'increment':
        return { done: 'not_found' };
    }
  }

  verifyWebhook(webhook: RawWebhook, nowMs: number): boolean {
    return isGenuine(webhook, this.#secrets, nowMs);
  }

  parseWebhook(webhook: RawWebhook): PspEvent[] {
    return eventsOf(webhook);
  }

  listEvents(call: ListEventsCall, context: CallContext): Promise<ListEventsOutcome> {
    return listEvents(this.#calls(context), call);
  }

  #calls(context: CallContext): StripeCalls {
    return new StripeCalls(this.#exchange, { key: this.#key, context });
  }

  #noted(
    calls: StripeCalls,
    { operation, providerReference }: { operation: Uuid; providerReference: string },
  ): Promise<Looked> {
    return providerReference === '' ? findByNote(calls, operation) : look(calls, providerReference);
  }

  /** What Stripe cannot count is not sent: see exponents.ts. */
  #counted(money: Money, send: (units: bigint) => Promise<PspOutcome>): Promise<PspOutcome> {
    const units = toApi(money);
    if (typeof units === 'bigint') return send(units);
    return Promise.resolve(declined(declineOf([units], 'amount_not_allowed'), { providerCode: units }));
  }
}

async function onIntent(
  found: Looked,
  read: (
    intent: NonNullable<Extract<Looked, { done: 'looked' }>['intent']>,
  ) => QueryOutcome | Promise<QueryOutcome>,
): Promise<QueryOutcome> {
  if (found.done !== 'looked') return { done: 'unknown', why: found.why };
  return found.intent === null ? { done: 'not_found' } : read(found.intent);
}
