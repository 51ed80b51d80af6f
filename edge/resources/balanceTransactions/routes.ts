import { type Static, Type } from 'typebox';
import {
  type BalanceTransaction,
  BalanceTransactionStatus,
  BalanceTransactionType,
} from '../../../gen/florin/payments/v1/balance_transactions_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { LIST_QUERY, listBodyOf, listOf, pageAsked } from '../../http/lists.ts';
import { orNull, STRICT } from '../../http/schemas.ts';
import { namesOf } from '../../ids/names.ts';
import { named, PREFIX, prefixed } from '../../ids/prefixed.ts';
import { Problem } from '../../problems/problem.ts';
import { ownPaymentIntent } from '../paymentIntents/reads.ts';
import { exact, seconds } from '../values.ts';

const TAG = 'Balance';
const READ = 'balance:read';
const LATEST = { latest: true };
const TYPES = namesOf(BalanceTransactionType);
/** "txn_0190.._eur": one transaction of the ledger may move several currencies of a merchant. */
const ID = /^(txn_[0-9a-f]{32})_([a-z][a-z0-9]{0,15})$/;

const BalanceTransactionBody = Type.Object(
  {
    id: Type.String({ examples: ['txn_0190a000000070008000000000000006_eur'] }),
    object: Type.Literal('balance_transaction'),
    created: Type.Integer({ description: 'Unix time, seconds.' }),
    livemode: Type.Boolean(),
    type: Type.Enum(
      Object.values(TYPES).filter((name) => name !== 'unspecified'),
      { type: 'string', description: 'What happened.' },
    ),
    status: Type.Enum(['pending', 'available'], {
      type: 'string',
      description: 'pending: its pending part waits to become available.',
    }),
    amount: Type.Integer({ description: 'Before fee and tax, minor units; below 0 where it was taken.' }),
    fee: Type.Integer({ description: 'Charged with it, minor units; below 0 where it was given back.' }),
    tax: Type.Integer({ description: 'On the fee, minor units; below 0 where it was given back.' }),
    net: Type.Integer({ description: 'What the balance changed by: amount less fee and tax, minor units.' }),
    currency: Type.String(),
    available_on: orNull(
      'integer',
      'When its pending part becomes available, or became so; Unix time, seconds.',
    ),
    payment_intent: orNull('string', 'The payment that led to it; null for an adjustment.'),
  },
  { title: 'BalanceTransaction' },
);

const BalanceTransactionsQuery = Type.Object(
  {
    ...LIST_QUERY,
    payment_intent: Type.Optional(
      Type.String({ maxLength: 100, description: 'Only what this payment led to.' }),
    ),
  },
  STRICT,
);

type Reads = Pick<Core, 'balanceTransactions' | 'paymentIntents'>;

/** What happened to the balance of a merchant, one effect each. */
export function balanceTransactionRoutes(api: Api, core: Reads): void {
  api.get('/v1/balance_transactions', {
    tag: TAG,
    summary: 'List balance transactions',
    scope: READ,
    query: BalanceTransactionsQuery,
    answer: listBodyOf(BalanceTransactionBody),
    read: async (caller, { query }) => {
      const { rows, hasMore } = await listBalanceTransactions(core, caller, query);
      const data = rows.map((row) => renderBalanceTransaction(row, caller));
      return listOf(data, { url: '/v1/balance_transactions', hasMore });
    },
  });
  api.get('/v1/balance_transactions/:id', {
    tag: TAG,
    summary: 'Retrieve a balance transaction',
    scope: READ,
    answer: BalanceTransactionBody,
    read: async (caller, { id }) =>
      renderBalanceTransaction(await ownBalanceTransaction(core, caller, { id }), caller),
  });
}

async function listBalanceTransactions(
  core: Reads,
  caller: Caller,
  query: Static<typeof BalanceTransactionsQuery>,
): Promise<{ rows: BalanceTransaction[]; hasMore: boolean }> {
  const { book, merchantId } = caller;
  const { limit: pageSize, from } = pageAsked(query);
  const { payment_intent: payment } = query;
  const isBefore = from?.param === 'ending_before';
  const behind = from === undefined ? undefined : await ownBalanceTransaction(core, caller, from);
  const listed = await core.balanceTransactions.listBalanceTransactions({
    book,
    of:
      payment === undefined
        ? { case: 'merchantId', value: merchantId }
        : { case: 'paymentIntentId', value: await ownPayment(core, caller, payment) },
    pageSize,
    oldestFirst: isBefore,
    // That its money is available by now is told by the charge itself.
    changesOnly: true,
    ...(behind === undefined ? {} : { behind: { seq: behind.seq, currency: behind.currency } }),
    freshness: LATEST,
  });
  // Those of a payment are of every merchant that it did anything to.
  const rows = listed.balanceTransactions.filter((row) => row.merchantId === merchantId);
  return { rows: isBefore ? rows.toReversed() : rows, hasMore: listed.nextPageToken !== '' };
}

async function ownPayment(core: Reads, caller: Caller, id: string): Promise<string> {
  const param = 'payment_intent';
  return (await ownPaymentIntent(core, caller, named(PREFIX.paymentIntent, id, param))).id;
}

/** A balance transaction of the caller's; somebody else's is as good as none. */
async function ownBalanceTransaction(
  core: Pick<Core, 'balanceTransactions'>,
  { book, merchantId }: Caller,
  { id, param }: { id: string; param?: string },
): Promise<BalanceTransaction> {
  const [, transaction, currency] = ID.exec(id) ?? [];
  if (transaction === undefined) throw new Problem('resource_missing', { param });
  const { balanceTransaction: found } = await core.balanceTransactions.getBalanceTransaction({
    book,
    merchantId,
    balanceTransactionId: named(PREFIX.balanceTransaction, transaction, param),
    currency: currency.toUpperCase(),
    freshness: LATEST,
  });
  if (found === undefined) throw new Error('the core answered with no balance transaction');
  return found;
}

function renderBalanceTransaction(row: BalanceTransaction, { isLive }: { isLive: boolean }) {
  const currency = row.currency.toLowerCase();
  return {
    id: `${prefixed(PREFIX.balanceTransaction, row.id)}_${currency}`,
    object: 'balance_transaction',
    created: seconds(row.createdAt),
    livemode: isLive,
    type: TYPES[row.type],
    status: row.status === BalanceTransactionStatus.PENDING ? 'pending' : 'available',
    amount: exact(row.amount),
    fee: exact(row.fee),
    tax: exact(row.tax),
    net: exact(row.net),
    currency,
    available_on: row.availableAt === undefined ? null : seconds(row.availableAt),
    payment_intent: row.paymentIntentId === '' ? null : prefixed(PREFIX.paymentIntent, row.paymentIntentId),
  };
}
