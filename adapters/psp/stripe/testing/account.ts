import { nowSeconds } from './clock.ts';
import { type Intent, type Refund, decimalOf, intentBody, isRound, refundBody } from './objects.ts';
import { type Asked, StripeError, invalid, metadataOf } from './requests.ts';

/** Test cards as Stripe documents them: what its issuer says. */
const DECLINES: Readonly<Record<string, readonly [code: string, declineCode: string]>> = {
  pm_card_chargeDeclined: ['card_declined', 'generic_decline'],
  pm_card_visa_chargeDeclined: ['card_declined', 'generic_decline'],
  pm_card_chargeDeclinedInsufficientFunds: ['card_declined', 'insufficient_funds'],
  pm_card_chargeDeclinedLostCard: ['card_declined', 'lost_card'],
  pm_card_chargeDeclinedStolenCard: ['card_declined', 'stolen_card'],
  pm_card_chargeDeclinedExpiredCard: ['expired_card', ''],
  pm_card_chargeDeclinedIncorrectCvc: ['incorrect_cvc', ''],
  pm_card_chargeDeclinedProcessingError: ['processing_error', ''],
  pm_card_chargeDeclinedFraudulent: ['card_declined', 'fraudulent'],
  pm_card_chargeDeclinedVelocityLimitExceeded: ['card_declined', 'card_velocity_exceeded'],
};
const CHALLENGES = 'pm_card_threeDSecure2Required';
const TOKENS = ['pm_card_visa', 'pm_card_pendingRefund', 'pm_card_createDispute', CHALLENGES];

export interface Line {
  /** The idempotency key of the request that did it. */
  readonly key: string;
  readonly kind: 'authorize' | 'sale' | 'capture' | 'void' | 'refund';
  readonly status: 'succeeded' | 'declined' | 'open';
  readonly decimal: string;
  readonly currency: string;
}

export interface Told {
  readonly type: string;
  /** The key of the request that it came of, or our reference that the object bears. */
  readonly about: string;
  readonly body: string;
}

/** An account at Stripe: what its endpoints do, by Stripe's reference. Nothing of the adapter is used. */
export class Account {
  readonly lines: Line[] = [];
  readonly events: Told[] = [];
  readonly intents: Intent[] = [];
  readonly #refunds: Refund[] = [];
  readonly #searchLagMs: number;
  url = '';
  #ids = 0;

  constructor({ searchLagMs }: { searchLagMs: number }) {
    this.#searchLagMs = searchLagMs;
  }

  /** The body of a 200; throws `StripeError`. */
  perform(asked: Asked): object {
    switch (asked.endpoint) {
      case 'POST /v1/payment_intents':
        return this.#body(this.#create(asked), asked);
      case 'POST /v1/payment_intents/:id':
        return this.#body(this.#update(this.#intent(asked.id), asked), asked);
      case 'POST /v1/payment_intents/:id/confirm':
        return this.#body(this.#confirm(this.#intent(asked.id), asked), asked);
      case 'POST /v1/payment_intents/:id/capture':
        return this.#body(this.#capture(this.#intent(asked.id), asked), asked);
      case 'POST /v1/payment_intents/:id/cancel':
        return this.#body(this.#cancel(this.#intent(asked.id), asked), asked);
      case 'GET /v1/payment_intents/:id':
        return this.#body(this.#intent(asked.id), asked);
      case 'GET /v1/payment_intents/search':
        return this.#search(asked);
      case 'GET /v1/payment_intents':
        return this.#list(asked);
      case 'GET /v1/events':
        return this.#listEvents(asked);
      case 'POST /v1/refunds':
        return this.#refund(asked);
      case 'GET /v1/refunds':
        return this.#listRefunds(asked);
      case 'GET /v1/refunds/:id': {
        const refund = this.#refunds.find(({ id }) => id === asked.id);
        if (refund === undefined) throw missing('id');
        return refundBody(refund);
      }
      default:
        throw new Error(`no endpoint ${asked.endpoint}`);
    }
  }

  /** The payer's answer to a challenge. */
  challenge(id: string, result: 'pass' | 'fail'): void {
    const intent = this.#intent(id);
    if (intent.status !== 'requires_action') throw new Error(`no challenge of ${id}`);
    if (result === 'pass') return this.#approve(intent);
    this.#fail(intent, { type: 'invalid_request_error', code: 'payment_intent_authentication_failure' });
  }

  /** A bank that sends a refund back, days later. */
  failRefund(key: string): void {
    const refund = this.#refunds.find(({ metadata }) => metadata.florin_operation === key);
    if (refund === undefined) throw new Error(`no refund ${key}`);
    refund.status = 'failed';
    refund.failureReason = 'lost_or_stolen_card';
    this.tell('refund.failed', key, refundBody(refund));
  }

  tell(type: string, about: string, object: object): void {
    const created = nowSeconds();
    const event = { id: this.#id('evt'), object: 'event', api_version: '2025-03-31.basil', created, type };
    this.events.push({ type, about, body: JSON.stringify({ ...event, data: { object }, livemode: false }) });
  }

  #id(prefix: string): string {
    return `${prefix}_3Fake${String(++this.#ids).padStart(10, '0')}`;
  }

  #intent(id: string): Intent {
    const intent = this.intents.find((one) => one.id === id);
    if (intent === undefined) throw missing('intent');
    return intent;
  }

  #body(intent: Intent, { fields }: Asked): object {
    const isExpanded = Object.values(fields).includes('latest_charge.balance_transaction');
    return intentBody(intent, { url: this.url, isExpanded });
  }

  #create({ fields }: Asked): Intent {
    const { amount, currency, payment_method: token = '' } = fields;
    if (fields.confirm === 'true') throw invalid('this_account_confirms_apart');
    if (
      token !== '' &&
      !TOKENS.includes(token) &&
      !Object.hasOwn(DECLINES, token) &&
      !token.startsWith('pm_fake_')
    )
      throw invalid('resource_missing', { param: 'payment_method' });
    if (!isRound(Number(amount), currency)) throw invalid('invalid_charge_amount', { param: 'amount' });
    if (currency === 'eur' && Number(amount) < 50) throw invalid('amount_too_small', { param: 'amount' });
    const intent: Intent = {
      id: this.#id('pi'),
      amount: Number(amount),
      currency,
      captureMethod: fields.capture_method ?? 'automatic_async',
      created: nowSeconds(),
      descriptor: fields.statement_descriptor_suffix ?? '',
      metadata: {},
      indexed: [],
      paymentMethod: token,
      status: token === '' ? 'requires_payment_method' : 'requires_confirmation',
      received: 0,
      returnUrl: '',
      error: null,
      charge: null,
    };
    this.intents.unshift(intent);
    return this.#update(intent, { fields });
  }

  #update(intent: Intent, { fields }: Pick<Asked, 'fields'>): Intent {
    intent.metadata = { ...intent.metadata, ...metadataOf(fields) };
    if (Object.keys(intent.metadata).length > 50) throw invalid('parameter_invalid', { param: 'metadata' });
    intent.indexed.push({ atMs: performance.now() + this.#searchLagMs, metadata: intent.metadata });
    return intent;
  }

  #confirm(intent: Intent, { fields }: Asked): Intent {
    if (intent.status !== 'requires_confirmation') throw this.#unexpected(intent);
    const token = intent.paymentMethod;
    if (Object.hasOwn(DECLINES, token)) {
      const [code, declineCode] = DECLINES[token];
      const error = {
        type: 'card_error',
        code,
        ...(declineCode === '' ? {} : { decline_code: declineCode }),
      };
      throw this.#fail(intent, error);
    }
    if (token === CHALLENGES) {
      if (fields.error_on_requires_action === 'true')
        throw this.#fail(intent, {
          type: 'card_error',
          code: 'authentication_required',
          decline_code: 'authentication_not_handled',
        });
      if (fields.return_url === undefined) throw invalid('parameter_missing', { param: 'return_url' });
      intent.status = 'requires_action';
      intent.returnUrl = fields.return_url;
      return intent;
    }
    this.#approve(intent);
    return intent;
  }

  #approve(intent: Intent): void {
    const isManual = intent.captureMethod === 'manual';
    intent.charge = {
      id: this.#id('ch'),
      status: 'succeeded',
      captured: isManual ? 0 : intent.amount,
      refunded: 0,
      captureBefore: nowSeconds() + 7 * 86_400,
    };
    intent.status = isManual ? 'requires_capture' : 'succeeded';
    intent.received = isManual ? 0 : intent.amount;
    const operation = intent.metadata.florin_operation;
    this.#book(intent, { key: operation, kind: isManual ? 'authorize' : 'sale', amount: intent.amount });
    this.#tellIntent(
      isManual ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded',
      operation,
      intent,
    );
  }

  #fail(intent: Intent, error: { type: string; code: string; [name: string]: unknown }): StripeError {
    intent.status = 'requires_payment_method';
    intent.paymentMethod = '';
    intent.error = error;
    const operation = intent.metadata.florin_operation;
    this.#tellIntent('payment_intent.payment_failed', operation, intent);
    const { amount, currency } = intent;
    const decimal = decimalOf(amount, currency);
    this.lines.push({
      key: operation,
      kind: 'authorize',
      status: 'declined',
      decimal,
      currency: currency.toUpperCase(),
    });
    return new StripeError(402, { ...error, payment_intent: this.#bare(intent) });
  }

  #capture(intent: Intent, { fields, idempotencyKey }: Asked): Intent {
    if (intent.status !== 'requires_capture' || intent.charge === null) throw this.#unexpected(intent);
    const amount = Number(fields.amount_to_capture ?? intent.amount);
    if (amount > intent.amount) throw invalid('amount_too_large', { param: 'amount_to_capture' });
    if (fields.final_capture === 'false') throw invalid('parameter_invalid', { param: 'final_capture' });
    this.#update(intent, { fields });
    intent.status = 'succeeded';
    intent.received = amount;
    intent.charge.captured = amount;
    this.#book(intent, { key: idempotencyKey, kind: 'capture', amount });
    this.#tellIntent('payment_intent.succeeded', idempotencyKey, intent);
    return intent;
  }

  #cancel(intent: Intent, { idempotencyKey }: Asked): Intent {
    if (intent.status === 'succeeded' || intent.status === 'canceled' || intent.status === 'processing')
      throw this.#unexpected(intent);
    const wasHeld = intent.status === 'requires_capture';
    intent.status = 'canceled';
    if (wasHeld) this.#book(intent, { key: idempotencyKey, kind: 'void', amount: intent.amount });
    this.#tellIntent('payment_intent.canceled', idempotencyKey, intent);
    return intent;
  }

  #refund({ fields, idempotencyKey }: Asked): object {
    const intent = this.#intent(fields.payment_intent);
    const { charge } = intent;
    if (charge === null) throw invalid('payment_intent_unexpected_state');
    if (charge.captured === 0)
      throw new Error('this would release the authorisation: nobody may ask for that');
    const amount = Number(fields.amount);
    if (charge.refunded === charge.captured) throw invalid('charge_already_refunded');
    // Stripe has no code for this one.
    if (charge.refunded + amount > charge.captured)
      throw new StripeError(400, { type: 'invalid_request_error', param: 'amount' });
    charge.refunded += amount;
    const refund: Refund = {
      id: this.#id('re'),
      intent,
      amount,
      created: nowSeconds(),
      metadata: metadataOf(fields),
      status: intent.paymentMethod === 'pm_card_pendingRefund' ? 'pending' : 'succeeded',
      failureReason: null,
    };
    this.#refunds.unshift(refund);
    this.#book(intent, { key: idempotencyKey, kind: 'refund', amount });
    this.tell('refund.created', idempotencyKey, refundBody(refund));
    return refundBody(refund);
  }

  #listRefunds({ fields }: Asked): object {
    const found = this.#refunds.filter(({ intent }) => intent.id === fields.payment_intent);
    const limit = Number(fields.limit ?? 10);
    return { object: 'list', data: found.slice(0, limit).map(refundBody), has_more: found.length > limit };
  }

  /** Two forms of a query, which are those that the adapter asks. */
  #search({ fields }: Asked): object {
    const equal = /^metadata\["([^"]+)"\]:"([^"]+)"$/.exec(fields.query);
    const present = /^-metadata\["([^"]+)"\]:null$/.exec(fields.query);
    if (equal === null && present === null) throw invalid('search_query', { param: 'query' });
    const nowMs = performance.now();
    const data = this.intents.filter(({ indexed }) => {
      const metadata: Record<string, string> = indexed.findLast(({ atMs }) => atMs <= nowMs)?.metadata ?? {};
      return equal === null ? Object.hasOwn(metadata, present?.[1] ?? '') : metadata[equal[1]] === equal[2];
    });
    return { object: 'search_result', data: data.map((intent) => this.#bare(intent)), has_more: false };
  }

  #list({ fields }: Asked): object {
    const limit = Number(fields.limit ?? 10);
    if (limit > 100) throw invalid('parameter_invalid_integer', { param: 'limit' });
    const after = this.intents.findIndex(({ id }) => id === fields.starting_after);
    const page = this.intents.slice(after + 1, after + 1 + limit);
    const isMore = this.intents.length > after + 1 + limit;
    return { object: 'list', data: page.map((intent) => this.#bare(intent)), has_more: isMore };
  }

  /** The newest first; before an event come those that are newer, and of these the ones next to it. */
  #listEvents({ fields }: Asked): object {
    const limit = Number(fields.limit ?? 10);
    if (limit > 100) throw invalid('parameter_invalid_integer', { param: 'limit' });
    const types = Object.entries(fields).flatMap(([name, value]) => (name.startsWith('types[') ? value : []));
    if (types.length > 20) throw invalid('parameter_invalid', { param: 'types' });
    const until = Number(fields['created[lte]'] ?? Infinity);
    const all = this.events
      .map(({ body }) => JSON.parse(body) as { id: string; type: string; created: number })
      .filter(({ type, created }) => (types.length === 0 || types.includes(type)) && created <= until)
      .toReversed();
    const placeOf = (param: 'starting_after' | 'ending_before'): number => {
      const place = all.findIndex(({ id }) => id === fields[param]);
      if (place < 0) throw invalid('resource_missing', { param });
      return place;
    };
    const before = fields.ending_before === undefined ? undefined : placeOf('ending_before');
    if (before !== undefined)
      return {
        object: 'list',
        data: all.slice(Math.max(0, before - limit), before),
        has_more: before > limit,
      };
    const from = fields.starting_after === undefined ? 0 : placeOf('starting_after') + 1;
    return { object: 'list', data: all.slice(from, from + limit), has_more: all.length > from + limit };
  }

  #bare(intent: Intent): object {
    return intentBody(intent, { url: this.url, isExpanded: false });
  }

  #unexpected(intent: Intent): StripeError {
    return invalid('payment_intent_unexpected_state', { payment_intent: this.#bare(intent) });
  }

  #tellIntent(type: string, about: string, intent: Intent): void {
    this.tell(type, about, this.#bare(intent));
  }

  #book(intent: Intent, { key, kind, amount }: { key: string; kind: Line['kind']; amount: number }): void {
    const { currency } = intent;
    const decimal = decimalOf(amount, currency);
    this.lines.push({ key, kind, status: 'succeeded', decimal, currency: currency.toUpperCase() });
  }
}

function missing(param: string): StripeError {
  return new StripeError(404, { type: 'invalid_request_error', code: 'resource_missing', param });
}
