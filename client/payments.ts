import { type ApiKeyResult, ApiKeyService } from '../gen/florin/access/v1/api_keys_pb.ts';
import { EventService } from '../gen/florin/events/v1/events_pb.ts';
import { WebhookDeliveryService } from '../gen/florin/events/v1/webhook_deliveries_pb.ts';
import { WebhookEndpointService } from '../gen/florin/events/v1/webhook_endpoints_pb.ts';
import { BalanceTransactionService } from '../gen/florin/payments/v1/balance_transactions_pb.ts';
import { type CustomerResult, CustomerService } from '../gen/florin/payments/v1/customers_pb.ts';
import { type MerchantResult, MerchantService } from '../gen/florin/payments/v1/merchants_pb.ts';
import { OperatorService } from '../gen/florin/payments/v1/operators_pb.ts';
import { PaymentIntentService } from '../gen/florin/payments/v1/payment_intents_pb.ts';
import type { PaymentIntent, PaymentResult } from '../gen/florin/payments/v1/payments_pb.ts';
import { PaymentLinkService } from '../gen/florin/payments/v1/payment_links_pb.ts';
import { ProviderWebhookService } from '../gen/florin/payments/v1/provider_webhooks_pb.ts';
import { ProviderService } from '../gen/florin/payments/v1/providers_pb.ts';
import { RefundService } from '../gen/florin/payments/v1/refunds_pb.ts';
import {
  type PaymentMethodResult,
  PaymentMethodService,
} from '../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import { TimelineService } from '../gen/florin/payments/v1/timelines_pb.ts';
import {
  type IdempotencyRecordResult,
  IdempotencyRecordService,
} from '../gen/florin/idempotency/v1/records_pb.ts';
import { Coalescer } from './coalesce/coalescer.ts';
import type { BatchMethod, SingleAnswer } from './coalesce/lane.ts';
import {
  type ApiKeyRevocationInit,
  attachPaymentMethod,
  type AttachmentInit,
  cancelPaymentIntent,
  type CancellationInit,
  type CaptureInit,
  capturePaymentIntent,
  type ConfirmationInit,
  confirmPaymentIntent,
  createApiKey,
  createCustomer,
  createMerchant,
  createPaymentIntent,
  createPaymentMethod,
  detachPaymentMethod,
  type DetachmentInit,
  type NewPaymentMethodInit,
  createRefund,
  type CustomerUpdateInit,
  type IdempotencyRecordInit,
  incrementAuthorization,
  type IncrementInit,
  type MerchantUpdateInit,
  type NewApiKeyInit,
  type NewCustomerInit,
  type NewMerchantInit,
  type NewPaymentIntentInit,
  type NewRefundInit,
  type RefundUpdateInit,
  revokeApiKey,
  saveIdempotencyRecord,
  settleOperation,
  type SettlementInit,
  updateCustomer,
  updateRefund,
  type UpdateInit,
  updateMerchant,
  updatePaymentIntent,
} from './coalesce/paymentMethods.ts';
import { Rests } from './coalesce/rests.ts';
import { Standings } from './coalesce/standings.ts';
import type { CallOptions, Settings } from './options.ts';
import { serviceClient, type ServiceClient } from './services/serviceClient.ts';
import type { Channels } from './transport/channels.ts';

/** What a single call about a payment can be told. */
export interface PaymentCallOptions extends CallOptions {
  /**
   * Waits, once the change is durable, until the payment intent waits for no provider any more: the answer then has it
   * whole, and without it where it could not be read. Milliseconds, on top of `timeoutMs`; default 0, do not wait; up
   * to 30,000. Other calls of the same batch do not wait with it.
   */
  readonly waitMs?: number;
}

/** One item alone: gathered with others of its kind and book into a batch, and answered with its own outcome. */
export type SinglePaymentCall<Item> = (
  book: string,
  item: Item,
  options?: PaymentCallOptions,
) => Promise<SingleAnswer<PaymentResult['outcome']>>;

export interface SinglePaymentIntentCalls {
  readonly createPaymentIntent: SinglePaymentCall<NewPaymentIntentInit>;
  readonly confirmPaymentIntent: SinglePaymentCall<ConfirmationInit>;
  readonly updatePaymentIntent: SinglePaymentCall<UpdateInit>;
  readonly incrementAuthorization: SinglePaymentCall<IncrementInit>;
  readonly capturePaymentIntent: SinglePaymentCall<CaptureInit>;
  readonly cancelPaymentIntent: SinglePaymentCall<CancellationInit>;
  /**
   * Reads one as it stands by what is committed, so that it sees what was answered before; gathered with other such
   * reads. undefined: the book has none of that id, a UUID in lower case.
   */
  readonly readPaymentIntent: (book: string, id: string) => Promise<PaymentIntent | undefined>;
}

export interface SingleRefundCalls {
  readonly createRefund: SinglePaymentCall<NewRefundInit>;
  readonly updateRefund: SinglePaymentCall<RefundUpdateInit>;
}

export interface SingleApiKeyCalls {
  readonly createApiKey: SingleProfileCall<NewApiKeyInit, ApiKeyResult>;
  readonly revokeApiKey: SingleProfileCall<ApiKeyRevocationInit, ApiKeyResult>;
}

export interface SingleIdempotencyRecordCalls {
  /** Saves an answer under the id of its record; the outcome has the one that was saved first. */
  readonly saveIdempotencyRecord: SingleProfileCall<IdempotencyRecordInit, IdempotencyRecordResult>;
}

export interface SingleOperatorCalls {
  readonly settleOperation: SinglePaymentCall<SettlementInit>;
}

type SingleMerchantCall<Item> = (
  book: string,
  item: Item,
  options?: CallOptions,
) => Promise<SingleAnswer<MerchantResult['outcome']>>;

export interface SingleMerchantCalls {
  readonly createMerchant: SingleMerchantCall<NewMerchantInit>;
  readonly updateMerchant: SingleMerchantCall<MerchantUpdateInit>;
}

export interface SingleCustomerCalls {
  readonly createCustomer: SingleCustomerCall<NewCustomerInit>;
  readonly updateCustomer: SingleCustomerCall<CustomerUpdateInit>;
}

export interface SinglePaymentMethodCalls {
  readonly createPaymentMethod: SinglePaymentMethodCall<NewPaymentMethodInit>;
  readonly attachPaymentMethod: SinglePaymentMethodCall<AttachmentInit>;
  readonly detachPaymentMethod: SinglePaymentMethodCall<DetachmentInit>;
}

type SingleProfileCall<Item, Result extends { outcome: unknown }> = (
  book: string,
  item: Item,
  options?: CallOptions,
) => Promise<SingleAnswer<Result['outcome']>>;

type SingleCustomerCall<Item> = SingleProfileCall<Item, CustomerResult>;
type SinglePaymentMethodCall<Item> = SingleProfileCall<Item, PaymentMethodResult>;

/** The services of payments. */
export interface Payments {
  readonly merchants: ServiceClient<typeof MerchantService> & SingleMerchantCalls;
  readonly customers: ServiceClient<typeof CustomerService> & SingleCustomerCalls;
  readonly paymentMethods: ServiceClient<typeof PaymentMethodService> & SinglePaymentMethodCalls;
  readonly paymentIntents: ServiceClient<typeof PaymentIntentService> & SinglePaymentIntentCalls;
  readonly refunds: ServiceClient<typeof RefundService> & SingleRefundCalls;
  readonly timelines: ServiceClient<typeof TimelineService>;
  readonly balanceTransactions: ServiceClient<typeof BalanceTransactionService>;
  readonly providers: ServiceClient<typeof ProviderService>;
  readonly providerWebhooks: ServiceClient<typeof ProviderWebhookService>;
  readonly operators: ServiceClient<typeof OperatorService> & SingleOperatorCalls;
  readonly apiKeys: ServiceClient<typeof ApiKeyService> & SingleApiKeyCalls;
  readonly idempotencyRecords: ServiceClient<typeof IdempotencyRecordService> & SingleIdempotencyRecordCalls;
  readonly events: ServiceClient<typeof EventService>;
  readonly paymentLinks: ServiceClient<typeof PaymentLinkService>;
  readonly webhookEndpoints: ServiceClient<typeof WebhookEndpointService>;
  readonly webhookDeliveries: ServiceClient<typeof WebhookDeliveryService>;
}

const WAIT_MS_MAX = 30_000;

export function paymentsOf(
  channels: Channels,
  settings: Settings,
): { payments: Payments; close: () => void } {
  const rests = new Rests(channels, settings);
  const standings = new Standings(channels, settings);
  const closers = [() => rests.close(), () => standings.close()];
  const opened = <Item, Result extends { outcome: unknown }>(method: BatchMethod<Item, Result>) => {
    const coalescer = new Coalescer(channels, settings, method);
    closers.push(() => coalescer.close());
    return coalescer.call;
  };
  const waiting = <Item>(method: BatchMethod<Item, PaymentResult>) => withWait(opened(method), rests);
  return {
    payments: {
      merchants: {
        ...serviceClient(MerchantService, channels, settings),
        createMerchant: opened(createMerchant),
        updateMerchant: opened(updateMerchant),
      },
      customers: {
        ...serviceClient(CustomerService, channels, settings),
        createCustomer: opened(createCustomer),
        updateCustomer: opened(updateCustomer),
      },
      paymentMethods: {
        ...serviceClient(PaymentMethodService, channels, settings),
        createPaymentMethod: opened(createPaymentMethod),
        attachPaymentMethod: opened(attachPaymentMethod),
        detachPaymentMethod: opened(detachPaymentMethod),
      },
      paymentIntents: {
        ...serviceClient(PaymentIntentService, channels, settings),
        createPaymentIntent: waiting(createPaymentIntent),
        confirmPaymentIntent: waiting(confirmPaymentIntent),
        updatePaymentIntent: waiting(updatePaymentIntent),
        incrementAuthorization: waiting(incrementAuthorization),
        capturePaymentIntent: waiting(capturePaymentIntent),
        cancelPaymentIntent: waiting(cancelPaymentIntent),
        readPaymentIntent: standings.read,
      },
      refunds: {
        ...serviceClient(RefundService, channels, settings),
        createRefund: waiting(createRefund),
        updateRefund: waiting(updateRefund),
      },
      timelines: serviceClient(TimelineService, channels, settings),
      balanceTransactions: serviceClient(BalanceTransactionService, channels, settings),
      providers: serviceClient(ProviderService, channels, settings),
      providerWebhooks: serviceClient(ProviderWebhookService, channels, settings),
      apiKeys: {
        ...serviceClient(ApiKeyService, channels, settings),
        createApiKey: opened(createApiKey),
        revokeApiKey: opened(revokeApiKey),
      },
      idempotencyRecords: {
        ...serviceClient(IdempotencyRecordService, channels, settings),
        saveIdempotencyRecord: opened(saveIdempotencyRecord),
      },
      events: serviceClient(EventService, channels, settings),
      paymentLinks: serviceClient(PaymentLinkService, channels, settings),
      webhookEndpoints: serviceClient(WebhookEndpointService, channels, settings),
      webhookDeliveries: serviceClient(WebhookDeliveryService, channels, settings),
      operators: {
        ...serviceClient(OperatorService, channels, settings),
        settleOperation: waiting(settleOperation),
      },
    },
    close: () => {
      for (const close of closers) close();
    },
  };
}

function withWait<Item>(
  call: (book: string, item: Item, options?: CallOptions) => Promise<SingleAnswer<PaymentResult['outcome']>>,
  rests: Rests,
): SinglePaymentCall<Item> {
  return async (book, item, options) => {
    const { waitMs = 0, signal } = options ?? {};
    if (!Number.isInteger(waitMs) || waitMs < 0 || waitMs > WAIT_MS_MAX)
      throw new RangeError(`waitMs must be a whole number from 0 to ${WAIT_MS_MAX}, not ${waitMs}`);
    const answer = await call(book, item, options);
    const { outcome } = answer;
    if (waitMs === 0 || outcome.case !== 'changed') return answer;
    const intent = await rests.wait({ book, id: outcome.value.paymentIntentId, waitMs, signal });
    if (intent !== undefined) outcome.value.paymentIntent = intent;
    return answer;
  };
}
