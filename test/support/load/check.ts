import pg from 'pg';
import { connectFlorin, type Florin } from '../../../client/index.ts';
import type { LoadedBook } from './books.ts';
import { sendBatch } from './callers.ts';
import type { Asked, ClientLedger, Kept } from './clientLedger.ts';
import { foldOf } from './fold.ts';

const RESENT_AT_ONCE = 1_000;
const OPS = ['create', 'post', 'void', 'reverse'] as const;

export interface Checked {
  readonly target: string;
  readonly databaseUrl: string;
  readonly books: readonly LoadedBook[];
  readonly ledger: ClientLedger;
}

/** Sends everything again: what was answered must be answered the same, what was open is known afterwards. */
export async function resend(
  { target, books, ledger }: Checked,
  only: 'all' | 'open' = 'all',
): Promise<void> {
  const florin = connectFlorin({ target, timeoutMs: 30_000, retry: { attemptsMax: 1 } });
  try {
    for (const op of OPS) {
      for (const { name } of books) {
        const batch = [...ledger.kept.values()]
          .filter(
            ({ book, asked, told }) =>
              book === name && asked.op === op && (only === 'all' || isOpen(told.is)),
          )
          .map(({ asked }) => asked);
        for (let i = 0; i < batch.length; i += RESENT_AT_ONCE)
          await sendAgain(florin, { ledger, book: name, batch: batch.slice(i, i + RESENT_AT_ONCE) });
      }
    }
  } finally {
    florin.close();
  }
}

async function sendAgain(florin: Florin, call: { ledger: ClientLedger; book: string; batch: Asked[] }) {
  if ((await sendBatch({ florin, ...call })) !== null) throw new Error('a core that is ready did not answer');
}

function isOpen(is: Kept['told']['is']): boolean {
  return is === 'open' || is === 'nothing';
}

/** Every way in which the ledger is not what the client was told; none: they agree. */
export async function findings(checked: Checked): Promise<string[]> {
  const { ledger, books, target, databaseUrl } = checked;
  await resend(checked);
  const found = [...ledger.contradictions];
  for (const [id, { told }] of ledger.kept) if (isOpen(told.is)) found.push(`${id} has no answer`);
  await caughtUp(target, books);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const { name } of books) found.push(...(await bookFindings(client, ledger, name)));
    found.push(...(await receiptFindings(client, ledger)));
    found.push(...(await invariantFindings(client)));
  } finally {
    await client.end();
  }
  return found;
}

/** The read models hold everything that was acknowledged. */
async function caughtUp(target: string, books: readonly LoadedBook[]): Promise<void> {
  const florin = connectFlorin({ target });
  try {
    for (const { name, world } of books)
      await florin.accounts.getAccount({
        book: name,
        account: { case: 'accountId', value: world },
        freshness: { latest: true, waitMs: 10_000 },
      });
  } finally {
    florin.close();
  }
}

async function bookFindings(client: pg.Client, ledger: ClientLedger, book: string): Promise<string[]> {
  const kept = [...ledger.kept.values()].filter((one) => one.book === book);
  const fold = foldOf(kept);
  const told = (is: 'booked' | 'refused') =>
    new Map(
      kept.flatMap(({ asked, told }) => {
        // A refusal without a seq was not remembered, so it is nowhere to be found.
        if (told.is !== is || told.seq === 0n) return [];
        return [
          [asked.item.id, told.is === 'refused' ? `${told.seq} ${told.reason}` : String(told.seq)] as const,
        ];
      }),
    );
  const transactions = `SELECT id::text AS key, seq::text AS value FROM books.transactions WHERE book = $1`;
  const refusals = `SELECT id::text AS key, seq || ' ' || reason AS value FROM books.refusals WHERE book = $1`;
  const counters = `SELECT id::text AS key, concat_ws(' ', version, debits_posted, credits_posted, debits_pending, credits_pending)
    AS value FROM books.accounts WHERE book = $1 AND version > 0`;
  const entries = `SELECT concat_ws(' ', account_id, version) AS key, concat_ws(' ', seq, posted_balance, available_balance) AS value
    FROM books.entries WHERE book = $1`;
  return [
    ...(await compared(client, { what: 'transaction', sql: transactions, book, told: told('booked') })),
    ...(await compared(client, { what: 'refusal', sql: refusals, book, told: told('refused') })),
    ...(await compared(client, { what: 'account', sql: counters, book, told: fold.accounts })),
    ...(await compared(client, { what: 'entry', sql: entries, book, told: fold.entries })),
    ...fold.findings,
  ];
}

async function compared(
  client: pg.Client,
  of: { what: string; sql: string; book: string; told: ReadonlyMap<string, string> },
): Promise<string[]> {
  const { rows } = await client.query<{ key: string; value: string }>(of.sql, [of.book]);
  const found: string[] = [];
  const seen = new Set<string>();
  for (const { key, value } of rows) {
    const told = of.told.get(key);
    if (seen.has(key)) found.push(`${of.what} ${key} is there twice`);
    else if (told === undefined) found.push(`${of.what} ${key} is there and was never told`);
    else if (told !== value) found.push(`${of.what} ${key} was told as "${told}" and is "${value}"`);
    seen.add(key);
  }
  for (const key of of.told.keys())
    if (!seen.has(key)) found.push(`${of.what} ${key} was told and is missing`);
  return found;
}

/** Blocks whose hash a client holds are still those blocks. */
async function receiptFindings(client: pg.Client, { receipts }: ClientLedger): Promise<string[]> {
  const held = [...receipts.values()];
  const { rows } = await client.query<{ shard: number; height: string; epoch: string; hash: Buffer }>(
    `SELECT shard, height, epoch, hash FROM florin.journal
     JOIN unnest($1::smallint[], $2::bigint[]) AS asked (shard, height) USING (shard, height)`,
    [held.map(({ shard }) => shard), held.map(({ height }) => String(height))],
  );
  const found: string[] = [];
  for (const row of rows) {
    const receipt = receipts.get(`${row.shard} ${row.height}`)!;
    if (Buffer.compare(row.hash, receipt.blockHash) !== 0)
      found.push(`block ${row.shard} ${row.height} is another one`);
  }
  if (rows.length !== held.length) found.push(`${held.length - rows.length} acknowledged blocks are missing`);
  return found;
}

/** The views books.invariant_* show what violates them. */
async function invariantFindings(client: pg.Client): Promise<string[]> {
  const views = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.views WHERE table_schema = 'books' AND table_name LIKE 'invariant%'`,
  );
  if (views.rows.length < 10) return [`only ${views.rows.length} invariants are there`];
  const found: string[] = [];
  for (const { name } of views.rows) {
    const broken = await client.query<{ subject: string; detail: string }>(
      `SELECT * FROM books.${name} LIMIT 5`,
    );
    found.push(...broken.rows.map(({ subject, detail }) => `${name}: ${subject}: ${detail}`));
  }
  return found;
}
