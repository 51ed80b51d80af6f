import { type Florin, newApiKeySecret, type NewPaymentIntentInit, uuidv7 } from '../../client/index.ts';
import { ApiKeyKind, Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';

/** One of everything that a book can hold, by what a request calls it. */
export interface Tenant {
  readonly book: string;
  readonly merchant: string;
  readonly customer: string;
  readonly method: string;
  /** One that was paid. */
  readonly intent: string;
  /** One that waits to be confirmed. */
  readonly openIntent: string;
  readonly operation: string;
  /** Of a part of the payment that was paid. */
  readonly refund: string;
  readonly balanceTransaction: string;
  /** Of the payment intents, of the customer and of the transactions. */
  readonly reference: string;
  readonly endpoint: string;
  readonly event: string;
  /** One of the log, by its Request-Id. */
  readonly request: string;
  /** An answer that is kept under a key. */
  readonly record: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  /** One that nobody asks with. */
  readonly spareKey: string;
  readonly paymentLink: string;
  readonly account: string;
  readonly accountCode: string;
  readonly otherAccount: string;
  readonly transaction: string;
  readonly hold: string;
}

const EUR = 'EUR';
const FRESH = { latest: true, waitMs: 10_000 };

/** A book with one of everything. On one shard with the others: nothing but the book keeps them apart. */
export async function openTenant(florin: Florin, book: string): Promise<Tenant> {
  await florin.books.createBook({ name: book, shard: 5 });
  const merchant = uuidv7();
  await florin.merchants.createMerchants({ book, merchants: [{ id: merchant, name: book, country: 'DE' }] });
  const owned = await openMerchant(florin, { book, merchant });
  return { book, ...owned, ...(await fillBooks(florin, { book, reference: owned.reference })) };
}

/** One of everything that belongs to a merchant. */
export async function openMerchant(florin: Florin, { book, merchant }: { book: string; merchant: string }) {
  const [customer, method, intent, apiKey, endpoint] = [uuidv7(), uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const reference = `the reference of ${merchant}`;
  const merchantId = merchant;
  const url = 'https://shop.example/webhooks';
  const told = { id: endpoint, merchantId, url, mode: Mode.TEST, events: ['*'], apiVersion: '2026-12-01' };
  await done(florin.webhookEndpoints.createWebhookEndpoints({ book, webhookEndpoints: [told] }));
  await done(
    florin.customers.createCustomers({ book, customers: [{ id: customer, merchantId, reference }] }),
  );
  const card = { type: PaymentMethodType.CARD, token: 'pm_card_visa' };
  await done(
    florin.paymentMethods.createPaymentMethods({
      book,
      paymentMethods: [{ id: method, merchantId, ...card }],
    }),
  );
  await done(
    florin.paymentMethods.attachPaymentMethods({
      book,
      attachments: [{ id: uuidv7(), paymentMethodId: method, customerId: customer }],
    }),
  );
  const { secret: apiSecret, ...hash } = newApiKeySecret({ kind: 'secret', mode: 'test' });
  const { secret: _, ...spareHash } = newApiKeySecret({ kind: 'secret', mode: 'test' });
  const spareKey = uuidv7();
  const key = { merchantId, mode: Mode.TEST, kind: ApiKeyKind.SECRET };
  const apiKeys = [
    { id: apiKey, ...key, ...hash },
    { id: spareKey, ...key, ...spareHash },
  ];
  await done(florin.apiKeys.createApiKeys({ book, apiKeys }));
  const paymentLink = uuidv7();
  const link = { id: paymentLink, merchantId, mode: Mode.TEST, amount: { minorUnits: 900n, asset: EUR } };
  await done(florin.paymentLinks.createPaymentLinks({ book, paymentLinks: [link] }));
  const record = uuidv7();
  const answer = { id: record, fingerprint: new Uint8Array(32), status: 200, body: '{}' };
  await done(florin.idempotencyRecords.saveIdempotencyRecords({ book, records: [answer] }));
  const request = `req_${uuidv7().replaceAll('-', '')}`;
  const asked = { requestId: request, method: 'GET', status: 200, apiKeyId: apiKey, mode: Mode.TEST };
  await florin.requestLogs.writeRequestLogs({ requestLogs: [{ ...asked, book, merchantId }] });
  const amount = { minorUnits: 2_500n, asset: EUR };
  const payment = { merchantId, customerId: customer, amount, reference };
  const openIntent = uuidv7();
  await done(
    florin.paymentIntents.createPaymentIntents({ book, paymentIntents: [{ ...payment, id: openIntent }] }),
  );
  // An operator has to look at it: the provider says that it took another amount.
  const mismatched = { type: PaymentMethodType.CARD, token: 'pm_sim_amount_mismatch' };
  await paid(florin, book, { ...payment, id: uuidv7(), paymentMethod: mismatched });
  const operation = await paid(florin, book, { ...payment, id: intent, paymentMethodId: method });
  const refund = uuidv7();
  const part = { id: refund, paymentIntentId: intent, amount: 1n };
  const { outcome: refunded } = await florin.refunds.createRefund(book, part, { waitMs: 20_000 });
  if (refunded.case !== 'changed') throw new Error(`the refund was refused: ${refunded.value?.reason}`);
  const { balanceTransactions } = await florin.balanceTransactions.listBalanceTransactions({
    book,
    of: { case: 'merchantId', value: merchant },
    freshness: FRESH,
  });
  const balanceTransaction = balanceTransactions[0].id;
  return {
    merchant,
    customer,
    method,
    intent,
    openIntent,
    operation,
    refund,
    endpoint,
    event: await attempted(florin, { book, merchant }),
    balanceTransaction,
    reference,
    request,
    record,
    apiKey,
    apiSecret,
    spareKey,
    paymentLink,
  };
}

/** The newest event of a merchant, of which it was tried to tell its endpoint. */
async function attempted(
  florin: Florin,
  { book, merchant }: { book: string; merchant: string },
): Promise<string> {
  const { events } = await florin.events.listEvents({ book, merchantId: merchant, freshness: FRESH });
  const [{ id: eventId }] = events;
  const attempt = {
    eventId,
    merchantId: merchant,
    endpointNumber: 1,
    endpointVersion: 1n,
    askedSeq: events[0].seq,
    try: 1,
    status: 200,
    startedAt: events[0].bookedAt!,
  };
  await florin.webhookDeliveries.logAttempts({ book, id: uuidv7(), attempts: [attempt] });
  return eventId;
}

/** Creates and confirms, and waits for the provider. Answers with the operation. */
async function paid(florin: Florin, book: string, payment: NewPaymentIntentInit & object): Promise<string> {
  const { outcome } = await florin.paymentIntents.createPaymentIntent(
    book,
    { ...payment, confirm: true },
    { waitMs: 20_000 },
  );
  if (outcome.case !== 'changed') throw new Error(`the payment was refused: ${outcome.value?.reason}`);
  const [operation] = outcome.value.paymentIntent?.operations ?? [];
  return operation.id;
}

/** Two accounts, a transaction between them and a hold. */
async function fillBooks(florin: Florin, { book, reference }: { book: string; reference: string }) {
  const [account, otherAccount, transaction, hold] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const accountCode = `savings:${book}`;
  const kind = { asset: EUR, normalSide: NormalSide.CREDIT };
  await done(
    florin.accounts.createAccounts({
      book,
      accounts: [
        { ...kind, id: account, code: accountCode },
        { ...kind, id: otherAccount, code: 'other' },
      ],
    }),
  );
  const postings = [{ debitAccount: otherAccount, creditAccount: account, amount: 100n }];
  const transactions = [
    { id: transaction, postings, reference },
    { id: hold, postings, pending: true },
  ];
  await done(florin.transactions.createTransactions({ book, transactions }));
  return { account, accountCode, otherAccount, transaction, hold };
}

async function done(
  call: Promise<{ results: { outcome: { case?: string | undefined; value?: unknown } }[] }>,
): Promise<void> {
  for (const { outcome } of (await call).results)
    if (outcome.case === 'refused' || outcome.case === undefined)
      throw new Error(
        JSON.stringify(outcome.value, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
      );
}
