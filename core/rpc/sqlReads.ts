import type { ApiKey, IdempotencyRecord, PaymentLink } from '../kernel/payments/edgeModel.ts';
import type { Customer, Intent, Merchant, StoredMethod } from '../kernel/payments/model.ts';
import { type AccountRecord, getAccount, listAccounts } from '../readmodels/queries/accounts.ts';
import { getAsset, listAssets } from '../readmodels/queries/assets.ts';
import { getBalance } from '../readmodels/queries/balances.ts';
import {
  type BalanceTransaction,
  type MerchantBalance,
  getBalanceTransaction,
  getMerchantBalance,
  listBalanceTransactions,
} from '../readmodels/queries/balanceTransactions.ts';
import { getBook, listBooks } from '../readmodels/queries/books.ts';
import { getCustomer, listCustomers } from '../readmodels/queries/customers.ts';
import { getPaymentLink, listPaymentLinks } from '../readmodels/queries/paymentLinks.ts';
import { type EntryRecord, listEntries } from '../readmodels/queries/entries.ts';
import { getIdempotencyRecord } from '../readmodels/queries/idempotencyRecords.ts';
import { getMerchant, listMerchants } from '../readmodels/queries/merchants.ts';
import { countGoodApiKeys, findApiKeys, getApiKey, listApiKeys } from '../readmodels/queries/apiKeys.ts';
import { getPaymentMethod, listPaymentMethods } from '../readmodels/queries/paymentMethods.ts';
import { getPayment, listPayments } from '../readmodels/queries/payments.ts';
import { listTimeline } from '../readmodels/queries/paymentTimeline.ts';
import type { AsOf } from '../readmodels/queries/reading.ts';
import { type Refund, type RefundFilter, getRefund, listRefunds } from '../readmodels/queries/refunds.ts';
import {
  type StatementChunk,
  type StatementLine,
  inSnapshot,
  statementPage,
  streamStatement,
} from '../readmodels/queries/statements.ts';
import {
  type TransactionRecord,
  getTransaction,
  listTransactions,
} from '../readmodels/queries/transactions.ts';
import type {
  AccountRef,
  AccountRow,
  AccountsQuery,
  AssetRow,
  BalanceRow,
  BalanceTransactionKey,
  BalanceTransactionsQuery,
  ApiKeyPlace,
  ApiKeysQuery,
  PaymentLinksQuery,
  BlockRow,
  BookRow,
  CheckpointRow,
  CustomersQuery,
  MerchantsQuery,
  EntriesQuery,
  EntryRow,
  Moment,
  PaymentIntentsQuery,
  PaymentMethodsQuery,
  PaymentReads,
  Reads,
  Scope,
  Seen,
  StatementLineRow,
  StatementPage,
  StatementQuery,
  StatementRange,
  TimelineQuery,
  TimelineRow,
  TransactionRow,
  TransactionsQuery,
  WholeStatement,
} from './reads.ts';
import { formatDay, parseDay } from './translate/date.ts';

const CHUNK_LINES = 1_000;

type Pool = Parameters<typeof streamStatement>[0];

export interface SqlReadsOptions {
  /** The pool of the server that holds a shard. */
  poolOf: (shard: number) => Pool;
  /** Those of all servers. */
  pools: readonly Pool[];
  /** Where assets and books are. */
  controlShard: number;
  projector: { waitForSeq(shard: number, seq: number, timeoutMs: number): Promise<boolean> };
  block: (shard: number, by: { height: number } | { seq: number }) => Promise<BlockRow | null>;
  checkpoint: (number: number | null) => Promise<CheckpointRow | null>;
}

/** The reads of RPC from the tables of the read models. */
export class SqlReads implements Reads, PaymentReads {
  readonly #options: SqlReadsOptions;

  constructor(options: SqlReadsOptions) {
    this.#options = options;
  }

  get #control(): Pool {
    return this.#options.poolOf(this.#options.controlShard);
  }

  #pool(scope: Scope): Pool {
    return this.#options.poolOf(scope.shard);
  }

  /** The wait ends by itself soon after nobody listens any more. */
  reached(shard: number, seq: number, wait: { waitMs: number; signal: AbortSignal }): Promise<boolean> {
    return this.#options.projector.waitForSeq(shard, seq, wait.waitMs);
  }

  async asset(code: string): Promise<AssetRow | null> {
    const found = await getAsset(this.#control, code);
    return found && { ...found, iso: found.iso4217 };
  }

  async assets(query: { customOnly: boolean; after: string | null; limit: number }): Promise<AssetRow[]> {
    const page = await listAssets(this.#control, { ...query, after: query.after ?? '' });
    return page.rows.map((row) => ({ ...row, iso: row.iso4217 }));
  }

  book(name: string): Promise<BookRow | null> {
    return getBook(this.#control, name);
  }

  async books(query: { after: string | null; limit: number }): Promise<BookRow[]> {
    return (await listBooks(this.#control, { ...query, after: query.after ?? '' })).rows;
  }

  async account(scope: Scope, account: AccountRef): Promise<Seen<AccountRow | null>> {
    return seen(
      await getAccount(this.#pool(scope), { ...scope, ...account }),
      (row) => row && accountRow(row),
    );
  }

  async accounts(scope: Scope, query: AccountsQuery): Promise<Seen<AccountRow[]>> {
    const state = query.isClosed === null ? 'any' : query.isClosed ? 'closed' : 'open';
    const filter = {
      codePrefix: query.codePrefix,
      asset: query.asset ?? '',
      state,
      after: query.after ?? '',
      limit: query.limit,
    } as const;
    return seen(await listAccounts(this.#pool(scope), scope, filter), (page) => page.rows.map(accountRow));
  }

  async balance(scope: Scope, account: AccountRef, at: Moment): Promise<Seen<BalanceRow | null>> {
    const when =
      at.at === 'booked'
        ? ({ at: 'booked', us: at.upToUs } as const)
        : at.at === 'effective'
          ? ({ at: 'effective', date: formatDay(at.day) } as const)
          : at;
    return seen(
      await getBalance(this.#pool(scope), { ...scope, ...account }, when),
      (row) => row && { ...row, version: Number(row.version) },
    );
  }

  async entries(scope: Scope, account: AccountRef, query: EntriesQuery): Promise<Seen<EntryRow[] | null>> {
    const filter = {
      newestFirst: query.newestFirst,
      after: query.after === null ? null : BigInt(query.after),
      limit: query.limit,
    };
    return seen(
      await listEntries(this.#pool(scope), { ...scope, ...account }, filter),
      (page) => page && page.rows.map(entryRow),
    );
  }

  async statement(
    scope: Scope,
    account: AccountRef,
    query: StatementQuery,
  ): Promise<Seen<StatementPage | null>> {
    const { after } = query;
    const cursor = after && {
      day: formatDay(after.day),
      version: BigInt(after.version),
      balance: after.balance,
    };
    const asked = { range: rangeOf(query), after: cursor, limit: query.limit };
    const found = await inSnapshot(this.#pool(scope), (reader) =>
      statementPage(reader, { ...scope, ...account }, asked),
    );
    return seen(
      found,
      (page) =>
        page && {
          ...headOf(page.header),
          closingBalance: page.header.closingBalance,
          lines: page.lines.rows.map(lineRow),
        },
    );
  }

  async wholeStatement(
    scope: Scope,
    account: AccountRef,
    query: StatementRange,
  ): Promise<Seen<WholeStatement | null>> {
    const stream = streamStatement(
      this.#pool(scope),
      { ...scope, ...account },
      { range: rangeOf(query), chunkLines: CHUNK_LINES },
    );
    const first = await stream.next();
    if (first.done === true) {
      const { asOfSeq } = await getAccount(this.#pool(scope), { ...scope, ...account });
      return { asOfSeq, value: null };
    }
    const { asOfSeq, header } = first.value;
    return { asOfSeq, value: { ...headOf(header), chunks: chunksOf(first.value, stream) } };
  }

  async transaction(scope: Scope, id: string): Promise<Seen<TransactionRow | null>> {
    return seen(await getTransaction(this.#pool(scope), scope, id), (row) => row && transactionRow(row));
  }

  async transactions(scope: Scope, query: TransactionsQuery): Promise<Seen<TransactionRow[] | null>> {
    const { accountId, bookedFromUs, bookedUntilUs, limit } = query;
    const filter = {
      accountId,
      bookedFromUs,
      bookedUntilUs,
      limit,
      kind: query.kind ?? 0,
      state: query.state ?? 0,
      reference: query.reference ?? '',
      beforeSeq: query.after,
    };
    return seen(
      await listTransactions(this.#pool(scope), scope, filter),
      (page) => page && page.rows.map(transactionRow),
    );
  }

  async paymentIntent(scope: Scope, id: string): Promise<Seen<Intent | null>> {
    return await getPayment(this.#pool(scope), scope, id);
  }

  async paymentIntents(scope: Scope, query: PaymentIntentsQuery): Promise<Seen<Intent[]>> {
    const filter = {
      states: query.states,
      merchantId: query.merchant,
      customerId: query.customer,
      reference: query.reference ?? '',
      currency: query.currency ?? '',
      metadata: query.metadata,
      attention: query.onlyAttention ? 'needed' : 'any',
      createdFromUs: query.createdFromUs,
      createdUntilUs: query.createdUntilUs,
      aboveSeq: query.aboveSeq,
      belowSeq: query.belowSeq,
      order: query.order,
      limit: query.limit,
    } as const;
    return seen(await listPayments(this.#pool(scope), scope, filter), ({ rows }) => rows);
  }

  async refund(scope: Scope, id: string): Promise<Seen<Refund | null>> {
    return await getRefund(this.#pool(scope), scope, id);
  }

  async refunds(scope: Scope, query: RefundFilter): Promise<Seen<Refund[]>> {
    return seen(await listRefunds(this.#pool(scope), scope, query), ({ rows }) => rows);
  }

  async timeline(
    scope: Scope,
    id: string,
    { after, limit }: TimelineQuery,
  ): Promise<Seen<TimelineRow[] | null>> {
    const found = await listTimeline(this.#pool(scope), scope, { id, afterSeq: after ?? 0, limit });
    // Every payment has an event at its beginning.
    const isThere = found.value.rows.length > 0 || after !== null;
    return seen(found, ({ rows }) =>
      isThere
        ? rows.map(({ seq, bookedUs, change, commandId }) => ({
            seq,
            bookedUs,
            change,
            commandId: commandId ?? '',
          }))
        : null,
    );
  }

  async merchant(scope: Scope, id: string): Promise<Seen<Merchant | null>> {
    return await getMerchant(this.#pool(scope), scope, id);
  }

  async merchants(scope: Scope, query: MerchantsQuery): Promise<Seen<Merchant[]>> {
    return seen(await listMerchants(this.#pool(scope), scope, query), ({ rows }) => rows);
  }

  async customer(scope: Scope, id: string): Promise<Seen<Customer | null>> {
    return await getCustomer(this.#pool(scope), scope, id);
  }

  async customers(scope: Scope, { merchant, reference, ...rest }: CustomersQuery): Promise<Seen<Customer[]>> {
    const filter = { merchantId: merchant, reference: reference ?? '', ...rest };
    return seen(await listCustomers(this.#pool(scope), scope, filter), ({ rows }) => rows);
  }

  async paymentMethod(scope: Scope, id: string): Promise<Seen<StoredMethod | null>> {
    return await getPaymentMethod(this.#pool(scope), scope, id);
  }

  async paymentMethods(
    scope: Scope,
    { of, ids, after, limit }: PaymentMethodsQuery,
  ): Promise<Seen<StoredMethod[]>> {
    const filter = { of, ids, beforeSeq: after, limit };
    return seen(await listPaymentMethods(this.#pool(scope), scope, filter), ({ rows }) => rows);
  }

  async apiKeys(secretSha256: string): Promise<ApiKeyPlace[]> {
    const found = await Promise.all(this.#options.pools.map((pool) => findApiKeys(pool, secretSha256)));
    return found.flat();
  }

  async idempotencyRecord(scope: Scope, id: string): Promise<Seen<IdempotencyRecord | null>> {
    return await getIdempotencyRecord(this.#pool(scope), scope, id);
  }

  async apiKey(scope: Scope, id: string): Promise<Seen<ApiKey | null>> {
    return await getApiKey(this.#pool(scope), scope, id);
  }

  goodApiKeys(scope: Scope, merchantId: string): Promise<number> {
    return countGoodApiKeys(this.#pool(scope), scope, merchantId);
  }

  async apiKeysOf(scope: Scope, { merchant, mode, ...rest }: ApiKeysQuery): Promise<Seen<ApiKey[]>> {
    const filter = { merchantId: merchant, mode: mode ?? '', ...rest } as const;
    return seen(await listApiKeys(this.#pool(scope), scope, filter), ({ rows }) => rows);
  }

  async paymentLink(scope: Scope, id: string): Promise<Seen<PaymentLink | null>> {
    return await getPaymentLink(this.#pool(scope), scope, id);
  }

  async paymentLinks(scope: Scope, { merchant, ...rest }: PaymentLinksQuery): Promise<Seen<PaymentLink[]>> {
    const filter = { merchantId: merchant, ...rest };
    return seen(await listPaymentLinks(this.#pool(scope), scope, filter), ({ rows }) => rows);
  }

  async balanceTransactions(
    scope: Scope,
    query: BalanceTransactionsQuery,
  ): Promise<Seen<BalanceTransaction[]>> {
    return seen(await listBalanceTransactions(this.#pool(scope), scope, query), ({ rows }) => rows);
  }

  async balanceTransaction(
    scope: Scope,
    key: BalanceTransactionKey,
  ): Promise<Seen<BalanceTransaction | null>> {
    return await getBalanceTransaction(this.#pool(scope), scope, key);
  }

  async merchantBalance(scope: Scope, merchantId: string): Promise<Seen<MerchantBalance[] | null>> {
    return await getMerchantBalance(this.#pool(scope), scope, merchantId);
  }

  block(shard: number, by: { height: number } | { seq: number }): Promise<BlockRow | null> {
    return this.#options.block(shard, by);
  }

  checkpoint(number: number | null): Promise<CheckpointRow | null> {
    return this.#options.checkpoint(number);
  }
}

function seen<From, To>(found: AsOf<From>, map: (value: From) => To): Seen<To> {
  return { asOfSeq: found.asOfSeq, value: map(found.value) };
}

function accountRow(row: AccountRecord): AccountRow {
  return { ...row, version: Number(row.version) };
}

function entryRow(row: EntryRecord): EntryRow {
  return {
    ...row,
    version: Number(row.version),
    transactionId: row.transactionId ?? '',
    effectiveDay: dayOf(row.effectiveDate),
  };
}

function lineRow(row: StatementLine): StatementLineRow {
  return {
    ...row,
    version: Number(row.version),
    transactionId: row.transactionId ?? '',
    effectiveDay: dayOf(row.effectiveDate),
  };
}

function transactionRow(row: TransactionRecord): TransactionRow {
  return { ...row, id: row.id ?? '', targetId: row.targetId ?? '', effectiveDay: dayOf(row.effectiveDate) };
}

function headOf(header: StatementChunk['header']): {
  id: string;
  code: string;
  asset: string;
  openingBalance: bigint;
} {
  return {
    id: header.accountId,
    code: header.code,
    asset: header.asset,
    openingBalance: header.openingBalance,
  };
}

async function* chunksOf(
  first: StatementChunk,
  rest: AsyncGenerator<StatementChunk>,
): AsyncGenerator<{ lines: StatementLineRow[]; totals: WholeTotals | null }> {
  try {
    yield chunkRow(first);
    for await (const chunk of rest) yield chunkRow(chunk);
  } finally {
    // A reader who left early frees the snapshot.
    await rest.return(undefined);
  }
}

type WholeTotals = { closingBalance: bigint; lineCount: number; debits: bigint; credits: bigint };

function chunkRow(chunk: StatementChunk): { lines: StatementLineRow[]; totals: WholeTotals | null } {
  const totals = chunk.footer && { ...chunk.footer, closingBalance: chunk.header.closingBalance };
  return { lines: chunk.lines.map(lineRow), totals };
}

function rangeOf({ axis, fromDay, toDay }: StatementRange): {
  axis: StatementRange['axis'];
  fromDate: string | null;
  toDate: string | null;
} {
  return {
    axis,
    fromDate: fromDay === null ? null : formatDay(fromDay),
    toDate: toDay === null ? null : formatDay(toDay),
  };
}

function dayOf(date: string): number {
  const day = parseDay(date);
  if (day === null) throw new Error(`the read models hold the date ${date}`);
  return day;
}
