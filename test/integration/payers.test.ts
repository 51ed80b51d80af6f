import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectFlorin, type FlorinClient, uuidv7 } from '../../client/index.ts';
import {
  BalanceTransactionStatus,
  BalanceTransactionType,
} from '../../gen/florin/payments/v1/balance_transactions_pb.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import { type PaymentIntent, PaymentIntentState } from '../../gen/florin/payments/v1/payments_pb.ts';
import { StoredPaymentMethodState } from '../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import { connectPayments, openShop, type Shop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { verified } from '../support/verifiedBooks.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const FRESH = { latest: true, waitMs: 10_000 };
const [customerId, paymentMethodId] = [uuidv7(), uuidv7()];
let processes: PaymentProcesses;
let florin: FlorinClient;
let shop: Shop;

beforeAll(async () => {
  processes = await startPaymentProcesses({ env: { FLORIN_LOG_LEVEL: 'debug' } });
  const opening = connectPayments({ target: processes.core.target });
  shop = await openShop(opening, 'payers', { settlementDays: 2 });
  opening.close();
  florin = connectFlorin({ target: processes.core.target });
});

afterAll(async () => {
  florin?.close();
  await processes?.stop();
});

/** What a single call came to: its case, or the reason of its refusal. */
const cameTo = ({
  outcome,
}: {
  outcome: { case?: string | undefined; value?: object | undefined };
}): string =>
  outcome.case === 'refused' ? (outcome.value as { reason: string }).reason : String(outcome.case);

/** Creates and confirms EUR 25.00 of the customer by the stored method, and waits for the provider. */
async function paid(id = uuidv7()): Promise<PaymentIntent | undefined> {
  const payment = {
    id,
    merchantId: shop.merchant,
    customerId,
    paymentMethodId,
    amount: { minorUnits: 2_500n, asset: 'EUR' },
    confirm: true,
  };
  const { outcome } = await florin.paymentIntents.createPaymentIntent(shop.book, payment, { waitMs: 20_000 });
  if (outcome.case !== 'changed') throw new Error(cameTo({ outcome }));
  return outcome.value.paymentIntent;
}

test('a customer pays by a stored method, and the merchant sees what it did to its balance', async () => {
  const { book, merchant: merchantId } = shop;
  const customer = { id: customerId, merchantId, name: 'Mia Berg', email: 'mia@example.org' };
  expect(cameTo(await florin.customers.createCustomer(book, customer))).toBe('done');
  const method = {
    id: paymentMethodId,
    merchantId,
    type: PaymentMethodType.CARD,
    token: 'pm_card_visa',
    billingCountry: 'DE',
  };
  expect(cameTo(await florin.paymentMethods.createPaymentMethod(book, method))).toBe('done');
  const attachment = { id: uuidv7(), paymentMethodId, customerId };
  expect(cameTo(await florin.paymentMethods.attachPaymentMethod(book, attachment))).toBe('done');

  const intent = await paid();
  expect(intent).toMatchObject({
    state: PaymentIntentState.SUCCEEDED,
    customerId,
    paymentMethod: { type: PaymentMethodType.CARD, token: 'pm_card_visa', id: paymentMethodId },
  });
  const paymentIntentId = intent?.id ?? '';
  const refund = { id: uuidv7(), paymentIntentId, amount: 500n };
  expect(cameTo(await florin.refunds.createRefund(book, refund, { waitMs: 20_000 }))).toBe('changed');

  const of = { case: 'merchantId', value: merchantId } as const;
  const { balanceTransactions } = await florin.balanceTransactions.listBalanceTransactions({
    book,
    of,
    freshness: FRESH,
  });
  // 2.5 % and 40 of 2500, and 20 % tax on that, half to even.
  expect(balanceTransactions).toMatchObject([
    { type: BalanceTransactionType.REFUND, amount: -500n, fee: 0n, tax: 0n, net: -500n, paymentIntentId },
    {
      type: BalanceTransactionType.CHARGE,
      amount: 2_500n,
      fee: 102n,
      tax: 20n,
      net: 2_378n,
      status: BalanceTransactionStatus.PENDING,
      availableAt: intent?.availableAt,
      paymentIntentId,
    },
  ]);
  const balance = { book, merchantId, freshness: FRESH };
  expect((await florin.balanceTransactions.getMerchantBalance(balance)).balances).toMatchObject([
    { currency: 'EUR', pending: 1_878n, available: 0n, reserve: 0n, owed: 0n },
  ]);
});

test('nobody but payments moves or undoes what is under way for them', async () => {
  const { book, merchant } = shop;
  const { paymentIntents } = await florin.paymentIntents.listPaymentIntents({ book, freshness: FRESH });
  const about = { book, paymentIntentId: paymentIntents[0].id, freshness: FRESH };
  const { transactions } = await florin.timelines.listPaymentTransactions(about);
  expect(transactions.length).toBeGreaterThan(0);
  for (const { id: transactionId } of transactions) {
    const undone = await florin.transactions.reverseTransaction(book, { id: uuidv7(), transactionId });
    expect(cameTo(undone)).toBe('NOT_REVERSIBLE');
  }
  const own = uuidv7();
  const account = { id: own, code: 'bank:payouts', asset: 'EUR', normalSide: NormalSide.DEBIT };
  await florin.accounts.createAccounts({ book, accounts: [account] });
  const idOf = async (code: string): Promise<string> => {
    const asked = { book, account: { case: 'code', value: code }, freshness: FRESH } as const;
    return (await florin.accounts.getAccount(asked)).account!.id;
  };
  const moved = async (debitAccount: string): Promise<string> =>
    cameTo(
      await florin.transactions.createTransaction(book, {
        id: uuidv7(),
        postings: [{ debitAccount, creditAccount: own, amount: 1n }],
      }),
    );
  expect(await moved(await idOf(`m:${merchant}:pending:EUR`))).toBe('ACCOUNT_RESERVED');
  expect(await moved(await idOf('psp_receivable:simulator:EUR'))).toBe('booked');
});

test('after a restart both are brought in from the books; once detached the method pays nothing more', async () => {
  const { book } = shop;
  await processes.core.endBy('SIGTERM');
  await processes.core.restart();
  expect(await paid()).toMatchObject({ state: PaymentIntentState.SUCCEEDED, customerId });
  const detachment = { id: uuidv7(), paymentMethodId };
  expect(cameTo(await florin.paymentMethods.detachPaymentMethod(book, detachment))).toBe('done');
  await expect(paid()).rejects.toThrow('PAYMENT_METHOD_DETACHED');
  const update = { id: uuidv7(), customerId, name: 'Mia B.', metadata: { entries: { tier: 'gold' } } };
  expect(cameTo(await florin.customers.updateCustomer(book, update))).toBe('done');

  const read = { book, freshness: FRESH };
  expect((await florin.customers.getCustomer({ ...read, customerId })).customer).toMatchObject({
    name: 'Mia B.',
    email: 'mia@example.org',
    metadata: { tier: 'gold' },
    version: 2n,
  });
  const { paymentMethod } = await florin.paymentMethods.getPaymentMethod({ ...read, paymentMethodId });
  expect(paymentMethod).toMatchObject({ state: StoredPaymentMethodState.DETACHED, customerId, version: 3n });
  const { paymentIntents } = await florin.paymentIntents.listPaymentIntents({ ...read, customerId });
  expect(paymentIntents).toHaveLength(2);
});

test('the provider is told with its fees and with how it has fared', async () => {
  const { providers } = await florin.providers.listProviders({});
  expect(providers).toMatchObject([
    {
      name: 'simulator',
      adapter: 'simulator',
      isUp: true,
      fees: { ppm: 12_000, fixed: 10n },
      // Those of before the restart are read back.
      segments: [{ method: PaymentMethodType.CARD, currency: 'EUR', attempts: 2n, authorized: 2n }],
    },
  ]);
});

/** What the command line prints as JSON. */
async function printed(...args: string[]): Promise<unknown> {
  const about = ['--json', '--target', processes.core.target];
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args, ...about]);
  return JSON.parse(stdout);
}

test('the command line shows all of it', async () => {
  const { book, merchant } = shop;
  expect(await printed('customers', '--book', book)).toMatchObject([{ id: customerId, name: 'Mia B.' }]);
  expect(await printed('merchants', 'list', '--book', book)).toMatchObject([{ id: merchant }]);
  expect(await printed('payment-methods', '--merchant', merchant, '--book', book)).toMatchObject([
    { id: paymentMethodId, state: 'detached', type: 'card' },
  ]);
  // One that was detached is the customer's no more.
  expect(await printed('payment-methods', '--customer', customerId, '--book', book)).toEqual([]);
  expect(await printed('balance-transactions', '--merchant', merchant, '--book', book)).toMatchObject([
    { type: 'charge', net: 2_378, status: 'pending' },
    { type: 'refund', net: -500 },
    { type: 'charge', net: 2_378 },
  ]);
  expect(await printed('merchant-balance', merchant, '--book', book)).toMatchObject([
    { currency: 'EUR', pending: 4_256, owed: 0 },
  ]);
  expect(await printed('providers', 'list')).toMatchObject([{ name: 'simulator', is_up: true }]);
});

test('the command line makes a merchant, and the book it is in; said again it is the same one', async () => {
  const id = uuidv7();
  const terms = ['--fee', 'card:EUR:25000:30', '--fee', '*:EUR:10000:0', '--tax', '190000:de'];
  const named = ['--book', 'chairs', '--name', 'Chairs', '--id', id];
  const create = () =>
    printed('merchants', 'create', ...named, '--country', 'DE', ...terms, '--settlement-days', '2');
  const made = await create();
  expect(made).toMatchObject({ id, name: 'Chairs', country: 'DE', tax_ppm: 190_000, settlement_days: 2 });
  expect((made as { fees: unknown[] }).fees).toHaveLength(2);
  expect(await create()).toEqual(made);
  await expect(
    printed('merchants', 'create', '--book', 'chairs', '--name', 'Chairs', '--country', 'Germany'),
  ).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('country') });
});

test('verify finds nothing, nor do the invariants, and no personal data is in what the core said', async () => {
  expect((await verified(processes.core.databaseUrl, { sql: 'asked' })).findings).toEqual([]);
  expect(processes.core.output()).not.toMatch(/Mia|mia@/);
});
