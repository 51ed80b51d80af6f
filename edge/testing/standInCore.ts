import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { SingleAnswer } from '../../client/index.ts';
import {
  type ApiKey,
  ApiKeyKind,
  ApiKeySchema,
  GetApiKeyBySecretResponseSchema,
  Mode,
} from '../../gen/florin/access/v1/api_keys_pb.ts';
import {
  IdempotencyRecordSchema,
  IdempotencyRecordResultSchema,
} from '../../gen/florin/idempotency/v1/records_pb.ts';
import { type Customer, CustomerSchema } from '../../gen/florin/payments/v1/customers_pb.ts';
import type { BalanceTransaction } from '../../gen/florin/payments/v1/balance_transactions_pb.ts';
import { MerchantSchema } from '../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  type StoredPaymentMethod,
  StoredPaymentMethodSchema,
} from '../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import { MoneySchema } from '../../gen/florin/money/v1/money_pb.ts';
import { JournalPositionSchema } from '../../gen/florin/ledger/v1/journal_pb.ts';
import {
  PaymentCountersSchema,
  type PaymentIntent,
  PaymentIntentSchema,
  PaymentIntentState,
  type PaymentResult,
  PaymentResultSchema,
} from '../../gen/florin/payments/v1/payments_pb.ts';
import type { PaymentLink } from '../../gen/florin/payments/v1/payment_links_pb.ts';
import type { Refund } from '../../gen/florin/payments/v1/refunds_pb.ts';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createHash } from 'node:crypto';
import type { WebhookEndpoint } from '../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import type { Core } from '../core.ts';
import { balancesOf, type ListAsked, listed } from './standInLists.ts';
import { notFound, toldBy } from './standInTold.ts';
import { linksOf } from './standInLinks.ts';
import { keysOf } from './standInKeys.ts';
import type { Limits } from '../limits/gate.ts';

export const MERCHANT = '0190a000-0000-7000-8000-00000000000a';
export const STRANGER = '0190a000-0000-7000-8000-00000000000b';
export const SECRET = 'sk_test_00000000000000000000000000000000';

/** So much that no test meets it. */
export const UNLIMITED: Limits = {
  key: { perSecond: 1e6, burst: 1e6 },
  keyConcurrency: 1e6,
  concurrency: 1e6,
  address: { perSecond: 1e6, burst: 1e6 },
  payer: { perSecond: 1e6, burst: 1e6 },
};

type Outcome = PaymentResult['outcome'];

/** A core in memory for the tests of the edge: it has the answers that a test gives it, and says what it was asked. */
export class StandInCore {
  readonly keys = new Map<string, ApiKey>();
  readonly records = new Map<string, MessageInitShape<typeof IdempotencyRecordSchema>>();
  readonly intents = new Map<string, PaymentIntent>();
  /** Oldest first. */
  readonly customers = new Map<string, Customer>();
  readonly methods = new Map<string, StoredPaymentMethod>();
  readonly links = new Map<string, PaymentLink>();
  readonly endpoints = new Map<string, WebhookEndpoint>();
  /** Newest first. */
  readonly balanceTransactions: BalanceTransaction[] = [];
  readonly refunds: Refund[] = [];
  /** Commands, in the order in which they came. */
  readonly commands: { method: string; book: string; item: Record<string, unknown> }[] = [];
  /** Lists that were asked for by ids, and of how many. */
  readonly reads: string[] = [];
  /** How often a key was looked for. */
  finds = 0;
  /** What comes of a command; by default it succeeds. */
  decide: (method: string, item: Record<string, unknown>) => Outcome | Promise<Outcome> = (_, item) =>
    changed(this.keep(intentOf({ id: String(item['paymentIntentId'] ?? item['id']) })));

  constructor() {
    this.addKey(SECRET, {});
  }

  addKey(secret: string, fields: MessageInitShape<typeof ApiKeySchema>): ApiKey {
    const key = create(ApiKeySchema, {
      id: '0190a000-0000-7000-8000-0000000000ff',
      book: 'shop',
      merchantId: MERCHANT,
      mode: Mode.TEST,
      kind: ApiKeyKind.SECRET,
      ...fields,
    });
    this.keys.set(hashOf(secret), key);
    return key;
  }

  keep(intent: PaymentIntent): PaymentIntent {
    this.intents.set(intent.id, intent);
    return intent;
  }

  #keepCustomer(id: string): string {
    this.customers.set(
      id,
      create(CustomerSchema, { id, merchantId: MERCHANT, version: 1n, seq: BigInt(this.customers.size + 1) }),
    );
    return id;
  }

  #keepMethod(id: string): string {
    const card = { type: PaymentMethodType.CARD, token: 'pm_card_visa' };
    this.methods.set(
      id,
      create(StoredPaymentMethodSchema, { id, merchantId: MERCHANT, version: 1n, ...card }),
    );
    return id;
  }

  /** The core that the edge is handed. */
  get core(): Core {
    const command =
      (method: string) =>
      async (book: string, item: object): Promise<SingleAnswer<Outcome>> => {
        this.commands.push({ method, book, item: { ...item } });
        return { outcome: await this.decide(method, { ...item }), position: create(JournalPositionSchema) };
      };
    const profile =
      (method: string, keep: (id: string, item: Record<string, unknown>) => string) =>
      async (book: string, item: { id: string }) => {
        this.commands.push({ method, book, item: { ...item } });
        const id = keep(item.id, { ...item });
        return { outcome: { case: 'done', value: { customerId: id, paymentMethodId: id } } };
      };
    return {
      apiKeys: {
        getApiKeyBySecret: async ({ secretSha256 }: { secretSha256?: Uint8Array }) => {
          this.finds += 1;
          const apiKey = this.keys.get(Buffer.from(secretSha256 ?? []).toString('hex'));
          if (apiKey === undefined) throw notFound();
          return create(GetApiKeyBySecretResponseSchema, { apiKey });
        },
        ...keysOf(this.keys),
      },
      idempotencyRecords: {
        saveIdempotencyRecord: async (
          book: string,
          record: MessageInitShape<typeof IdempotencyRecordSchema>,
        ) => {
          const name = `${book} ${record.id}`;
          const replayed = this.records.has(name);
          if (!replayed) this.records.set(name, record);
          const kept = { seq: 1n, replayed, record: this.records.get(name)! };
          const { outcome } = create(IdempotencyRecordResultSchema, {
            outcome: { case: 'kept', value: kept },
          });
          return { outcome, position: create(JournalPositionSchema) };
        },
        getIdempotencyRecord: async ({ book, recordId }: { book: string; recordId: string }) => {
          const kept = this.records.get(`${book} ${recordId}`);
          if (kept === undefined) throw notFound();
          return { record: create(IdempotencyRecordSchema, kept) };
        },
      },
      paymentIntents: {
        createPaymentIntent: command('create'),
        confirmPaymentIntent: command('confirm'),
        updatePaymentIntent: command('update'),
        capturePaymentIntent: command('capture'),
        cancelPaymentIntent: command('cancel'),
        incrementAuthorization: command('increment'),
        readPaymentIntent: async (_book: string, id: string) => this.intents.get(id),
        listPaymentIntents: async () => ({ paymentIntents: [...this.intents.values()], nextPageToken: '' }),
      },
      refunds: {
        createRefund: command('refund'),
        updateRefund: command('updateRefund'),
        getRefund: async ({ merchantId, refundId }: { merchantId: string; refundId: string }) => {
          const refund = this.refunds.find(({ id }) => id === refundId);
          if (refund?.merchantId !== merchantId) throw notFound();
          return { refund };
        },
        listRefunds: async (page: ListAsked) => {
          const { rows, nextPageToken } = listed(this.refunds, page);
          return { refunds: rows, nextPageToken };
        },
      },
      balanceTransactions: balancesOf(this.balanceTransactions),
      merchants: {
        getMerchant: async () => ({ merchant: create(MerchantSchema, { id: MERCHANT, name: 'x' }) }),
      },
      timelines: {
        getTimeline: async () => ({ events: [], nextPageToken: '' }),
        explain: async () => ({ state: PaymentIntentState.SUCCEEDED, whyState: 'It is paid.', next: [] }),
      },
      customers: {
        createCustomer: profile('createCustomer', (id) => this.#keepCustomer(id)),
        updateCustomer: profile('updateCustomer', (_, { customerId }) => String(customerId)),
        getCustomer: async ({ customerId }: { customerId: string }) => {
          const customer = this.customers.get(customerId);
          if (customer === undefined) throw notFound();
          return { customer };
        },
        listCustomers: async ({ customerIds, ...page }: ListAsked & { customerIds?: string[] }) => {
          this.reads.push(`customers ${customerIds?.length ?? 'all'}`);
          const among = [...this.customers.values()].filter(({ id }) => customerIds?.includes(id) ?? true);
          const { rows, nextPageToken } = listed(among.toReversed(), page);
          return { customers: rows, nextPageToken };
        },
      },
      paymentMethods: {
        createPaymentMethod: profile('createPaymentMethod', (id) => this.#keepMethod(id)),
        attachPaymentMethod: profile('attachPaymentMethod', (_, { paymentMethodId }) =>
          String(paymentMethodId),
        ),
        detachPaymentMethod: profile('detachPaymentMethod', (_, { paymentMethodId }) =>
          String(paymentMethodId),
        ),
        getPaymentMethod: async ({ paymentMethodId }: { paymentMethodId: string }) => {
          const paymentMethod = this.methods.get(paymentMethodId);
          if (paymentMethod === undefined) throw notFound();
          return { paymentMethod };
        },
        listPaymentMethods: async ({
          of,
          paymentMethodIds,
        }: {
          of: { value: string };
          paymentMethodIds: string[];
        }) => {
          this.reads.push(`payment methods ${paymentMethodIds.length}`);
          const paymentMethods = [...this.methods.values()].filter(
            ({ id, merchantId }) => merchantId === of.value && paymentMethodIds.includes(id),
          );
          return { paymentMethods, nextPageToken: '' };
        },
      },
      paymentLinks: linksOf(this.links),
      assets: {
        getAsset: async ({ code }: { code: string }) => ({ asset: { code, scale: code === 'JPY' ? 0 : 2 } }),
      },
      ...toldBy(this.endpoints),
    } as unknown as Core;
  }
}

export function intentOf(fields: MessageInitShape<typeof PaymentIntentSchema>): PaymentIntent {
  const standing = create(PaymentIntentSchema, {
    id: '0190a000-0000-7000-8000-000000000001',
    book: 'shop',
    merchantId: MERCHANT,
    state: PaymentIntentState.SUCCEEDED,
    version: 2n,
    ...fields,
  });
  standing.amount ??= create(MoneySchema, { minorUnits: 1_000n, asset: 'EUR' });
  standing.counters ??= create(PaymentCountersSchema, { authorized: 1_000n, captured: 1_000n });
  standing.createdAt ??= timestampFromMs(1_795_000_000_000);
  return standing;
}

export function changed(paymentIntent: PaymentIntent, { replayed = false } = {}): Outcome {
  const value = { paymentIntentId: paymentIntent.id, paymentIntent, replayed };
  return create(PaymentResultSchema, { outcome: { case: 'changed', value } }).outcome;
}

export function refused(
  reason: string,
  {
    field = '',
    replayed = false,
    remembered = true,
  }: { field?: string; replayed?: boolean; remembered?: boolean } = {},
): Outcome {
  const value = { reason, message: `${reason}.`, field, replayed, remembered };
  return create(PaymentResultSchema, { outcome: { case: 'refused', value } }).outcome;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
