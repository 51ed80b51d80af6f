import { create } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FlorinClient } from '../../../client/index.ts';
import { RefusalSchema } from '../../../gen/florin/errors/v1/refusal_pb.ts';
import type { AccountToOpen, TransactionToBook } from './booking.ts';
import { type ImportOptions, importBerka } from './import.ts';
import { reportJson, summaryOf } from './report.ts';

const bundled = readFileSync(new URL('../../../examples/berka/trans.asc', import.meta.url), 'utf8');
const [header, ...lines] = bundled.split('\r\n');
const small = (...rows: string[]): string => [header, ...rows, ''].join('\r\n');

/** As much of a core as the import can see. Ids in `refuse` are refused by reference. */
function fakeCore({ refuse = [] as string[], behind = 0, lost = '' } = {}) {
  const accounts = new Map<string, AccountToOpen & { balance: bigint }>();
  const booked = new Map<string, TransactionToBook>();
  const calls: string[] = [];
  let books = 0;
  let underWay = 0;
  let readsBehind = behind;
  const move = (id: string | undefined, amount: bigint, side: 'debit' | 'credit'): void => {
    const account = accounts.get(id ?? '');
    if (account === undefined) throw new Error(`no account ${id}`);
    account.balance += (account.normalSide === 1) === (side === 'debit') ? amount : -amount;
  };
  const bookOne = (one: TransactionToBook) => {
    if (refuse.includes(one.reference ?? '')) {
      const refusal = create(RefusalSchema, {
        reason: 'LIMIT_EXCEEDED',
        message: 'too much',
        field: 'postings[0].amount',
      });
      return { outcome: { case: 'refused', value: refusal } };
    }
    const replayed = booked.has(one.id ?? '');
    if (!replayed) {
      booked.set(one.id ?? '', one);
      for (const { debitAccount, creditAccount, amount = 0n } of one.postings ?? []) {
        move(debitAccount, amount, 'debit');
        move(creditAccount, amount, 'credit');
      }
    }
    return { outcome: { case: 'booked', value: { replayed } } };
  };
  const client = {
    books: {
      getBook: async () => {
        if (books === 0) throw Object.assign(new Error('no such book'), { code: 5 });
        return {};
      },
      createBook: async () => {
        calls.push('createBook');
        books += 1;
      },
    },
    accounts: {
      createAccounts: async (request: { accounts: AccountToOpen[] }) => {
        calls.push('createAccounts');
        for (const one of request.accounts) {
          if (!accounts.has(one.id ?? '')) accounts.set(one.id ?? '', { ...one, balance: 0n });
        }
        return {
          results: request.accounts.map(() => ({ outcome: { case: 'done' } })),
          position: { seq: 1n },
        };
      },
      listAccounts: async ({
        codePrefix,
        pageToken,
        freshness,
      }: {
        codePrefix: string;
        pageToken: string;
        freshness: { minSeq: bigint };
      }) => {
        if (readsBehind > 0) {
          readsBehind -= 1;
          throw Object.assign(new Error('behind'), { code: 14, reason: 'READ_MODEL_BEHIND' });
        }
        if (freshness.minSeq !== BigInt(booked.size)) throw new Error(`reads at ${freshness.minSeq}`);
        const all = [...accounts.values()].filter(({ code }) => code.startsWith(codePrefix));
        const start = Number(pageToken || 0);
        const end = start + 1000;
        return {
          accounts: all.slice(start, end).map(({ balance }) => ({ postedBalance: balance })),
          nextPageToken: end < all.length ? String(end) : '',
        };
      },
    },
    transactions: {
      createTransactions: async (request: { transactions: TransactionToBook[] }) => {
        calls.push('createTransactions');
        if (lost !== '') throw Object.assign(new Error(lost), { code: 14 });
        underWay += 1;
        if (underWay > 1) throw new Error('two batches under way');
        await new Promise((resolve) => setImmediate(resolve));
        const results = request.transactions.map(bookOne);
        underWay -= 1;
        return { results, position: { seq: BigInt(booked.size) } };
      },
    },
  };
  return { client: client as unknown as FlorinClient, accounts, booked, calls };
}

function run(core: ReturnType<typeof fakeCore>, text: string, onBadRow: ImportOptions['onBadRow'] = 'stop') {
  return importBerka({ client: core.client, text, book: 'berka', onBadRow });
}

describe("the bank's file", () => {
  it('is booked exactly, in the order of the file, and a second run changes nothing', async () => {
    const core = fakeCore();
    const first = await run(core, bundled);
    expect(reportJson(first, { isSkipping: false })).toMatchObject({
      book: 'berka',
      accounts: 1_229,
      transactions: 49_102,
      created: 49_102,
      replayed: 0,
      balance_sum: 3_924_614_280,
    });
    const references = [...core.booked.values()].map(({ reference }) => reference);
    expect(references).toEqual(lines.filter(Boolean).map((line) => line.split(';')[0]));

    const second = await run(core, bundled);
    expect(second).toMatchObject({ created: 0, replayed: 49_102, balanceSum: 3_924_614_280n });
    expect(summaryOf(second)[0]).toMatch(/^Nothing changed: all 49,102 transactions/);
    expect(core.calls.filter((call) => call === 'createBook')).toHaveLength(1);
  });

  it('balances: what customers have stands against what the bank has', async () => {
    const core = fakeCore();
    await run(core, bundled);
    const sides = { debit: 0n, credit: 0n };
    for (const { normalSide, balance } of core.accounts.values()) {
      sides[normalSide === 1 ? 'debit' : 'credit'] += balance;
    }
    expect(sides.debit).toBe(sides.credit);
  });
});

describe('a file with a bad row', () => {
  const text = small(lines[0] ?? '', 'broken', lines[1] ?? '');

  it('is turned away before anything is sent', async () => {
    const core = fakeCore();
    await expect(run(core, text)).rejects.toThrow(
      /Nothing was sent:\n {2}line 3, column account_id: it is missing/,
    );
    expect(core.calls).toEqual([]);
  });

  it('is booked without it when that is asked for, and says so', async () => {
    const report = await run(fakeCore(), text, 'skip');
    expect(report).toMatchObject({ created: 2, accounts: 2 });
    expect(reportJson(report, { isSkipping: true }).skipped).toEqual([
      { line: 3, column: 'account_id', problem: expect.stringContaining('missing') },
    ]);
  });

  it('with nothing but bad rows is turned away in any case', async () => {
    const core = fakeCore();
    await expect(run(core, small('broken'), 'skip')).rejects.toThrow(/Nothing was sent/);
    await expect(run(core, small(), 'skip')).rejects.toThrow(/no rows/);
    expect(core.calls).toEqual([]);
  });
});

describe('a row that the core refuses', () => {
  const second = lines[1]?.split(';')[0] ?? '';

  it('is named with its line and column, and no further batch is sent', async () => {
    const core = fakeCore({ refuse: [second] });
    const report = await run(core, bundled);
    expect(report.refusedRows).toEqual([
      { line: 3, column: 'amount', problem: 'refused with LIMIT_EXCEEDED (postings[0].amount): too much' },
    ]);
    expect(report.created).toBe(2_047);
    expect(summaryOf(report)[0]).not.toContain('Nothing changed');
  });

  it('does not stop the others with skip', async () => {
    const report = await run(fakeCore({ refuse: [second] }), bundled, 'skip');
    expect(report.created).toBe(49_101);
    expect(report.refusedRows).toHaveLength(1);
  });
});

it('waits for read models that are behind', async () => {
  const report = await run(fakeCore({ behind: 3 }), small(lines[0] ?? ''));
  expect(report.accounts).toBe(1);
});

it('says which lines got no answer, and that running it again is safe', async () => {
  const core = fakeCore({ lost: 'connection lost.' });
  await expect(run(core, small(lines[0] ?? '', lines[1] ?? ''))).rejects.toThrow(
    /^lines 2 to 3 got no answer \(connection lost\): run the same import again/,
  );
});
