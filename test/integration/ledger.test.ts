import type { MessageInitShape } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { uuidv7 } from '../../client/index.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { EntryKind, EntrySide, StatementAxis } from '../../gen/florin/ledger/v1/statements_pb.ts';
import {
  type NewTransactionSchema,
  TransactionKind,
  TransactionState,
} from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { byClient, byJson, CallFailed, SERVICES, type Told, type Way } from '../support/bothWays.ts';
import { startTestCore, type TestCore } from '../support/core.ts';

const { assets, books, accounts, transactions, balances, statements, proofs } = {
  assets: SERVICES.assets.method,
  books: SERVICES.books.method,
  accounts: SERVICES.accounts.method,
  transactions: SERVICES.transactions.method,
  balances: SERVICES.balances.method,
  statements: SERVICES.statements.method,
  proofs: SERVICES.proofs.method,
};

let core: TestCore;
const ways: Way[] = [];

beforeAll(async () => {
  core = await startTestCore({ env: { FLORIN_CHECKPOINT_INTERVAL_SECONDS: '1' } });
  ways.push(byClient(core), byJson(core));
});

afterAll(async () => {
  for (const way of ways) way.close();
  await core?.stop();
});

async function told(call: Promise<unknown>): Promise<Told> {
  const outcome = await call.then(
    () => new Error('it was answered'),
    (error: unknown) => error,
  );
  if (outcome instanceof CallFailed) return outcome.told;
  throw outcome;
}

const latest = { latest: true, waitMs: 10_000 };

describe.each([
  ['gRPC, by the client', 0],
  ['Connect, as JSON', 1],
])('the whole ledger over %s', (_, index) => {
  const book = `walk-${index}`;
  const [cash, alice, bob, coins] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  const asset = `GOLD${index}`;
  const paid = uuidv7();
  const byCode = (code: string) => ({ case: 'code', value: code }) as const;
  const way = (): Way => ways[index];
  const booked = (results: { outcome: { case: string | undefined } }[]) =>
    results.map(({ outcome }) => outcome.case);
  const move = (debitAccount: string, creditAccount: string, amount: bigint) => ({
    debitAccount,
    creditAccount,
    amount,
  });
  const pay = (items: MessageInitShape<typeof NewTransactionSchema>[]) =>
    way().call(transactions.createTransactions, { book, transactions: items });

  test('assets: a custom one is made once', async () => {
    const request = { code: asset, scale: 9, name: 'Gold' };
    const made = await way().call(assets.createAsset, request);
    expect(made).toMatchObject({
      asset: { ...request, iso4217: false },
      replayed: false,
      position: { shard: 64 },
    });
    expect(await way().call(assets.createAsset, request)).toMatchObject({ replayed: true });
    expect(await told(way().call(assets.createAsset, { ...request, scale: 8 }))).toMatchObject({
      code: 'ALREADY_EXISTS',
      reason: 'ALREADY_EXISTS',
      metadata: { field: 'scale', retryable: 'false' },
    });
    const { asset: yen } = await way().call(assets.getAsset, { code: 'JPY' });
    expect(yen).toMatchObject({ scale: 0, iso4217: true });
    const custom = await way().call(assets.listAssets, { customOnly: true });
    expect(custom.assets.map(({ code }) => code)).toContain(asset);
  });

  test('books: made once, with a description, on the shard that is asked for', async () => {
    const request = { name: book, description: 'for a walk', shard: 11 + index };
    const { position } = await way().call(books.createBook, request);
    expect(position?.blockHash).toHaveLength(32);
    expect(await way().call(books.createBook, request)).toMatchObject({ replayed: true });
    const other = { ...request, description: 'another' };
    expect(await told(way().call(books.createBook, other))).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await way().call(books.getBook, { name: book })).toMatchObject({ book: request });
    const { books: listed } = await way().call(books.listBooks, {});
    expect(listed.map(({ name }) => name)).toContain(book);
  });

  test('accounts: opened, listed, changed, and closed when empty', async () => {
    const open = (id: string, code: string, more: object = {}) => ({
      id,
      code,
      asset: 'EUR',
      normalSide: NormalSide.CREDIT,
      ...more,
    });
    const request = {
      book,
      accounts: [
        open(cash, 'bank:cash', { normalSide: NormalSide.DEBIT }),
        open(alice, 'customers:alice', { limits: { availableFloor: 0n }, metadata: { tier: 'gold' } }),
        open(bob, 'customers:bob'),
        open(coins, 'vault:coins', { asset }),
        open(uuidv7(), 'customers:alice'),
        open(uuidv7(), 'no such asset', { asset: 'NOPE' }),
      ],
    };
    const { results, position } = await way().call(accounts.createAccounts, request);
    expect(
      results.map(({ outcome }) => (outcome.case === 'refused' ? outcome.value.reason : outcome.case)),
    ).toEqual(['done', 'done', 'done', 'done', 'CODE_TAKEN', 'INVALID_CODE']);
    const freshness = { minSeq: position!.seq };
    const { account } = await way().call(accounts.getAccount, {
      book,
      account: byCode('customers:alice'),
      freshness,
    });
    expect(account).toMatchObject({
      id: alice,
      metadata: { tier: 'gold' },
      limits: { availableFloor: 0n },
      version: 0n,
    });
    const change = {
      id: uuidv7(),
      accountId: bob,
      limits: { postedCeiling: 500n },
      metadata: { a: 'b' },
      setMetadata: true,
    };
    const changed = await way().call(accounts.updateAccounts, { book, updates: [change] });
    expect(changed.results[0].outcome).toMatchObject({ case: 'done', value: { replayed: false } });
    const first = await way().call(accounts.listAccounts, {
      book,
      codePrefix: 'customers:',
      pageSize: 1,
      freshness: latest,
    });
    expect(first.accounts.map(({ code }) => code)).toEqual(['customers:alice']);
    const next = await way().call(accounts.listAccounts, {
      book,
      codePrefix: 'customers:',
      pageSize: 1,
      pageToken: first.nextPageToken,
    });
    expect(next.accounts).toMatchObject([
      { code: 'customers:bob', limits: { postedCeiling: 500n }, metadata: { a: 'b' } },
    ]);
    expect(next.nextPageToken).toBe('');
    const closure = { id: uuidv7(), accountId: coins };
    const closed = await way().call(accounts.closeAccounts, { book, closures: [closure] });
    expect(booked(closed.results)).toEqual(['done']);
  });

  test('transactions: booked in order, linked ones together, each refusal with its reason and place', async () => {
    const deposit = {
      id: paid,
      postings: [move(cash, alice, 1_000n)],
      effectiveDate: '2026-01-05',
      reference: 'order 1',
    };
    const group = [
      { id: uuidv7(), postings: [move(alice, bob, 10n)], linked: true },
      { id: uuidv7(), postings: [move(alice, bob, 100_000n)] },
    ];
    const { results } = await pay([
      deposit,
      deposit,
      { ...deposit, reference: 'order 2' },
      { id: uuidv7(), postings: [move(alice, bob, 200n), move(bob, cash, 50n)], effectiveDate: '2026-01-07' },
      ...group,
      { id: 'nonsense', postings: [] },
      { id: uuidv7(), postings: [move(cash, coins, 1n)] },
      { id: uuidv7(), postings: [move(cash, bob, 1_000n)] },
    ]);
    const outcome = (i: number) => results[i].outcome;
    expect(outcome(0)).toMatchObject({
      case: 'booked',
      value: {
        replayed: false,
        effects: [{ debit: { version: 1n, postedBalance: 1_000n }, credit: { version: 1n } }],
      },
    });
    expect(outcome(1)).toMatchObject({ case: 'booked', value: { replayed: true } });
    expect(outcome(2)).toMatchObject({
      case: 'refused',
      value: { reason: 'ID_REUSED', field: 'reference', remembered: false },
    });
    expect(outcome(3)).toMatchObject({
      case: 'booked',
      value: { effects: [{ credit: { postedBalance: 200n } }, { debit: { postedBalance: 150n } }] },
    });
    expect(outcome(4)).toMatchObject({ case: 'refused', value: { reason: 'LINKED_FAILED' } });
    expect(outcome(5)).toMatchObject({
      value: { reason: 'INSUFFICIENT_FUNDS', posting: 0, accountId: alice, remembered: true },
    });
    expect(outcome(6)).toMatchObject({ value: { reason: 'INVALID_UUID', field: 'id', remembered: false } });
    expect(outcome(7)).toMatchObject({ value: { reason: 'ACCOUNT_CLOSED', accountId: coins } });
    expect(outcome(8)).toMatchObject({ value: { reason: 'LIMIT_EXCEEDED', accountId: bob } });
  });

  test('two phases: held, posted in parts, voided, and reversed up to the original', async () => {
    const [hold, gone] = [uuidv7(), uuidv7()];
    await pay([
      { id: hold, postings: [move(alice, bob, 100n)], pending: true },
      { id: gone, postings: [move(alice, bob, 30n)], pending: true },
    ]);
    const held = await way().call(balances.getBalance, {
      book,
      account: byCode('customers:alice'),
      freshness: latest,
    });
    expect(held.balance).toMatchObject({ postedBalance: 800n, availableBalance: 670n, debitsPending: 130n });
    const part = {
      id: uuidv7(),
      transactionId: hold,
      amounts: [{ posting: 0, amount: 40n }],
      keepOpen: true,
    };
    const rest = { id: uuidv7(), transactionId: hold };
    const posted = await way().call(transactions.postTransactions, {
      book,
      posts: [part, rest, { ...rest, id: uuidv7() }],
    });
    expect(
      posted.results.map(({ outcome }) => (outcome.case === 'refused' ? outcome.value.reason : outcome.case)),
    ).toEqual(['booked', 'booked', 'ALREADY_POSTED']);
    const voids = [{ id: uuidv7(), transactionId: gone }];
    expect(booked((await way().call(transactions.voidTransactions, { book, voids })).results)).toEqual([
      'booked',
    ]);
    const reversals = [
      { id: uuidv7(), transactionId: rest.id, amounts: [{ posting: 0, amount: 20n }] },
      { id: uuidv7(), transactionId: rest.id, amounts: [{ posting: 0, amount: 41n }] },
      { id: uuidv7(), transactionId: hold },
    ];
    const reversed = await way().call(transactions.reverseTransactions, { book, reversals });
    expect(
      reversed.results.map(({ outcome }) =>
        outcome.case === 'refused' ? outcome.value.reason : outcome.case,
      ),
    ).toEqual(['booked', 'EXCEEDS_ORIGINAL', 'NOT_REVERSIBLE']);
    const read = await way().call(transactions.getTransaction, {
      book,
      transactionId: hold,
      freshness: latest,
    });
    expect(read.transaction).toMatchObject({
      kind: TransactionKind.PENDING,
      state: TransactionState.POSTED,
      postings: [{ amount: 100n, postedAmount: 100n, asset: 'EUR' }],
    });
    const end = await way().call(balances.getBalance, {
      book,
      account: byCode('customers:alice'),
      freshness: latest,
    });
    expect(end.balance).toMatchObject({ postedBalance: 720n, availableBalance: 720n, debitsPending: 0n });
  });

  test('transactions are listed newest first, page by page, under their filters', async () => {
    const request = { book, accountId: alice, pageSize: 2, freshness: latest };
    const seqs: bigint[] = [];
    let pageToken = '';
    do {
      const page = await way().call(transactions.listTransactions, { ...request, pageToken });
      seqs.push(...page.transactions.map(({ seq }) => seq));
      ({ nextPageToken: pageToken } = page);
    } while (pageToken !== '');
    expect(seqs).toHaveLength(8);
    expect(seqs).toEqual(seqs.toSorted((a, b) => Number(b - a)));
    const byReference = await way().call(transactions.listTransactions, { book, reference: 'order 1' });
    expect(byReference.transactions).toMatchObject([{ id: paid, effectiveDate: '2026-01-05' }]);
    const voided = await way().call(transactions.listTransactions, { book, state: TransactionState.VOIDED });
    expect(voided.transactions).toMatchObject([
      { kind: TransactionKind.PENDING, postings: [{ amount: 30n }] },
    ]);
  });

  test('balances at past moments, of booking and of effect', async () => {
    const account = byCode('customers:alice');
    const on = async (effectiveDate: string) =>
      (
        await way().call(balances.getBalance, {
          book,
          account,
          at: { case: 'effectiveDate', value: effectiveDate },
        })
      ).balance?.postedBalance;
    expect(await on('2026-01-04')).toBe(0n);
    expect(await on('2026-01-05')).toBe(1_000n);
    expect(await on('2026-01-07')).toBe(800n);
    const { transaction } = await way().call(transactions.getTransaction, { book, transactionId: paid });
    const at = (nanos: number) =>
      ({ case: 'bookedAt', value: { seconds: transaction!.bookedAt!.seconds, nanos } }) as const;
    const { nanos } = transaction!.bookedAt!;
    const before = await way().call(balances.getBalance, { book, account, at: at(nanos - 1_000) });
    expect(before.balance).toMatchObject({ postedBalance: 0n, version: 0n });
    const then = await way().call(balances.getBalance, { book, account, at: at(nanos) });
    expect(then.balance?.version).toBeGreaterThan(0n);
  });

  test('entries and statements lead from the opening to the closing balance, paged and as a stream', async () => {
    const account = byCode('customers:alice');
    const { entries } = await way().call(statements.listEntries, { book, account, newestFirst: false });
    expect(entries.map(({ version }) => version)).toEqual(entries.map((_, i) => BigInt(i + 1)));
    expect(new Set(entries.map(({ kind }) => kind))).toEqual(
      new Set([EntryKind.POSTED, EntryKind.HELD, EntryKind.RELEASED, EntryKind.POSTED_FROM_HOLD]),
    );
    const request = {
      book,
      account,
      axis: StatementAxis.EFFECTIVE,
      fromDate: '2026-01-06',
      toDate: '2999-12-31',
    };
    const first = await way().call(statements.getStatement, { ...request, pageSize: 1 });
    expect(first).toMatchObject({
      header: { openingBalance: 1_000n, code: 'customers:alice', asset: 'EUR' },
      lines: [{ side: EntrySide.DEBIT, amount: 200n, balance: 800n, counterAccount: 'customers:bob' }],
      closingBalance: 720n,
    });
    const next = await way().call(statements.getStatement, {
      ...request,
      pageSize: 1,
      pageToken: first.nextPageToken,
    });
    expect(next.lines).toMatchObject([{ amount: 40n, balance: 760n }]);
    const chunks = await way().stream(statements.streamStatement, request);
    expect(chunks[0].header).toMatchObject({ openingBalance: 1_000n });
    expect(chunks.at(-1)!.footer).toMatchObject({
      closingBalance: 720n,
      lineCount: 4n,
      debits: 300n,
      credits: 20n,
    });
    expect(chunks.flatMap(({ lines }) => lines.map(({ balance }) => balance))).toEqual([
      800n,
      760n,
      700n,
      720n,
    ]);
  });

  test('proofs: the block of an answer, and a checkpoint that covers it', async () => {
    const { position } = await pay([{ id: uuidv7(), postings: [move(cash, alice, 1n)] }]);
    const { shard, height, seq, blockHash } = position!;
    const bySeq = await way().call(proofs.getBlock, { shard, block: { case: 'seq', value: seq } });
    const byHeight = await way().call(proofs.getBlock, { shard, block: { case: 'height', value: height } });
    expect(bySeq).toEqual(byHeight);
    expect(bySeq.header).toMatchObject({ shard, height, hash: blockHash });
    const covering = async () => {
      const { checkpoint } = await way().call(proofs.getCheckpoint, {});
      return checkpoint!.tips.find((tip) => tip.shard === shard)?.height ?? 0n;
    };
    await expect.poll(covering, { timeout: 10_000 }).toBeGreaterThanOrEqual(height);
  });

  test('reads see what was written before them, or say that they cannot yet', async () => {
    for (let i = 0; i < 20; i++) {
      const id = uuidv7();
      const { position } = await pay([{ id, postings: [move(cash, alice, 1n)] }]);
      const freshness = i % 2 === 0 ? { minSeq: position!.seq } : { latest: true };
      const read = await way().call(transactions.getTransaction, { book, transactionId: id, freshness });
      expect(read.asOfSeq).toBeGreaterThanOrEqual(position!.seq);
    }
    const behind = { minSeq: 1_000_000_000n, waitMs: 50 };
    expect(
      await told(way().call(accounts.getAccount, { book, account: byCode('bank:cash'), freshness: behind })),
    ).toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'READ_MODEL_BEHIND',
      metadata: { retryable: 'true' },
    });
  });

  test('calls that cannot be are refused whole, with the reason and the field', async () => {
    const { call } = way();
    expect(await told(call(books.getBook, { name: 'nowhere' }))).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'BOOK_NOT_FOUND',
    });
    expect(
      await told(
        call(transactions.createTransactions, { book: 'nowhere', transactions: [{ id: uuidv7() }] }),
      ),
    ).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'BOOK_NOT_FOUND',
    });
    expect(await told(call(accounts.listAccounts, { book, pageSize: 1_001 }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'MALFORMED_REQUEST',
      fields: ['page_size'],
    });
    expect(await told(call(transactions.createTransactions, { book, transactions: [] }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'BATCH_SIZE',
    });
    const many = Array.from({ length: 8_193 }, () => ({ id: uuidv7() }));
    expect(await told(call(transactions.voidTransactions, { book, voids: many }))).toMatchObject({
      reason: 'BATCH_SIZE',
    });
    const large = Array.from({ length: 8_192 }, () => ({ id: uuidv7(), reference: 'x'.repeat(3_000) }));
    expect(await told(call(transactions.createTransactions, { book, transactions: large }))).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      reason: 'REQUEST_TOO_LARGE',
    });
    const slow = {
      book,
      account: byCode('bank:cash'),
      freshness: { minSeq: 1_000_000_000n, waitMs: 10_000 },
    };
    const began = performance.now();
    expect(['DEADLINE_EXCEEDED', 'UNAVAILABLE']).toContain(
      (await told(call(accounts.getAccount, slow, { timeoutMs: 200 }))).code,
    );
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('a batch of 8,192 is answered item by item', async () => {
    const items = Array.from({ length: 8_192 }, (_, i) => ({
      id: uuidv7(),
      postings: [move(cash, i % 2 === 0 ? alice : bob, 1n)],
    }));
    const { results } = await pay(items);
    const reasons = results.map(({ outcome }) =>
      outcome.case === 'refused' ? outcome.value.reason : outcome.case,
    );
    expect(reasons).toHaveLength(8_192);
    // Bob may not have more than 500.
    expect(reasons.filter((reason, i) => i % 2 === 0 && reason !== 'booked')).toEqual([]);
    expect(new Set(reasons.filter((_, i) => i % 2 === 1))).toEqual(new Set(['booked', 'LIMIT_EXCEEDED']));
  });

  test('every RPC of the contract was walked through', () => {
    const all = Object.values(SERVICES).flatMap(({ typeName, methods }) =>
      methods.map(({ name }) => `${typeName}/${name}`),
    );
    expect([...way().called].sort()).toEqual(all.sort());
  });
});
