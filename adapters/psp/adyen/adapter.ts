import { createHash } from 'node:crypto';
import type {
  AuthorizeCall,
  CallContext,
  CaptureCall,
  ContinueCall,
  DeclineCode,
  Declined,
  FollowUpCall,
  PspAdapter,
  PspCapabilities,
  PspEvent,
  PspOutcome,
  QueryCall,
  QueryOutcome,
  RawWebhook,
} from '../../../core/processes/psp.ts';
import { Exchange, type Exchanged } from '../http/exchange.ts';
import { modificationOutcomeOf, paymentOutcomeOf } from './answers.ts';
import { EXPONENTS, toAdyen } from './exponents.ts';
import { authorizationBody } from './requests.ts';
import { hmacKeyOf } from './signature.ts';
import { eventsOf, isGenuine } from './webhooks.ts';

export interface AdyenAdapterOptions {
  /** With the version: "https://checkout-test.adyen.com/v71". Cleartext only to this machine. */
  readonly url: string;
  /** Of a user with the role "Checkout webservice". Never logged, and in no message. */
  readonly apiKey: string;
  readonly merchantAccount: string;
  /** HMAC keys of the standard webhook, 64 hexadecimal digits: the current one, and while it is changed the one before. */
  readonly hmacKeys: readonly string[];
  /** Default 64; 1 to 1024. */
  readonly connections?: number;
}

const ANSWER_BYTES_MAX = 262_144;
const DAY_SECONDS = 86_400;

const CAPABILITIES: Omit<PspCapabilities, 'live'> = {
  methods: ['card', 'wallet'],
  currencies: [...EXPONENTS.keys()].toSorted(),
  // Counted in whole units there: hundredths cannot be said.
  minimum: { CVE: 100n, IDR: 100n },
  maximum: 999_999_999_999n,
  partialCapture: true,
  // Unless an account is set up for several, the first capture releases the rest.
  multipleCaptures: false,
  // Adyen takes the new total, which the port does not tell.
  increment: false,
  partialRefund: true,
  // An authorisation that is never captured unasked can always be closed by our reference, whatever became of it.
  sale: false,
  authorizationSeconds: 7 * DAY_SECONDS,
  keySeconds: 7 * DAY_SECONDS,
  // The slowest issuer has answered, and the webhook has arrived, long before.
  consistencyMs: 120_000,
  provenByEvents: true,
  events: null,
  settlementReport: false,
};

/** Adyen's Checkout API, version 71: see adapters/psp/adyen/README.md. */
export class AdyenAdapter implements PspAdapter {
  readonly name = 'adyen';
  readonly capabilities: PspCapabilities;
  readonly #exchange: Exchange;
  readonly #apiKey: string;
  readonly #merchantAccount: string;
  readonly #keys: readonly Buffer[];

  constructor({ url, apiKey, merchantAccount, hmacKeys, connections = 64 }: AdyenAdapterOptions) {
    if (!isSafe(url)) throw new RangeError('FLORIN_ADYEN_URL has to be an https address');
    if (!/^[\x21-\x7e]+$/.test(apiKey)) throw new RangeError('FLORIN_ADYEN_API_KEY has to be an API key');
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(merchantAccount))
      throw new RangeError('FLORIN_ADYEN_MERCHANT_ACCOUNT has to name a merchant account');
    // Of Adyen's own hosts only the test platform's moves no real money.
    this.capabilities = { ...CAPABILITIES, live: !new URL(url).hostname.startsWith('checkout-test.') };
    this.#keys = hmacKeys.map(hmacKeyOf);
    this.#apiKey = apiKey;
    this.#merchantAccount = merchantAccount;
    this.#exchange = new Exchange({ url, connections, answerBytesMax: ANSWER_BYTES_MAX });
  }

  /** Cuts its connections. */
  close(): void {
    this.#exchange.close();
  }

  async authorize(call: AuthorizeCall, context: CallContext): Promise<PspOutcome> {
    const { operation } = call;
    if (call.capture) return notSaid('operation_not_allowed', 'sale_not_offered');
    const amount = toAdyen(call);
    if (typeof amount === 'string') return inexpressible(amount);
    const body = authorizationBody(call, { amount, merchantAccount: this.#merchantAccount });
    if (body === null) return notSaid('invalid_account', 'token_without_shopper');
    return paymentOutcomeOf(await this.#post('/payments', operation, body, context), operation);
  }

  /** Without the `redirectResult` that the payer's browser brought back there is nothing to send: the payer is awaited. */
  async continue(
    { operation, providerReference, returned }: ContinueCall,
    context: CallContext,
  ): Promise<PspOutcome> {
    const redirectResult = new URLSearchParams(returned).get('redirectResult') ?? '';
    if (redirectResult === '')
      return { done: 'requires_action', providerReference, action: { type: 'redirect', url: '' } };
    // Not the key of the payment, whose stored answer is the redirect; and another for each result that is brought.
    const mark = createHash('sha256').update(redirectResult).digest('hex').slice(0, 16);
    const body = { details: { redirectResult } };
    const exchanged = await this.#post('/payments/details', `${operation}-${mark}`, body, context);
    return paymentOutcomeOf(exchanged, operation);
  }

  increment(): Promise<PspOutcome> {
    return Promise.resolve(notSaid('operation_not_allowed', 'increment_not_offered'));
  }

  /** Whether it is the last one is not said: without several captures set up the rest is always released. */
  capture(call: CaptureCall, context: CallContext): Promise<PspOutcome> {
    return this.#modify('captures', call, context);
  }

  /**
   * Always by our own reference, also where Adyen's is known: each try of an operation must be the same request under the
   * same key, and an earlier one may not have known more. The amount is not said: a cancel lets go of everything.
   */
  async void({ operation, target }: FollowUpCall, context: CallContext): Promise<PspOutcome> {
    const body = {
      merchantAccount: this.#merchantAccount,
      paymentReference: target,
      reference: operation,
    };
    return modificationOutcomeOf(await this.#post('/cancels', operation, body, context), operation);
  }

  refund(call: FollowUpCall, context: CallContext): Promise<PspOutcome> {
    return this.#modify('refunds', call, context);
  }

  /**
   * Adyen has no request that finds an operation. What it has told a reference of is under way, and its webhook tells the
   * rest. Of anything else nothing is known here, and the ways out are those of "not found": a capture or refund is sent
   * again under its key, which gives the stored answer; an authorisation is cancelled by our reference.
   */
  query({ providerReference }: QueryCall): Promise<QueryOutcome> {
    return Promise.resolve(
      providerReference === ''
        ? { done: 'not_found' }
        : { done: 'unknown', why: 'Adyen tells the outcome by webhook alone' },
    );
  }

  verifyWebhook(webhook: RawWebhook): boolean {
    return isGenuine(webhook, { merchantAccount: this.#merchantAccount, keys: this.#keys });
  }

  parseWebhook(webhook: RawWebhook): PspEvent[] {
    return eventsOf(webhook);
  }

  async #modify(
    action: 'captures' | 'refunds',
    call: FollowUpCall,
    context: CallContext,
  ): Promise<PspOutcome> {
    const { operation, providerReference } = call;
    // Neither can be asked for by our reference; what Adyen never told one of is not authorised.
    if (!/^[A-Za-z0-9]{1,64}$/.test(providerReference))
      return notSaid('operation_not_allowed', 'no_psp_reference');
    const amount = toAdyen(call);
    if (typeof amount === 'string') return inexpressible(amount);
    const body = { merchantAccount: this.#merchantAccount, amount, reference: operation };
    const path = `/payments/${providerReference}/${action}`;
    return modificationOutcomeOf(await this.#post(path, operation, body, context), operation);
  }

  #post(path: string, key: string, body: object, { deadlineMs, signal }: CallContext): Promise<Exchanged> {
    return this.#exchange.send({
      method: 'POST',
      path,
      headers: {
        'content-type': 'application/json',
        'idempotency-key': key,
        'x-api-key': this.#apiKey,
      },
      body: JSON.stringify(body),
      deadlineMs,
      signal,
    });
  }
}

/** What is not sent at all is proven not to be done. */
function notSaid(code: DeclineCode, providerCode: string): Declined {
  return { done: 'declined', code, providerCode, providerReference: '' };
}

function inexpressible(why: 'no_exponent' | 'not_whole'): Declined {
  return notSaid(why === 'no_exponent' ? 'currency_not_supported' : 'amount_not_allowed', why);
}

/** The API key goes with every request. */
function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && /^(127\.\d+\.\d+\.\d+|localhost)$/.test(hostname));
}
