import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  DAY_US,
  NOON_US,
  create,
  hold,
  open,
  post,
  posting,
  uuid,
  voiding,
} from '../../test/support/ledger.ts';
import {
  MemoryFeed,
  type ReadModelDatabase,
  projectAll,
  readModelDatabase,
} from '../../test/support/projecting.ts';
import { ScriptedShard } from '../../test/support/scriptedShard.ts';
import { getBalance } from './queries/balances.ts';
import {
  statementPage,
  streamStatement,
  type StatementCursor,
  type StatementLine,
  type StatementRange,
} from './queries/statements.ts';

const shard = new ScriptedShard(5, NOON_US);
const accounts = [uuid(1), uuid(2), uuid(3)];
const FIRST_DAY = Math.floor(NOON_US / DAY_US);
const DAYS = 20;
let db: ReadModelDatabase;

/** A pseudo-random history with a seed in plain sight: days of booking, backdated and postdated entries, holds, posts in part. */
const SEED = 20_260_115;
let state = SEED;
function below(n: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}

function script(): void {
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: 5 });
  for (const [index, id] of accounts.entries())
    shard.run(open(id, { code: `a${index}`, normalSide: index === 0 ? 1 : 2 }));
  for (let i = 0, n = 100; i < 400; i++, n += 2) {
    const debit = below(3);
    const moves = [posting(accounts[debit], accounts[(debit + 1 + below(2)) % 3], BigInt(1 + below(500)))];
    if (below(3) === 0) moves.push(posting(accounts[1], accounts[2], BigInt(1 + below(50))));
    const dated = below(3) === 0 ? { effectiveDay: FIRST_DAY + below(2 * DAYS) - 5 } : {};
    if (below(4) === 0) {
      shard.run(hold(uuid(n), moves, dated));
      if (below(3) > 0)
        shard.run(
          post(uuid(n + 1), uuid(n), {
            ...dated,
            keepOpen: below(2) === 0,
            amounts: [{ posting: 0, amount: 1n }],
          }),
        );
      else shard.run(voiding(uuid(n + 1), uuid(n)));
    } else {
      shard.run(create(uuid(n), moves, dated));
    }
    if (below(3) === 0) shard.seal();
    if (below(20) === 0) shard.nowUs += DAY_US;
    shard.nowUs += 1_000_000 * below(600);
  }
  shard.seal();
}

interface Row {
  version: number;
  side: number;
  amount: bigint;
  us: number;
  day: number;
  effective: number;
  debits_pending: bigint;
  credits_pending: bigint;
}
const history = new Map<string, Row[]>();
const ref = (code: string) => ({ shard: 5, book: 1, code });

beforeAll(async () => {
  db = await readModelDatabase();
  script();
  const feed = new MemoryFeed();
  feed.add(...shard.blocks);
  await projectAll(db.url, feed, { 5: shard.state.nextSeq - 1 });
  // The naive side: plain sums over everything, by the view.
  for (const code of ['a0', 'a1', 'a2']) {
    const rows = await db.rows(
      `SELECT version, side, amount, extract(epoch FROM booked_at) * 1000000 AS us, (booked_at AT TIME ZONE 'UTC')::date - date '1970-01-01' AS day,
              effective_date - date '1970-01-01' AS effective, debits_pending, credits_pending
       FROM books.entries WHERE code = $1 ORDER BY version`,
      [code],
    );
    history.set(
      code,
      rows.map((row) => ({
        version: Number(row.version),
        side: row.side === 'DEBIT' ? 1 : 2,
        amount: BigInt(row.amount as string),
        us: Number(row.us),
        day: Number(row.day),
        effective: Number(row.effective),
        debits_pending: BigInt(row.debits_pending as string),
        credits_pending: BigInt(row.credits_pending as string),
      })),
    );
  }
});
afterAll(() => db.drop());

const sum = (rows: Row[], side: number): bigint =>
  rows.filter((row) => row.side === side).reduce((total, row) => total + row.amount, 0n);
const dateOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

test('the history is worth searching: enough entries, some displaced both ways', () => {
  const all = [...history.values()].flat();
  expect(all.length).toBeGreaterThan(500);
  expect(all.some((row) => row.amount > 0n && row.effective < row.day)).toBe(true);
  expect(all.some((row) => row.amount > 0n && row.effective > row.day)).toBe(true);
});

test('a balance by booking time equals the sum of what was booked by then', async () => {
  const moments = fc.record({
    code: fc.constantFrom('a0', 'a1', 'a2'),
    us: fc.integer({ min: NOON_US - DAY_US, max: shard.nowUs + DAY_US }),
  });
  await fc.assert(
    fc.asyncProperty(moments, async ({ code, us }) => {
      const rows = (history.get(code) ?? []).filter((row) => row.us <= us);
      const last = rows.at(-1);
      const { value } = await getBalance(db.pool, ref(code), { at: 'booked', us });
      expect(value).toMatchObject({
        version: BigInt(last?.version ?? 0),
        debitsPosted: sum(rows, 1),
        creditsPosted: sum(rows, 2),
        debitsPending: last?.debits_pending ?? 0n,
        creditsPending: last?.credits_pending ?? 0n,
      });
    }),
    { numRuns: 150, seed: SEED },
  );
});

test('at the very microsecond of a block its entries count, one before they do not', async () => {
  const [first] = history.get('a1') ?? [];
  expect((await getBalance(db.pool, ref('a1'), { at: 'booked', us: first.us - 1 })).value?.version).toBe(0n);
  expect(
    (await getBalance(db.pool, ref('a1'), { at: 'booked', us: first.us })).value?.version,
  ).toBeGreaterThan(0n);
});

test('a balance by effective date equals the sum of what takes effect by then, on every day', async () => {
  for (const [code, rows] of history) {
    for (let day = FIRST_DAY - 8; day < FIRST_DAY + 2 * DAYS + 8; day++) {
      const counted = rows.filter((row) => row.effective <= day);
      const { value } = await getBalance(db.pool, ref(code), { at: 'effective', date: dateOf(day) });
      expect([day, value?.debitsPosted, value?.creditsPosted]).toEqual([
        day,
        sum(counted, 1),
        sum(counted, 2),
      ]);
    }
  }
});

describe.each(['booked', 'effective'] as const)('a statement by %s date', (axis) => {
  const range: StatementRange = { axis, fromDate: dateOf(FIRST_DAY + 1), toDate: dateOf(FIRST_DAY + 9) };
  const axisDay = (row: Row): number => (axis === 'booked' ? row.day : row.effective);
  const inRange = (row: Row): boolean =>
    row.amount > 0n && axisDay(row) >= FIRST_DAY + 1 && axisDay(row) <= FIRST_DAY + 9;

  async function pages(
    code: string,
    of: StatementRange,
  ): Promise<{ lines: StatementLine[]; opening: bigint; closing: bigint }> {
    const lines: StatementLine[] = [];
    let after: StatementCursor | null = null;
    for (;;) {
      const { value } = await statementPage(db.pool, ref(code), { range: of, after, limit: 7 });
      if (value === null) throw new Error('no such account');
      lines.push(...value.lines.rows);
      if (value.next === null)
        return { lines, opening: value.header.openingBalance, closing: value.header.closingBalance };
      after = value.next;
    }
  }

  test.each(['a0', 'a1', 'a2'])(
    'pages of %s hold exactly the lines of the range, in order, and run from opening to closing',
    async (code) => {
      const { lines, opening, closing } = await pages(code, range);
      const expected = (history.get(code) ?? [])
        .filter(inRange)
        .sort((a, b) => axisDay(a) - axisDay(b) || a.version - b.version);
      expect(expected.length).toBeGreaterThan(20);
      expect(lines.map((line) => Number(line.version))).toEqual(expected.map((row) => row.version));
      const normal = code === 'a0' ? 1 : 2;
      let balance = opening;
      for (const line of lines) {
        balance += line.side === normal ? line.amount : -line.amount;
        expect(line.balance).toBe(balance);
      }
      expect(balance).toBe(closing);
    },
  );

  test('the stream is the pages, and ends with their sums', async () => {
    for (const wanted of [range, { axis, fromDate: null, toDate: null }]) {
      const { lines, closing } = await pages('a1', wanted);
      const streamed: StatementLine[] = [];
      let footer: unknown = null;
      for await (const chunk of streamStatement(db.pool, ref('a1'), { range: wanted, chunkLines: 10 })) {
        streamed.push(...chunk.lines);
        footer = chunk.footer;
        expect(chunk.header.closingBalance).toBe(closing);
      }
      expect(streamed).toEqual(lines);
      expect(footer).toMatchObject({ lineCount: lines.length });
    }
  });

  test('counter-accounts are the other side of the posting', async () => {
    const { lines } = await pages('a1', range);
    const moves = await db.rows(
      "SELECT e.version, CASE e.side WHEN 'DEBIT' THEN p.credit_code ELSE p.debit_code END AS other FROM books.entries e JOIN books.postings p USING (book, seq, posting) WHERE e.code = $1",
      ['a1'],
    );
    const other = new Map(moves.map((row) => [Number(row.version), row.other]));
    expect(lines.map((line) => line.counterAccount)).toEqual(
      lines.map((line) => other.get(Number(line.version))),
    );
  });
});

describe('no scan', () => {
  /** Sequential scans of entries by one statement: the counters of its own transaction, which no other session moves. */
  async function seqScansOf(statement: string): Promise<number> {
    const client = await db.pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(statement);
      const found = await client.query<{ scans: string }>(
        "SELECT seq_scan AS scans FROM pg_stat_xact_user_tables WHERE schemaname = 'florin' AND relname = 'entries'",
      );
      await client.query('ROLLBACK');
      return Number(found.rows[0].scans);
    } finally {
      client.release();
    }
  }

  test('a past balance probes the primary key of entries and scans nothing, and a plain sum does scan', async () => {
    await db.pool.query('ANALYZE florin.entries');
    expect(await seqScansOf("SELECT * FROM books.balance_at('acme', 'a1', now())")).toBe(0);
    expect(await seqScansOf("SELECT * FROM books.balance_on('acme', 'a1', '2026-01-20')")).toBe(0);
    // The control: the counter does count.
    expect(await seqScansOf('SELECT sum(amount) FROM florin.entries')).toBe(1);
  });

  test('a search through n entries costs about log2(n) probes', async () => {
    const client = await db.pool.connect();
    try {
      const found = await client.query<{ 'QUERY PLAN': string }>(
        'EXPLAIN (ANALYZE, BUFFERS, TIMING off, SUMMARY off) SELECT florin.version_booked_at(account_key, now()) FROM florin.accounts WHERE code = $1',
        ['a1'],
      );
      const text = found.rows.map((row) => row['QUERY PLAN']).join('\n');
      const buffers = Number(/shared hit=(\d+)/.exec(text)?.[1] ?? Infinity);
      // Ten probes of three pages or so each, planning of the inner queries included.
      expect(buffers).toBeLessThan(400);
    } finally {
      client.release();
    }
  });
});
