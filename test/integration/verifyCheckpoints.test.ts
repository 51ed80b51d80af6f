import { generateKeyPairSync } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../cli/operate/verify/report.ts';
import { signCheckpoint, type SignedCheckpoint } from '../../core/journal/checkpoint.ts';
import { fileOf } from '../../core/journal/checkpointFile.ts';
import { publicPem } from '../../core/journal/checkpointKey.ts';
import { appendBlocks, migrated, projectBlocks } from '../support/fabricatedBooks.ts';
import { goldenShards } from '../support/goldenScript.ts';
import { needs } from '../support/needs.ts';
import { freshDatabase } from '../support/postgres.ts';
import { edit, putBack, rechained, verified } from '../support/verifiedBooks.ts';
import {
  afterEdit,
  books,
  control,
  data,
  exported,
  folder,
  key,
  writeGoldenBooks,
} from '../support/verifiedGolden.ts';

const root = resolve(import.meta.dirname, '../..');
writeGoldenBooks();

const rules = (report: Report): string[] => [...new Set(report.findings.map((finding) => finding.rule))];

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
