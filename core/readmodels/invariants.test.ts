import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  NOON_US,
  change,
  close,
  create,
  hold,
  open,
  post,
  posting,
  reverse,
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
import { checkInvariants } from './queries/invariants.ts';

const [cash, alice, bob, gone] = [uuid(1), uuid(2), uuid(3), uuid(4)];
const shard = new ScriptedShard(2, NOON_US);
let db: ReadModelDatabase;

beforeAll(async () => {
  db = await readModelDatabase();
  shard.adopt({ type: 'book', seq: 1, number: 1, name: 'acme', shard: 2 });
  shard.run(open(cash, { normalSide: 1 }));
  shard.run(open(alice, { limits: [0n, null, 0n, null] }));
  shard.run(open(bob));
  shard.run(open(gone));
  shard.seal();
  shard.nowUs += 1_000_000;
  shard.run(
    create(uuid(10), [posting(cash, alice, 500n), posting(cash, bob, 70n)], { effectiveDay: 20_000 }),
  );
  shard.run(hold(uuid(11), [posting(alice, bob, 100n), posting(cash, bob, 5n)]));
  shard.run(post(uuid(12), uuid(11), { amounts: [{ posting: 0, amount: 30n }], keepOpen: true }));
  shard.run(hold(uuid(13), [posting(alice, bob, 7n)]));
  shard.run(voiding(uuid(14), uuid(13)));
  shard.run(hold(uuid(15), [posting(alice, bob, 9n), posting(alice, bob, 3n)]));
  shard.run(post(uuid(16), uuid(15), { amounts: [{ posting: 0, amount: 4n }] }));
  shard.seal();
  shard.run(reverse(uuid(17), uuid(10), { amounts: [{ posting: 1, amount: 20n }] }));
  shard.run(create(uuid(18), [posting(alice, bob, 100_000n)]));
  shard.run(change(uuid(19), alice, { limits: [-10n, null, null, null] }));
  shard.run(create(uuid(20), [posting(cash, alice, 1n)]));
  shard.run(close(uuid(21), gone));
  shard.seal();
  const feed = new MemoryFeed();
  feed.add(...shard.blocks);
  await projectAll(db.url, feed, { 2: shard.state.nextSeq - 1 });
  for (const block of shard.blocks) {
    await db.rows('INSERT INTO florin.journal VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
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
});
afterAll(() => db.drop());

async function violated(): Promise<string[]> {
  const names: string[] = [];
  for await (const result of checkInvariants(db.pool, { violationsMax: 5 }))
    if (result.violations.length > 0) names.push(result.name);
  return names;
}

test('all invariants hold on what the projector wrote', async () => {
  expect(await violated()).toEqual([]);
  let count = 0;
  for await (const result of checkInvariants(db.pool, { violationsMax: 1 })) {
    expect(result.rule).not.toBe(null);
    count++;
  }
  expect(count).toBe(26);
});

const KEY = 2 * 2 ** 32;

/** Each is one wrong write and what must notice it; the table is put back behind. */
test.each([
  [
    'i01_shards_balance',
    'account_balances',
    `UPDATE florin.account_balances SET debits_posted = debits_posted + 1 WHERE account_key = ${KEY + 1}`,
  ],
  [
    'i02_transactions_balance',
    'entries',
    `UPDATE florin.entries SET amount = amount + 1 WHERE account_key = ${KEY + 2} AND version = 1`,
  ],
  [
    'i02_transactions_balance',
    'entries',
    `DELETE FROM florin.entries WHERE account_key = ${KEY + 3} AND version = 2`,
  ],
  [
    'i03_counters_fold',
    'entries',
    `UPDATE florin.entries SET credits_posted = credits_posted + 1 WHERE account_key = ${KEY + 2} AND version = 2`,
  ],
  [
    'i03_counters_fold',
    'account_balances',
    `UPDATE florin.account_balances SET credits_pending = credits_pending + 1 WHERE account_key = ${KEY + 3}`,
  ],
  [
    'i04_versions_gapless',
    'entries',
    `DELETE FROM florin.entries WHERE account_key = ${KEY + 3} AND version = 2`,
  ],
  [
    'i05_limits_kept',
    'account_changes',
    `UPDATE florin.account_changes SET posted_floor = 480 WHERE account_key = ${KEY + 2} AND opens`,
  ],
  [
    'i06_holds_add_up',
    'transaction_progress',
    "UPDATE florin.transaction_progress SET posted = '{31,0}' WHERE state = 1",
  ],
  [
    'i06_holds_add_up',
    'transaction_progress',
    'UPDATE florin.transaction_progress SET state = 3 WHERE state = 1',
  ],
  ['i07_ids_unique', 'refusals', `UPDATE florin.refusals SET id = '${uuid(10)}'`],
  ['i08_seq_gapless', 'journal', 'DELETE FROM florin.journal WHERE height = 2'],
  ['i10_epochs_rise', 'journal', 'UPDATE florin.journal SET epoch = 2 WHERE height = 2'],
  ['i11_hashes_chain', 'journal', "UPDATE florin.journal SET hash = sha256('x') WHERE height = 2"],
  [
    'i13_amounts_inside',
    'entries',
    `UPDATE florin.entries SET debits_pending = 9223372036854775807 WHERE account_key = ${KEY + 2} AND version = 6`,
  ],
  ['i14_events_projected', 'refusals', 'DELETE FROM florin.refusals'],
  ['i14_events_projected', 'projection', "UPDATE florin.projection SET hash = sha256('x')"],
  ['references', 'accounts', `DELETE FROM florin.accounts WHERE account_key = ${KEY + 3}`],
  [
    'references',
    'postings',
    'DELETE FROM florin.postings WHERE seq IN (SELECT min(seq) FROM florin.postings)',
  ],
  [
    'effective_days',
    'displaced_days',
    `UPDATE florin.displaced_days SET credits = credits + 1 WHERE account_key = ${KEY + 2}`,
  ],
])('%s notices a wrong write to %s', async (name, table, edit) => {
  await db.rows(`CREATE TABLE florin.kept AS TABLE florin.${table}`);
  await db.rows(edit);
  expect(await violated()).toContain(name);
  await db.rows(`DELETE FROM florin.${table}`);
  await db.rows(`INSERT INTO florin.${table} TABLE florin.kept`);
  await db.rows('DROP TABLE florin.kept');
  expect(await violated()).toEqual([]);
});
