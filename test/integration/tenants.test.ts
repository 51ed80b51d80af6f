import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin, type Florin, FlorinError, uuidv7 } from '../../client/index.ts';
import { AccountService, NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { BalanceService } from '../../gen/florin/ledger/v1/balances_pb.ts';
import { StatementService } from '../../gen/florin/ledger/v1/statements_pb.ts';
import { TransactionService } from '../../gen/florin/ledger/v1/transactions_pb.ts';
import { startTestCore, type TestCore } from '../support/core.ts';

/** Every RPC that names a book: what such a request can name of another book must not be found. */
const SERVICES = {
  accounts: AccountService,
  transactions: TransactionService,
  balances: BalanceService,
  statements: StatementService,
} as const;
/** Fields that name an account or a transaction of the book, in requests and in their items. */
const ACCOUNT_FIELDS = new Set(['account_id', 'debit_account', 'credit_account']);
const TRANSACTION_FIELDS = new Set(['transaction_id']);

let core: TestCore;
let florin: Florin;
/** A transaction, an account that is in it, another one, and its code; in the book `theirs`. */
const theirs = {
  account: uuidv7(),
  other: uuidv7(),
  transaction: uuidv7(),
  hold: uuidv7(),
  code: 'secret:savings',
};
const ours = { account: uuidv7(), other: uuidv7() };

beforeAll(async () => {
  core = await startTestCore();
  florin = connectFlorin({ target: core.target, retry: { attemptsMax: 1 } });
  // On one shard: nothing but the book keeps them apart.
  await florin.books.createBook({ name: 'ours', shard: 5 });
  await florin.books.createBook({ name: 'theirs', shard: 5 });
  const account = { asset: 'EUR', normalSide: NormalSide.CREDIT };
  const opened = [
    await florin.accounts.createAccounts({
      book: 'ours',
      accounts: [
        { ...account, id: ours.account, code: 'a' },
        { ...account, id: ours.other, code: 'b' },
      ],
    }),
    await florin.accounts.createAccounts({
      book: 'theirs',
      accounts: [
        { ...account, id: theirs.account, code: theirs.code },
        { ...account, id: theirs.other, code: 'other' },
      ],
    }),
  ];
  const postings = [{ debitAccount: theirs.other, creditAccount: theirs.account, amount: 100n }];
  const booked = await florin.transactions.createTransactions({
    book: 'theirs',
    transactions: [
      { id: theirs.transaction, postings },
      { id: theirs.hold, postings, pending: true },
    ],
  });
  for (const { outcome } of [...opened.flatMap(({ results }) => results), ...booked.results])
    if (outcome.case !== 'done' && outcome.case !== 'booked') throw new Error(JSON.stringify(outcome));
});

afterAll(async () => {
  florin?.close();
  await core?.stop();
});

interface Probe {
  readonly method: DescMethod;
  /** The field that names something of the other book: "debit_account". */
  readonly field: string;
  readonly request: MessageInitShape<DescMessage>;
}

/** One probe for each field of each RPC by which something of another book could be named. */
function probes(book: string): Probe[] {
  const found: Probe[] = [];
  for (const method of Object.values(SERVICES).flatMap(({ methods }): DescMethod[] => methods)) {
    for (const { field, fill } of nameable(method.input)) {
      const request = reflect(method.input, create(method.input));
      request.set(
        method.input.fields.find(({ name }) => name === 'book')!,
        book,
      );
      fill(request);
      found.push({ method, field, request: request.message });
    }
  }
  return found;
}

interface Nameable {
  readonly field: string;
  readonly fill: (request: ReflectMessage) => void;
}

function nameable(input: DescMessage): Nameable[] {
  const found: Nameable[] = [];
  for (const field of input.fields) {
    const isCode = field.name === 'code' && field.oneof?.name === 'account';
    if (isCode || ACCOUNT_FIELDS.has(field.name) || TRANSACTION_FIELDS.has(field.name))
      found.push({ field: field.name, fill: (request) => name(request, field) });
    if (field.fieldKind !== 'list' || field.listKind !== 'message') continue;
    for (const inner of itemNames(field.message))
      found.push({
        field: inner.field,
        fill: (request) => {
          const item = reflect(field.message, create(field.message));
          sound(item);
          inner.fill(item);
          request.get(field).add(item);
        },
      });
  }
  return found;
}

/** The same in the items of a batch; postings lie one level deeper. */
function itemNames(item: DescMessage): Nameable[] {
  const postings = item.fields.find(({ name }) => name === 'postings');
  if (postings?.fieldKind !== 'list' || postings.listKind !== 'message')
    return nameable(item).filter(({ field }) => field !== 'code');
  return nameable(postings.message).map(({ field }) => ({
    field,
    fill: (transaction) => {
      const posting = reflect(postings.message, create(postings.message));
      const fieldOf = (wanted: string): DescField =>
        postings.message.fields.find(({ name }) => name === wanted)!;
      posting.set(fieldOf('debit_account'), ours.account);
      posting.set(fieldOf('credit_account'), ours.other);
      posting.set(fieldOf('amount'), 1n);
      name(posting, fieldOf(field));
      transaction.get(postings).add(posting);
    },
  }));
}

function name(message: ReflectMessage, field: DescField): void {
  if (field.name === 'code') message.set(field, theirs.code);
  else if (TRANSACTION_FIELDS.has(field.name))
    message.set(field, /Post|Void/.test(message.desc.name) ? theirs.hold : theirs.transaction);
  else message.set(field, theirs.account);
}

/** What an item needs besides, so that nothing but the foreign name can be at fault. */
function sound(item: ReflectMessage): void {
  for (const field of item.fields) {
    if (field.name === 'id') item.set(field, uuidv7());
    if (field.name === 'set_metadata') item.set(field, true);
  }
}

/** What a probe was told: a refusal's reason, a call's, or what it found. */
async function told({ method, request }: Probe): Promise<string> {
  const [key] = Object.entries(SERVICES).find(([, service]) => service === method.parent)!;
  const call = (
    florin[key as keyof typeof SERVICES] as unknown as Record<string, (request: unknown) => unknown>
  )[method.localName];
  try {
    if (method.methodKind === 'server_streaming') {
      const chunks = await Array.fromAsync(call(request) as AsyncIterable<unknown>);
      return `found ${chunks.length} chunks`;
    }
    const answer = (await call(request)) as Record<string, unknown>;
    const results = answer.results as { outcome: { case: string; value: { reason?: string } } }[] | undefined;
    if (results !== undefined)
      return results.map(({ outcome }) => outcome.value.reason ?? outcome.case).join();
    const lists = Object.values(answer).filter((value) => Array.isArray(value));
    return lists.length > 0 && lists.every((list) => list.length === 0) ? 'NOTHING_LISTED' : 'found';
  } catch (error) {
    if (error instanceof FlorinError && error.codeName === 'NOT_FOUND') return error.reason ?? 'NOT_FOUND';
    throw error;
  }
}

const NOT_FOUND = ['NOT_FOUND', 'ACCOUNT_NOT_FOUND', 'TRANSACTION_NOT_FOUND'];
const label = ({ method, field }: Probe): [string, Probe] => [
  `${method.name}.${field}`,
  { method, field, request: {} },
];

describe('an account or a transaction of another book', () => {
  test('is named by every RPC that takes one', () => {
    const names = new Set(probes('ours').map(({ method }) => method.name));
    const all = Object.values(SERVICES).flatMap(({ methods }) => methods.map(({ name }) => name));
    // Those name nothing but the book, or what is new in it.
    expect(all.filter((name) => !names.has(name)).sort()).toEqual(['CreateAccounts', 'ListAccounts']);
  });

  test.each(probes('ours').map(label))('is not found by %s', async (_, { method, field }) => {
    const probe = probes('ours').find((one) => one.method === method && one.field === field)!;
    expect(NOT_FOUND).toContain(await told(probe));
  });

  test('is the same as one that does not exist, to the letter', async () => {
    const messageOf = (accountId: string) =>
      florin.accounts.getAccount({ book: 'ours', account: { case: 'accountId', value: accountId } }).then(
        () => 'found',
        (error: FlorinError) => [error.codeName, error.reason, error.rawMessage.replace(accountId, 'ID')],
      );
    expect(await messageOf(theirs.account)).toEqual(await messageOf(uuidv7()));
    const listed = (accountId: string) =>
      florin.transactions.listTransactions({ book: 'ours', accountId }).then(
        ({ transactions }) => transactions,
        (error: FlorinError) => [error.codeName, error.reason, error.rawMessage.replace(accountId, 'ID')],
      );
    expect(await listed(theirs.account)).toEqual(await listed(uuidv7()));
    expect(await listed(theirs.account)).toContain('NOT_FOUND');
    // Control: of an account of ours without a transaction the list is empty.
    expect(await listed(ours.account)).toEqual([]);
  });

  test('is found by the same probes in its own book', async () => {
    const outcomes = new Map<string, string>();
    for (const probe of probes('theirs')) {
      // Postings go between accounts of the book `ours`, and each item closes or ends what the next one needs.
      if (/^(Create|Close|Update|Post|Void|Reverse)/.test(probe.method.name)) continue;
      outcomes.set(`${probe.method.name}.${probe.field}`, await told(probe));
    }
    expect(outcomes.size).toBeGreaterThan(8);
    for (const [what, outcome] of outcomes)
      expect([what, outcome]).toEqual([what, expect.stringMatching(/^found/)]);
  });

  test('may have the id and the code that something of ours has', async () => {
    const { results } = await florin.accounts.createAccounts({
      book: 'ours',
      accounts: [{ id: theirs.account, code: theirs.code, asset: 'USD', normalSide: NormalSide.DEBIT }],
    });
    expect(results[0].outcome.case).toBe('done');
    const { account } = await florin.accounts.getAccount({
      book: 'theirs',
      account: { case: 'code', value: theirs.code },
      freshness: { latest: true },
    });
    expect(account?.asset).toBe('EUR');
  });
});
