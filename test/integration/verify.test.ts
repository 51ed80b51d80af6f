import { describe, expect, test } from 'vitest';
import { appendBlocks, migrated, projectBlocks } from '../support/fabricatedBooks.ts';
import { freshDatabase } from '../support/postgres.ts';
import { edit, verified } from '../support/verifiedBooks.ts';
import {
  afterEdit,
  all,
  books,
  control,
  data,
  exported,
  writeGoldenBooks,
} from '../support/verifiedGolden.ts';

writeGoldenBooks();

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

  test('a malformed page of entries, which the invariants in SQL show without ending at it', async () => {
    await edit(
      books.url,
      `INSERT INTO florin.entry_pages VALUES (${account}, 1000, 50, now(), '{0,1,2}', NULL, '{1,NULL,1,1,1}', '{1,2,3,4}', '{0,0,0,0}', B'1111', NULL)`,
    );
    try {
      const report = await verified(books.url, { checkpointFiles: exported, sql: 'asked' });
      expect(report.findings).toContainEqual(
        expect.objectContaining({ rule: 'I13', table: 'books.invariant_i13_amounts_inside' }),
      );
    } finally {
      await edit(books.url, 'DELETE FROM florin.entry_pages WHERE first_version = 1000');
    }
  });
});
