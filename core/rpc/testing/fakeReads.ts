import type { ApiKey, IdempotencyRecord, PaymentLink } from '../../kernel/payments/edgeModel.ts';
import type { Customer, Intent, Merchant, StoredMethod } from '../../kernel/payments/model.ts';
import type { BalanceTransaction, MerchantBalance } from '../../readmodels/queries/balanceTransactions.ts';
import type { Refund, RefundFilter } from '../../readmodels/queries/refunds.ts';
import type {
  ApiKeyPlace,
  ApiKeysQuery,
  PaymentLinksQuery,
  AccountRef,
  AccountRow,
  AccountsQuery,
  AssetRow,
  BalanceRow,
  BalanceTransactionKey,
  BalanceTransactionsQuery,
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
  TimelineQuery,
  TimelineRow,
  TransactionRow,
  TransactionsQuery,
  WholeStatement,
} from '../reads.ts';

const DAY_US = 86_400_000_000;

/** Read models in memory: one book (shard 7, number 2) with the rows that a test puts there. */
export class FakeReads implements Reads, PaymentReads {
  seq = 41;
  assetRows: AssetRow[] = [];
  bookRows: BookRow[] = [];
  accountRows: AccountRow[] = [];
  entryRows: EntryRow[] = [];
  lineRows: StatementLineRow[] = [];
  transactionRows: TransactionRow[] = [];
  intentDocs: Intent[] = [];
  refundRows: Refund[] = [];
  merchantDocs: Merchant[] = [];
  customerDocs: Customer[] = [];
  paymentMethodDocs: StoredMethod[] = [];
  recordDoc: IdempotencyRecord | null = null;
  apiKeyDocs: ApiKey[] = [];
  paymentLinkDocs: PaymentLink[] = [];
  timelineRows: TimelineRow[] = [];
  balanceTransactionRows: BalanceTransaction[] = [];
  balanceRows: MerchantBalance[] = [];
  readonly asked: unknown[] = [];
  readonly waits: { seq: number; waitMs: number }[] = [];
  /** Chunks of whole statements that were asked for. */
  chunksRead = 0;
  snapshotsOpen = 0;

  reached(_shard: number, seq: number, { waitMs }: { waitMs: number }): Promise<boolean> {
    this.waits.push({ seq, waitMs });
    return Promise.resolve(seq <= this.seq);
  }

  asset(code: string): Promise<AssetRow | null> {
    return Promise.resolve(this.assetRows.find((row) => row.code === code) ?? null);
  }

  assets({
    customOnly,
    after,
    limit,
  }: {
    customOnly: boolean;
    after: string | null;
    limit: number;
  }): Promise<AssetRow[]> {
    const rows = this.assetRows.filter(({ code, iso }) => code > (after ?? '') && !(customOnly && iso));
    return Promise.resolve(rows.slice(0, limit));
  }

  book(name: string): Promise<BookRow | null> {
    return Promise.resolve(this.bookRows.find((row) => row.name === name) ?? null);
  }

  books({ after, limit }: { after: string | null; limit: number }): Promise<BookRow[]> {
    return Promise.resolve(this.bookRows.filter(({ name }) => name > (after ?? '')).slice(0, limit));
  }

  account(scope: Scope, ref: AccountRef): Promise<Seen<AccountRow | null>> {
    return this.#seen(this.#account(scope, ref));
  }

  accounts(scope: Scope, query: AccountsQuery): Promise<Seen<AccountRow[]>> {
    this.asked.push(query);
    const rows = this.#in(scope, this.accountRows).filter(({ code }) => code > (query.after ?? ''));
    return this.#seen(rows.slice(0, query.limit));
  }

  balance(scope: Scope, ref: AccountRef, at: Moment): Promise<Seen<BalanceRow | null>> {
    this.asked.push(at);
    return this.#seen(this.#account(scope, ref));
  }

  entries(scope: Scope, ref: AccountRef, query: EntriesQuery): Promise<Seen<EntryRow[] | null>> {
    this.asked.push(query);
    if (this.#account(scope, ref) === null) return this.#seen(null);
    const rows = this.entryRows.filter(({ version }) => version > (query.after ?? 0));
    return this.#seen(rows.slice(0, query.limit));
  }

  statement(scope: Scope, ref: AccountRef, query: StatementQuery): Promise<Seen<StatementPage | null>> {
    this.asked.push(query);
    const account = this.#account(scope, ref);
    if (account === null) return this.#seen(null);
    const { id, code, asset } = account;
    const lines = this.lineRows
      .filter(({ version }) => version > (query.after?.version ?? 0))
      .slice(0, query.limit);
    return this.#seen({ id, code, asset, openingBalance: 5n, closingBalance: 9n, lines });
  }

  wholeStatement(scope: Scope, ref: AccountRef): Promise<Seen<WholeStatement | null>> {
    const account = this.#account(scope, ref);
    if (account === null) return this.#seen(null);
    const { id, code, asset } = account;
    return this.#seen({ id, code, asset, openingBalance: 5n, chunks: this.#chunks() });
  }

  async *#chunks(): WholeStatement['chunks'] & AsyncGenerator {
    this.snapshotsOpen++;
    try {
      for (let at = 0; at < this.lineRows.length || at === 0; at += 1000) {
        this.chunksRead++;
        const isLast = at + 1000 >= this.lineRows.length;
        const totals = { closingBalance: 9n, lineCount: this.lineRows.length, debits: 1n, credits: 2n };
        yield await Promise.resolve({
          lines: this.lineRows.slice(at, at + 1000),
          totals: isLast ? totals : null,
        });
      }
    } finally {
      this.snapshotsOpen--;
    }
  }

  transaction(scope: Scope, id: string): Promise<Seen<TransactionRow | null>> {
    return this.#seen(this.#in(scope, this.transactionRows).find((row) => row.id === id) ?? null);
  }

  transactions(scope: Scope, query: TransactionsQuery): Promise<Seen<TransactionRow[] | null>> {
    this.asked.push(query);
    const { accountId } = query;
    if (accountId !== null && !this.#in(scope, this.accountRows).some(({ id }) => id === accountId))
      return this.#seen(null);
    const rows = this.#in(scope, this.transactionRows)
      .filter(({ seq }) => seq < (query.after ?? Infinity))
      .filter(({ reference }) => query.reference === null || reference === query.reference);
    return this.#seen(rows.slice(0, query.limit));
  }

  paymentIntent(scope: Scope, id: string): Promise<Seen<Intent | null>> {
    return this.#seen(this.#in(scope, this.intentDocs).find((doc) => doc.id === id) ?? null);
  }

  paymentIntents(scope: Scope, query: PaymentIntentsQuery): Promise<Seen<Intent[]>> {
    this.asked.push(query);
    const docs = this.#in(scope, this.intentDocs).filter(({ seq }) => seq < (query.belowSeq ?? Infinity));
    return this.#seen(docs.slice(0, query.limit));
  }

  refund(scope: Scope, id: string): Promise<Seen<Refund | null>> {
    return this.#seen(
      this.#in(scope, this.refundRows).find(({ operation }) => operation.request === id) ?? null,
    );
  }

  refunds(scope: Scope, query: RefundFilter): Promise<Seen<Refund[]>> {
    this.asked.push(query);
    const rows = this.#in(scope, this.refundRows).filter(({ seq }) => seq < (query.belowSeq ?? Infinity));
    return this.#seen(rows.slice(0, query.limit));
  }

  timeline(scope: Scope, id: string, query: TimelineQuery): Promise<Seen<TimelineRow[] | null>> {
    if (!this.#in(scope, this.intentDocs).some((doc) => doc.id === id)) return this.#seen(null);
    const rows = this.timelineRows.filter(({ seq }) => seq > (query.after ?? 0));
    return this.#seen(rows.slice(0, query.limit));
  }

  merchant(scope: Scope, id: string): Promise<Seen<Merchant | null>> {
    return this.#seen(this.#in(scope, this.merchantDocs).find((doc) => doc.id === id) ?? null);
  }

  merchants(scope: Scope, query: MerchantsQuery): Promise<Seen<Merchant[]>> {
    this.asked.push(query);
    const docs = this.#in(scope, this.merchantDocs).filter(({ seq }) => seq < (query.belowSeq ?? Infinity));
    return this.#seen(docs.slice(0, query.limit));
  }

  customer(scope: Scope, id: string): Promise<Seen<Customer | null>> {
    return this.#seen(this.#in(scope, this.customerDocs).find((doc) => doc.id === id) ?? null);
  }

  customers(scope: Scope, query: CustomersQuery): Promise<Seen<Customer[]>> {
    this.asked.push(query);
    const docs = this.#in(scope, this.customerDocs).filter(({ seq }) => seq < (query.belowSeq ?? Infinity));
    return this.#seen(docs.slice(0, query.limit));
  }

  paymentMethod(scope: Scope, id: string): Promise<Seen<StoredMethod | null>> {
    return this.#seen(this.#in(scope, this.paymentMethodDocs).find((doc) => doc.id === id) ?? null);
  }

  paymentMethods(scope: Scope, query: PaymentMethodsQuery): Promise<Seen<StoredMethod[]>> {
    this.asked.push(query);
    const docs = this.#in(scope, this.paymentMethodDocs).filter(({ seq }) => seq < (query.after ?? Infinity));
    return this.#seen(docs.slice(0, query.limit));
  }

  apiKeys(secretSha256: string): Promise<ApiKeyPlace[]> {
    const found = this.apiKeyDocs.filter((doc) => doc.secretSha256 === secretSha256);
    return Promise.resolve(found.map(({ seq }) => ({ shard: 7, seq, book: 'shop' })));
  }

  idempotencyRecord(_scope: Scope, id: string): Promise<Seen<IdempotencyRecord | null>> {
    this.asked.push(id);
    return this.#seen(this.recordDoc);
  }

  apiKey(scope: Scope, id: string): Promise<Seen<ApiKey | null>> {
    return this.#seen(this.#in(scope, this.apiKeyDocs).find((doc) => doc.id === id) ?? null);
  }

  goodApiKeys(scope: Scope, merchantId: string): Promise<number> {
    const docs = this.#in(scope, this.apiKeyDocs);
    return Promise.resolve(
      docs.filter(({ merchant, revokedAtUs }) => merchant === merchantId && revokedAtUs === null).length,
    );
  }

  apiKeysOf(scope: Scope, query: ApiKeysQuery): Promise<Seen<ApiKey[]>> {
    this.asked.push(query);
    const docs = this.#in(scope, this.apiKeyDocs).filter(({ seq }) => seq < (query.belowSeq ?? Infinity));
    return this.#seen(docs.slice(0, query.limit));
  }

  paymentLink(scope: Scope, id: string): Promise<Seen<PaymentLink | null>> {
    return this.#seen(this.#in(scope, this.paymentLinkDocs).find((doc) => doc.id === id) ?? null);
  }

  paymentLinks(scope: Scope, query: PaymentLinksQuery): Promise<Seen<PaymentLink[]>> {
    this.asked.push(query);
    const docs = this.#in(scope, this.paymentLinkDocs).filter(
      ({ seq }) => seq < (query.belowSeq ?? Infinity),
    );
    return this.#seen(docs.slice(0, query.limit));
  }

  balanceTransactions(scope: Scope, query: BalanceTransactionsQuery): Promise<Seen<BalanceTransaction[]>> {
    this.asked.push(query);
    const rows = this.#in(scope, this.balanceTransactionRows);
    return this.#seen(rows.filter(({ seq }) => seq < (query.after?.seq ?? Infinity)).slice(0, query.limit));
  }

  balanceTransaction(scope: Scope, key: BalanceTransactionKey): Promise<Seen<BalanceTransaction | null>> {
    this.asked.push(key);
    const rows = this.#in(scope, this.balanceTransactionRows);
    return this.#seen(
      rows.find(({ id, merchantId }) => id === key.id && merchantId === key.merchantId) ?? null,
    );
  }

  merchantBalance(scope: Scope, merchantId: string): Promise<Seen<MerchantBalance[] | null>> {
    const isThere = this.#in(scope, this.merchantDocs).some(({ id }) => id === merchantId);
    return this.#seen(isThere ? this.balanceRows : null);
  }

  block(shard: number, by: { height: number } | { seq: number }): Promise<BlockRow | null> {
    if (!('height' in by) || by.height !== 1) return Promise.resolve(null);
    const hash = new Uint8Array(32).fill(1),
      prevHash = new Uint8Array(32);
    return Promise.resolve({
      shard,
      height: 1,
      epoch: 1,
      firstSeq: 1,
      eventCount: 2,
      blockTimeUs: DAY_US,
      prevHash,
      hash,
      bodyBytes: 99,
    });
  }

  checkpoint(number: number | null): Promise<CheckpointRow | null> {
    if (number !== null && number !== 1) return Promise.resolve(null);
    const zeros = new Uint8Array(32);
    return Promise.resolve({
      number: 1,
      createdUs: DAY_US,
      prevHash: zeros,
      tips: [{ shard: 0, height: 4, hash: zeros }],
      hash: zeros,
      signature: new Uint8Array(64),
      publicKey: zeros,
    });
  }

  #account(scope: Scope, ref: AccountRef): AccountRow | null {
    const rows = this.#in(scope, this.accountRows);
    return rows.find((row) => ('id' in ref ? row.id === ref.id : row.code === ref.code)) ?? null;
  }

  #in<Row>({ shard, book }: Scope, rows: Row[]): Row[] {
    return shard === 7 && book === 2 ? rows : [];
  }

  #seen<T>(value: T): Promise<Seen<T>> {
    return Promise.resolve({ asOfSeq: this.seq, value });
  }
}

export const ALICE = '0190a3a0-0000-7000-8000-000000000001';

export function accountRow(change: Partial<AccountRow> = {}): AccountRow {
  return {
    id: ALICE,
    code: 'customers:alice',
    asset: 'EUR',
    normalSide: 2,
    limits: [0n, null, null, null],
    metadata: {},
    openedUs: 1_700_000_000_000_000,
    closedUs: null,
    version: 3,
    debitsPosted: 100n,
    creditsPosted: 1_000n,
    debitsPending: 50n,
    creditsPending: 7n,
    ...change,
  };
}

export function lineRow(version: number): StatementLineRow {
  const day = 20_000;
  return {
    version,
    transactionId: ALICE,
    reference: 'r'.repeat(200),
    side: 2,
    amount: 1n,
    balance: BigInt(version),
    effectiveDay: day,
    bookedUs: day * DAY_US,
    counterAccount: 'bank:cash',
  };
}

export function transactionRow(seq: number, change: Partial<TransactionRow> = {}): TransactionRow {
  return {
    id: `0190a3a0-0000-7000-8000-${String(seq).padStart(12, '0')}`,
    kind: 1,
    state: 2,
    postings: [
      {
        debitAccount: ALICE,
        creditAccount: ALICE,
        asset: 'EUR',
        amount: 5n,
        postedAmount: 0n,
        reversedAmount: 0n,
      },
    ],
    targetId: '',
    effectiveDay: 20_000,
    bookedUs: 20_000 * DAY_US,
    expiresUs: null,
    reference: 'invoice 7',
    metadata: {},
    seq,
    ...change,
  };
}
