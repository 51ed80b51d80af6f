import type { PaymentCallOptions } from '../../../client/payments.ts';
import type { SingleAnswer } from '../../../client/index.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  CancelReason,
  CaptureMethod,
  type PaymentIntent,
  type PaymentResult,
} from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Origin } from '../../http/api.ts';
import { merged } from '../../http/metadata.ts';
import { named, PREFIX, uuidOf } from '../../ids/prefixed.ts';
import { refusalProblem } from '../../problems/fromCore.ts';
import { Problem } from '../../problems/problem.ts';
import type {
  Cancellation,
  Capture,
  Confirmation,
  NewPaymentIntent,
  PaymentIntentUpdate,
} from './schemas.ts';

/**
 * How long a request waits for a provider: the budget of an authorisation (docs/adr/0034). After that the answer is that
 * nobody knows yet.
 */
const WAIT_MS = 5_000;

/** What every command on payments is called with. */
export const WAITING: PaymentCallOptions = { waitMs: WAIT_MS };

/** What a command is told: its own id, and on whose behalf it is. */
export interface Command {
  readonly id: string;
  readonly caller: Caller;
  /** The request that leads to it; absent where no merchant has made one. */
  readonly origin?: Origin;
}

export const METHOD_TYPES = {
  card: PaymentMethodType.CARD,
  wallet: PaymentMethodType.WALLET,
  bank_debit: PaymentMethodType.BANK_DEBIT,
  credit_transfer: PaymentMethodType.CREDIT_TRANSFER,
  redirect: PaymentMethodType.REDIRECT,
  voucher: PaymentMethodType.VOUCHER,
} as const;

const CANCEL_REASONS = {
  requested_by_customer: CancelReason.REQUESTED,
  abandoned: CancelReason.ABANDONED,
  duplicate: CancelReason.DUPLICATE,
  fraudulent: CancelReason.FRAUDULENT,
} as const;

/** What a command has come to. */
export interface Changed {
  readonly intent: PaymentIntent;
  /** Whether the command was carried out before: then this is how the payment intent stands now. */
  readonly isReplayed: boolean;
}

/** Commands on payment intents of one merchant. Each returns the payment intent at rest, or as it stands after the wait. */
export class PaymentIntentCommands {
  readonly #core: Pick<Core, 'paymentIntents'>;

  constructor(core: Pick<Core, 'paymentIntents'>) {
    this.#core = core;
  }

  create({ id, caller, origin }: Command, body: NewPaymentIntent): Promise<Changed> {
    const { payment_method: method, metadata = {} } = body;
    return this.#done(caller, (options) =>
      this.#core.paymentIntents.createPaymentIntent(
        caller.book,
        {
          id,
          ...from(origin),
          merchantId: caller.merchantId,
          amount: { minorUnits: BigInt(body.amount), asset: body.currency.toUpperCase() },
          captureMethod: body.capture_method === 'manual' ? CaptureMethod.MANUAL : CaptureMethod.AUTOMATIC,
          confirm: body.confirm ?? false,
          ...methodOf(method, body.payment_method_type),
          customerId: customerOf(body.customer),
          description: body.description ?? '',
          reference: body.reference ?? '',
          statementDescriptor: body.statement_descriptor ?? '',
          returnUrl: body.return_url ?? '',
          metadata,
        },
        options,
      ),
    );
  }

  /** Metadata of the update is merged into what there is, as merchants know it: an empty value takes its key out. */
  update(
    { id, caller, origin }: Command,
    intent: PaymentIntent,
    body: PaymentIntentUpdate,
  ): Promise<Changed> {
    const { amount, description, reference, return_url: returnUrl, metadata } = body;
    return this.#done(caller, (options) =>
      this.#core.paymentIntents.updatePaymentIntent(
        caller.book,
        {
          id,
          ...from(origin),
          paymentIntentId: intent.id,
          merchantId: caller.merchantId,
          ...(amount === undefined ? {} : { amount: BigInt(amount) }),
          ...(description === undefined ? {} : { description }),
          ...(reference === undefined ? {} : { reference }),
          ...(returnUrl === undefined ? {} : { returnUrl }),
          ...(metadata === undefined ? {} : { metadata: { entries: merged(intent.metadata, metadata) } }),
          ...methodOf(body.payment_method, body.payment_method_type),
          customerId: customerOf(body.customer),
        },
        options,
      ),
    );
  }

  confirm({ id, caller, origin }: Command, paymentIntentId: string, body: Confirmation): Promise<Changed> {
    return this.#done(caller, (options) =>
      this.#core.paymentIntents.confirmPaymentIntent(
        caller.book,
        {
          id,
          ...from(origin),
          paymentIntentId,
          merchantId: caller.merchantId,
          ...methodOf(body.payment_method, body.payment_method_type),
          returnUrl: body.return_url ?? '',
          redirectResult: body.redirect_result ?? '',
        },
        options,
      ),
    );
  }

  capture({ id, caller, origin }: Command, paymentIntentId: string, body: Capture): Promise<Changed> {
    const { amount_to_capture: amount, final_capture: final } = body;
    return this.#done(
      caller,
      (options) =>
        this.#core.paymentIntents.capturePaymentIntent(
          caller.book,
          {
            id,
            ...from(origin),
            paymentIntentId,
            merchantId: caller.merchantId,
            ...(amount === undefined ? {} : { amount: BigInt(amount) }),
            ...(final === undefined ? {} : { final }),
          },
          options,
        ),
      { amount: 'amount_to_capture', final: 'final_capture' },
    );
  }

  cancel({ id, caller, origin }: Command, paymentIntentId: string, body: Cancellation): Promise<Changed> {
    const { book, merchantId } = caller;
    const reason = CANCEL_REASONS[body.cancellation_reason ?? 'requested_by_customer'];
    const item = { id, ...from(origin), paymentIntentId, merchantId, reason };
    return this.#done(caller, (options) =>
      this.#core.paymentIntents.cancelPaymentIntent(book, item, options),
    );
  }

  increment({ id, caller, origin }: Command, paymentIntentId: string, amount: number): Promise<Changed> {
    const { book, merchantId } = caller;
    const item = { id, ...from(origin), paymentIntentId, merchantId, amount: BigInt(amount) };
    return this.#done(
      caller,
      (options) => this.#core.paymentIntents.incrementAuthorization(book, item, options),
      { amount: 'increment_amount' },
    );
  }

  async #done(
    caller: Caller,
    call: (options: PaymentCallOptions) => Promise<SingleAnswer<PaymentResult['outcome']>>,
    names: Readonly<Record<string, string>> = {},
  ): Promise<Changed> {
    return changedBy(this.#core, caller, await call(WAITING), names);
  }
}

/** The field of an item that says where it comes from. */
const from = (origin: Origin | undefined): { origin?: Origin } => (origin === undefined ? {} : { origin });

/** What came of a command; a Problem where it was refused. `names` are those of the request's parameters. */
export async function changedBy(
  core: Pick<Core, 'paymentIntents'>,
  { book }: Caller,
  { outcome }: SingleAnswer<PaymentResult['outcome']>,
  names: Readonly<Record<string, string>> = {},
): Promise<Changed> {
  if (outcome.case === 'refused') throw refusalProblem(outcome.value, names);
  if (outcome.case === undefined) throw new Error('the core answered with no outcome');
  const { paymentIntent, paymentIntentId, replayed: isReplayed } = outcome.value;
  const found = paymentIntent ?? (await core.paymentIntents.readPaymentIntent(book, paymentIntentId));
  if (found === undefined) throw new Error('the core has changed a payment that it does not have');
  return { intent: found, isReplayed };
}

function methodOf(method: string | undefined, type: keyof typeof METHOD_TYPES | undefined) {
  if (method === undefined) {
    if (type === undefined) return {};
    throw new Problem('parameter_missing', { param: 'payment_method' });
  }
  const stored = uuidOf(PREFIX.paymentMethod, method);
  if (stored === undefined) return { paymentMethod: { type: METHOD_TYPES[type ?? 'card'], token: method } };
  if (type !== undefined)
    throw new Problem('parameters_exclusive', {
      param: 'payment_method_type',
      detail: 'A stored payment method has a type of its own.',
    });
  return { paymentMethodId: stored };
}

function customerOf(customer: string | undefined): string {
  return customer === undefined ? '' : named(PREFIX.customer, customer, 'customer');
}
