import { generateKeyPairSync } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../cli/operate/verify/report.ts';
import type { Block } from '../../core/journal/block.ts';
import { signCheckpoint, type SignedCheckpoint } from '../../core/journal/checkpoint.ts';
import { fileOf } from '../../core/journal/checkpointFile.ts';
import { publicPem } from '../../core/journal/checkpointKey.ts';
import { CheckpointMaker } from '../../core/journal/checkpointMaker.ts';
import { PgCheckpointStore } from '../../core/journal/checkpointStore.ts';
import { appendBlocks, migrated, projectBlocks } from '../support/fabricatedBooks.ts';
import { goldenShards } from '../support/goldenScript.ts';
import { needs } from '../support/needs.ts';
import { freshDatabase, type FreshDatabase } from '../support/postgres.ts';
import { edit, putBack, rechained, verified } from '../support/verifiedBooks.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'florin-verify-'));
const key = generateKeyPairSync('ed25519').privateKey;
const { control, data } = goldenShards();
const all = [...control.blocks, ...data.blocks];
let books: FreshDatabase;
/** The exported checkpoints: the first ends one block below the tip of the data shard, the second at the tips. */
let exported: string[];

beforeAll(async () => {
  books = await freshDatabase();
  await migrated(books.url);
  await appendBlocks(books.url, all);
  await projectBlocks(books.url, all);
  exported = await checkpointed(books.url);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await books.drop();
});

/** Makes two checkpoints as the core would, and exports them. */
async function checkpointed(url: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const files: string[] = [];
  try {
    let tips = [control.tip, { ...data.blocks.at(-2)! }];
    const maker = new CheckpointMaker({
      key,
      store: new PgCheckpointStore(pool),
      tips: () => tips,
      intervalMs: 0,
      clock: { wallUs: () => data.nowUs },
      timers: { after: () => () => undefined },
      onMade: (checkpoint) => files.push(exportTo(`checkpoint-${checkpoint.number}.json`, checkpoint)),
    });
    await maker.makeNow();
    tips = [control.tip, data.blocks.at(-1)!];
    await maker.makeNow();
    expect(await maker.makeNow()).toBeNull();
  } finally {
    await pool.end();
  }
  return files;
}

function exportTo(name: string, checkpoint: SignedCheckpoint): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(fileOf(checkpoint), null, 2));
  return file;
}

/** Edits one table of the books, which are green before, verifies them, and puts the table back. */
async function afterEdit(table: string, statement: string): Promise<Report> {
  const before = await verified(books.url, { checkpointFiles: exported });
  expect(before.findings).toEqual([]);
  await edit(books.url, `CREATE TABLE kept AS TABLE florin.${table}`, statement);
  try {
    return await verified(books.url, { checkpointFiles: exported });
  } finally {
    await putBack(books.url, table);
  }
}

/** Verifies a journal without read models: what a wrong kernel or writer would have left, with hashes that are right. */
async function afterWriting(blocks: readonly Block[]): Promise<Report> {
  const database = await freshDatabase();
  try {
    await migrated(database.url);
    const store = new pg.Client({ connectionString: database.url });
    await store.connect();
    for (const block of blocks) {
      await store.query('INSERT INTO florin.journal VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
        block.shard,
        block.height,
        block.epoch,
        block.firstSeq,
        block.eventCount,
        block.blockTimeUs,
        Buffer.from(block.prevHash),
        Buffer.from(block.hash),
        Buffer.from(block.body),
      ]);
    }
    await store.end();
    return await verified(database.url);
  } finally {
    await database.drop();
  }
}

/** The blocks of the data shard with one of them changed, and hashes that fit. */
function rewritten(height: number, change: (block: Block) => Partial<Block>): Block[] {
  return rechained(
    data.blocks.map((block) => (block.height === height ? { ...block, ...change(block) } : block)),
  );
}

const withByte = (block: Block, at: number, value: number): Uint8Array => {
  const body = Uint8Array.from(block.body);
  body[at] = value;
  return body;
};

const rules = (report: Report): string[] => [...new Set(report.findings.map((finding) => finding.rule))];

describe('florin verify', () => {
  test('is green on what kernel, journal and projector have written, and has looked at all of it', async () => {
    const report = await verified(books.url, { checkpointFiles: exported, sql: 'asked' });
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      shards: 2,
      blocks: all.length,
      events: all.reduce((sum, block) => sum + block.eventCount, 0),
      accounts: 8,
      tails: [],
      checkpoints: { stored: 2, outside: 2 },
    });
    expect(report.rows).toBeGreaterThan(80);
    expect(report.invariants).toBeGreaterThan(5);
  });

  test('names the tail that no checkpoint from outside covers', async () => {
    const report = await verified(books.url, { checkpointFiles: [exported[0]] });
    expect(report.ok).toBe(true);
    const { height } = data.tip;
    expect(report.tails).toEqual([
      { server: 1, shard: 5, from_height: height, to_height: height, to_seq: data.state.nextSeq - 1 },
    ]);
  });

  test('is green while the read models lag behind', async () => {
    const database = await freshDatabase();
    await migrated(database.url);
    await appendBlocks(database.url, all);
    await projectBlocks(database.url, [...control.blocks, ...data.blocks.slice(0, 4)]);
    expect((await verified(database.url)).findings).toEqual([]);
    await database.drop();
  });
});

describe('an edit of the journal', () => {
  test('a flipped bit in a block', async () => {
    const report = await afterEdit(
      'journal',
      'UPDATE florin.journal SET body = set_byte(body, 140, get_byte(body, 140) # 4) WHERE shard = 5 AND height = 3',
    );
    expect(report.findings[0]).toMatchObject({ rule: 'I11', shard: 5, height: 3 });
  });

  test('a swapped hash', async () => {
    const report = await afterEdit(
      'journal',
      `UPDATE florin.journal j SET hash = o.hash FROM florin.journal o WHERE j.shard = 5 AND o.shard = 5 AND j.height = 2 AND o.height = 4`,
    );
    expect(report.findings).toContainEqual(expect.objectContaining({ rule: 'I11', shard: 5, height: 2 }));
  });

  test('a header field that only the hash covers', async () => {
    const report = await afterEdit(
      'journal',
      'UPDATE florin.journal SET block_time_us = block_time_us + 1 WHERE shard = 64 AND height = 2',
    );
    expect(report.findings).toContainEqual(expect.objectContaining({ rule: 'I11', shard: 64, height: 2 }));
  });

  test('a block that is gone', async () => {
    const report = await afterEdit('journal', 'DELETE FROM florin.journal WHERE shard = 5 AND height = 4');
    expect(report.findings).toContainEqual(expect.objectContaining({ rule: 'I8', shard: 5, height: 5 }));
  });

  test('a tail that is cut off below the read models', async () => {
    const report = await afterEdit('journal', 'DELETE FROM florin.journal WHERE shard = 5 AND height >= 6');
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        rule: 'I11',
        shard: 5,
        height: 5,
        message: expect.stringContaining('the tail of 2 blocks, 6 to 7, is cut off'),
      }),
    );
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        rule: 'I14',
        shard: 5,
        message: expect.stringContaining('above the end of the journal'),
      }),
    );
  });

  test('any single bit, wherever it lies', async () => {
    // A fixed walk over the bodies, in odd steps, so that failures repeat.
    for (let i = 0, place = 17; i < 40; i++, place += 997) {
      const block = data.blocks[[1, 2, 4, 5, 6][i % 5]];
      const flip = `UPDATE florin.journal SET body = set_byte(body, ${place % block.body.length}, get_byte(body, ${place % block.body.length}) # ${1 << (i % 8)}) WHERE shard = 5 AND height = ${block.height}`;
      await edit(books.url, flip);
      expect(await verified(books.url), flip).toMatchObject({ ok: false });
      await edit(books.url, flip);
    }
    expect((await verified(books.url)).findings).toEqual([]);
  });
});

describe('an edit of the read models', () => {
  const account = '(5::bigint << 32 | 2)';
  test.each([
    [
      'a changed amount',
      'entries',
      `UPDATE florin.entries SET amount = amount + 1 WHERE account_key = ${account} AND version = 2`,
    ],
    [
      'a changed running balance',
      'entries',
      `UPDATE florin.entries SET credits_posted = credits_posted - 1 WHERE account_key = ${account} AND version = 3`,
    ],
    [
      'a changed effective date',
      'entries',
      `UPDATE florin.entries SET effective_date = '2020-01-01' WHERE account_key = ${account} AND version = 2`,
    ],
    ['a deleted row', 'entries', `DELETE FROM florin.entries WHERE account_key = ${account} AND version = 4`],
    [
      'an added row',
      'entries',
      `INSERT INTO florin.entries SELECT account_key, 99, seq, booked_at, amount, debits_posted, credits_posted, pending_change, debits_pending, credits_pending, effective_date, posting, side FROM florin.entries WHERE account_key = ${account} AND version = 1`,
    ],
    [
      'a changed balance',
      'account_balances',
      `UPDATE florin.account_balances SET debits_posted = debits_posted + 100, credits_posted = credits_posted + 100 WHERE account_key = ${account}`,
    ],
    ['a deleted row', 'transactions', `DELETE FROM florin.transactions WHERE seq = 12`],
    [
      'an added row',
      'transactions',
      `INSERT INTO florin.transactions SELECT (jsonb_populate_record(t, '{"seq": 999, "id": "00000000-0000-4000-8000-000000000001"}')).* FROM florin.transactions t WHERE seq = 12`,
    ],
    [
      'a changed reference',
      'transactions',
      `UPDATE florin.transactions SET reference = 'order 4712' WHERE reference LIKE 'order%'`,
    ],
    [
      'changed metadata',
      'transactions',
      `UPDATE florin.transactions SET metadata = metadata || '{"channel": "shop"}' WHERE metadata IS NOT NULL`,
    ],
    [
      'an id that is another',
      'transactions',
      `UPDATE florin.transactions SET id = gen_random_uuid() WHERE seq = 11`,
    ],
    [
      'a changed posting',
      'postings',
      'UPDATE florin.postings SET amount = amount + 1 WHERE posting = 1 AND target_posting IS NULL',
    ],
    ['a deleted posting', 'postings', 'DELETE FROM florin.postings WHERE posting = 2'],
    [
      'a changed account code',
      'accounts',
      `UPDATE florin.accounts SET code = 'customers:anne' WHERE account_key = ${account}`,
    ],
    [
      'a lifted limit',
      'accounts',
      `UPDATE florin.accounts SET posted_floor = -1000000 WHERE account_key = ${account}`,
    ],
    [
      'an account opened again',
      'accounts',
      `UPDATE florin.accounts SET closed_at = NULL WHERE closed_at IS NOT NULL`,
    ],
    [
      'a changed change',
      'account_changes',
      'UPDATE florin.account_changes SET changed_at = changed_at + interval $$1 us$$ WHERE closes',
    ],
    [
      'a hold opened again',
      'transaction_progress',
      'UPDATE florin.transaction_progress SET state = 1 WHERE state = 3',
    ],
    [
      'less reversed',
      'transaction_progress',
      `UPDATE florin.transaction_progress SET reversed = '{}' WHERE cardinality(reversed) > 0`,
    ],
    ['another reason', 'refusals', 'UPDATE florin.refusals SET reason = 119 WHERE reason = 118'],
    ['a deleted refusal', 'refusals', 'DELETE FROM florin.refusals WHERE reason = 104'],
    ['a changed count', 'refusal_days', 'UPDATE florin.refusal_days SET count = count - 1'],
    [
      'a moved day',
      'displaced_days',
      'UPDATE florin.displaced_days SET debits = debits + 1 WHERE debits > 0',
    ],
    ['a deleted day', 'displaced_days', 'DELETE FROM florin.displaced_days WHERE credits > 0'],
    ['a book on another shard', 'books', 'UPDATE florin.books SET shard = 6 WHERE number = 1'],
    ['another scale', 'assets', `UPDATE florin.assets SET scale = 2 WHERE code = 'POINTS'`],
    ['a renamed book', 'adopted_books', `UPDATE florin.adopted_books SET name = 'shoq'`],
    [
      'an asset of its own',
      'adopted_assets',
      `INSERT INTO florin.adopted_assets VALUES (5, 'GOLD', 3, 'Gold', 1, 1)`,
    ],
    [
      'a moved watermark',
      'projection',
      'UPDATE florin.projection SET last_account = last_account - 1 WHERE shard = 5',
    ],
  ])('%s in %s', async (_, table, statement) => {
    const report = await afterEdit(table, statement);
    expect(report.ok).toBe(false);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ rule: 'I14', table: `florin.${table}`, key: expect.any(String) }),
    );
  });
});

describe('a checkpoint', () => {
  test('finds a tail that was cut off everywhere, as in an older backup; without it nothing shows', async () => {
    const database = await freshDatabase();
    await migrated(database.url);
    const older = [...control.blocks, ...data.blocks.slice(0, -2)];
    await appendBlocks(database.url, older);
    await projectBlocks(database.url, older);
    expect((await verified(database.url)).findings).toEqual([]);
    const report = await verified(database.url, { checkpointFiles: [exported[1]] });
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        shard: 5,
        height: 5,
        message: expect.stringContaining('the tail of 2 blocks, 6 to 7, is cut off'),
      }),
    );
    await database.drop();
  });

  test('finds history that was rewritten whole, hashes and read models included; without it nothing shows', async () => {
    const other = goldenShards();
    other.data.nowUs += 1;
    other.data.seal();
    const blocks = [
      ...other.control.blocks,
      ...rechained(
        other.data.blocks.map((block) =>
          block.height === 7 ? { ...block, blockTimeUs: block.blockTimeUs + 1 } : block,
        ),
      ),
    ];
    const database = await freshDatabase();
    await migrated(database.url);
    await appendBlocks(database.url, blocks);
    await projectBlocks(database.url, blocks);
    expect((await verified(database.url)).findings).toEqual([]);
    const report = await verified(database.url, { checkpointFiles: [exported[1]] });
    expect(report.findings).toContainEqual(expect.objectContaining({ rule: 'I11', shard: 5, height: 7 }));
    await database.drop();
  });

  test('that was forged in the database, signed with another key', async () => {
    const forged = signCheckpoint(
      {
        number: 3,
        createdUs: data.nowUs,
        prevHash: Buffer.from(JSON.parse(JSON.stringify(fileOfNumber(2))).hash, 'hex'),
        tips: tipsOfAll(),
      },
      generateKeyPairSync('ed25519').privateKey,
    );
    const hex = (bytes: Uint8Array): string => `decode('${Buffer.from(bytes).toString('hex')}', 'hex')`;
    const report = await afterEdit(
      'checkpoints',
      `INSERT INTO florin.checkpoints VALUES (3, ${hex(forged.body)}, ${hex(forged.hash)}, ${hex(forged.signature)}, ${hex(forged.publicKey)}, now())`,
    );
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        rule: 'checkpoint',
        key: 'number 3',
        message: expect.stringContaining('forged'),
      }),
    );
  });

  test('whose signed bytes were changed in the database', async () => {
    const report = await afterEdit(
      'checkpoints',
      'UPDATE florin.checkpoints SET body = set_byte(body, 100, 9) WHERE number = 1',
    );
    expect(report.findings).toContainEqual(expect.objectContaining({ rule: 'checkpoint', key: 'number 1' }));
  });

  test('that was deleted from the database', async () => {
    const report = await afterEdit('checkpoints', 'DELETE FROM florin.checkpoints WHERE number = 2');
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        rule: 'checkpoint',
        key: 'number 2',
        message: expect.stringContaining('exported'),
      }),
    );
  });

  test('whose file was changed, or signed with a key that is not trusted', async () => {
    const changed = join(folder, 'changed.json');
    const file = fileOfNumber(2);
    file.tips[0].height += 1;
    writeFileSync(changed, JSON.stringify(file));
    expect(rules(await verified(books.url, { checkpointFiles: [changed] }))).toEqual(['checkpoint']);
    const pem = join(folder, 'other.pub');
    writeFileSync(
      pem,
      publicPem(
        signCheckpoint(
          { number: 1, createdUs: 0, prevHash: Buffer.alloc(32), tips: [] },
          generateKeyPairSync('ed25519').privateKey,
        ).publicKey,
      ),
    );
    expect(rules(await verified(books.url, { checkpointFiles: exported, keyFiles: [pem] }))).toEqual([
      'checkpoint',
    ]);
  });

  function fileOfNumber(number: number): ReturnType<typeof fileOf> {
    const made = signCheckpoint(
      { number: 1, createdUs: data.nowUs, prevHash: Buffer.alloc(32), tips: tipsOfAll(data.blocks.at(-2)) },
      key,
    );
    return fileOf(
      number === 1
        ? made
        : signCheckpoint({ number: 2, createdUs: data.nowUs, prevHash: made.hash, tips: tipsOfAll() }, key),
    );
  }

  function tipsOfAll(dataTip: { height: number; hash: Uint8Array } = data.tip): SignedCheckpoint['tips'] {
    return Array.from({ length: 65 }, (_, shard) => {
      const tip =
        shard === 64 ? control.tip : shard === 5 ? dataTip : { height: 0, hash: new Uint8Array(32) };
      return { shard, height: tip.height, hash: tip.hash };
    });
  }
});

describe('a journal that no right kernel wrote, with hashes that fit', () => {
  test('control: the same blocks, untouched', async () => {
    expect((await afterWriting(rewritten(3, () => ({})))).findings).toEqual([]);
  });

  test.each<[string, string, (blocks: Block[]) => Block[]]>([
    [
      'a counter that is not the sum of its entries',
      'I3',
      () => rewritten(3, (block) => ({ body: withByte(block, 40 + 32, 7) })),
    ],
    ['a version that skips', 'I4', () => rewritten(3, (block) => ({ body: withByte(block, 40 + 16, 9) }))],
    [
      'an amount that only one side knows',
      'I3',
      () => rewritten(3, (block) => ({ body: withByte(block, 40 + 8, 99) })),
    ],
    ['an epoch that falls', 'I10', () => rewritten(6, () => ({ epoch: 2 }))],
    ['a seq that skips', 'I8', () => rewritten(6, (block) => ({ firstSeq: block.firstSeq + 1 }))],
    ['a time that falls', 'I8', () => rewritten(6, (block) => ({ blockTimeUs: block.blockTimeUs - 1e12 }))],
    [
      'a count that is not that of the events',
      'I11',
      () => rewritten(6, (block) => ({ eventCount: block.eventCount + 1 })),
    ],
    [
      'a block that comes twice: ids, holds',
      'I7',
      () => rechained(data.blocks.flatMap((block) => again(block, 5))),
    ],
    ['holds that are resolved twice', 'I6', () => rechained(data.blocks.flatMap((block) => again(block, 5)))],
    ['a floor that is passed', 'I5', () => rewritten(2, (block) => ({ body: withFloor(block) }))],
    ['an event type of no release', 'I11', () => rewritten(3, (block) => ({ body: withByte(block, 4, 77) }))],
  ])('%s', async (_, rule, change) => {
    const report = await afterWriting(change(data.blocks));
    expect(rules(report)).toContain(rule);
  });

  function again(block: Block, height: number): Block[] {
    const shift = block.height > height ? 1 : 0;
    const events = data.blocks[height - 1].eventCount;
    const moved = { ...block, height: block.height + shift, firstSeq: block.firstSeq + shift * events };
    return block.height === height
      ? [moved, { ...block, height: height + 1, firstSeq: block.firstSeq + events }]
      : [moved];
  }

  /** customers:bob may not fall below 0; raised to 2^55 his floor is passed by his first entry, if not before. */
  function withFloor(block: Block): Uint8Array {
    const view = new DataView(block.body.buffer, block.body.byteOffset);
    let at = 0;
    for (let i = 0; i < 2; i++) at += view.getUint32(at, true);
    return withByte(block, at + 40 + 6, 128);
  }
});

describe('by hand, as docs/journal.md says', () => {
  const document = readFileSync(join(root, 'docs/journal.md'), 'utf8');

  test('one query recomputes every hash, and shows a block that was changed', async () => {
    const sql = /```sql\n(.*?)```/s.exec(document)?.[1] ?? '';
    const ask = async (): Promise<unknown[]> => {
      const client = new pg.Client({ connectionString: books.url });
      await client.connect();
      const result = await client.query(sql);
      await client.end();
      return result.rows;
    };
    expect(await ask()).toEqual([]);
    await edit(
      books.url,
      'CREATE TABLE kept AS TABLE florin.journal',
      'UPDATE florin.journal SET epoch = epoch + 1 WHERE shard = 64 AND height = 1',
    );
    expect(await ask()).toEqual([{ shard: 64, height: '1' }]);
    await putBack(books.url, 'journal');
  });

  test.runIf(needs('openssl', 'jq', 'sha256sum'))('openssl verifies an exported checkpoint', () => {
    const [, script] =
      document
        .split('```sh\n')
        .slice(-1)[0]
        .match(/^(.*?)```/s) ?? [];
    const work = mkdtempSync(join(folder, 'by-hand-'));
    copyFileSync(exported[1], join(work, 'checkpoint.json'));
    const { public_key_pem, hash } = JSON.parse(readFileSync(exported[1], 'utf8')) as ReturnType<
      typeof fileOf
    >;
    writeFileSync(join(work, 'checkpoint.pub'), public_key_pem);
    const run = spawnSync('sh', ['-e', '-c', script ?? 'false'], { cwd: work, encoding: 'utf8' });
    expect(run.stdout, run.stderr).toContain('Signature Verified Successfully');
    expect(run.stdout.split('\n')[0]).toContain(hash);
  });
});

describe('the command', () => {
  const florin = (url: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'bin/florin.cjs'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL: url, DATABASE_URLS: '', FLORIN_DATA_DIR: folder },
    });

  test('exits with 0, 1 and 2, and says what is broken in its last line of JSON', async () => {
    const green = florin(books.url, 'verify', '--json', '--checkpoint', ...exported);
    expect(green.status, green.stderr).toBe(0);
    expect(JSON.parse(green.stdout.trim().split('\n').at(-1)!)).toMatchObject({ ok: true, findings: [] });
    await edit(
      books.url,
      'CREATE TABLE kept AS TABLE florin.account_balances',
      'UPDATE florin.account_balances SET last_seq = last_seq + 1',
    );
    const red = florin(books.url, 'verify');
    await putBack(books.url, 'account_balances');
    expect(red.status).toBe(1);
    expect(red.stdout).toMatch(
      /florin\.account_balances \[account_key \d+ \(shard 5, account 1\)\]: last_seq is \d+, the journal says \d+/,
    );
    const gone = florin('postgres://nobody@127.0.0.1:1/none', 'verify');
    expect(gone.status).toBe(2);
    expect(gone.stderr).toMatch(/^florin: no Postgres answers/);
  }, 60_000);

  test('exports and shows a checkpoint that verify then takes, and never writes over a file', () => {
    const out = join(folder, 'exported.json');
    expect(florin(books.url, 'checkpoint', 'export', '--number', '2', '--out', out).status).toBe(0);
    expect(florin(books.url, 'checkpoint', 'export', '--out', out).stderr).toContain('is there already');
    expect(florin(books.url, 'verify', '--checkpoint', out).status).toBe(0);
    const shown = florin(books.url, 'checkpoint', 'show', '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ number: 2, format: 'florin checkpoint 1' });
    expect(florin(books.url, 'checkpoint', 'show', '--number', '9').status).toBe(1);
  }, 60_000);
});
