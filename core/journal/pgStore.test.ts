import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { appendHalf, appendSql, blockBehind, isWaiting, rivalOf } from '../../test/support/journal.ts';
import { type ReadModelDatabase, readModelDatabase } from '../../test/support/projecting.ts';
import type { Block } from './block.ts';
import { hashBlock } from './hash.ts';
import { PgStore } from './pgStore.ts';
import { AppendDuplicate, AppendRefused, AppendUnknown } from './store.ts';

let db: ReadModelDatabase;
let store: PgStore;
const warnings: string[] = [];
/** Each test has shards of its own. */
let nextShard = 0;

beforeAll(async () => {
  db = await readModelDatabase();
  store = new PgStore({ url: db.url, onWarning: (what) => warnings.push(what) });
});

afterAll(async () => {
  await store?.close();
  await db?.drop();
});

async function freshShard(): Promise<{ shard: number; epoch: number }> {
  const shard = nextShard++;
  const { epoch } = await store.epochOf(shard);
  return { shard, epoch };
}

async function nextBlock(place: { shard: number; epoch: number }): Promise<Block> {
  return blockBehind(await store.tip(place.shard), place);
}

async function raise({ shard, epoch }: { shard: number; epoch: number }): Promise<number> {
  const raised = await store.raiseEpoch(shard, epoch, 'another');
  if (raised === null) throw new Error(`shard ${shard} is not at epoch ${epoch}`);
  return raised;
}

const opened: pg.Client[] = [];
afterEach(async () => {
  for (const client of opened.splice(0)) await client.end();
});

async function inTheWayOf(block: Block): Promise<pg.Client> {
  const client = await rivalOf(db.url, block);
  opened.push(client);
  return client;
}

describe('the fence', () => {
  test('an append under the epoch of the shard is there, and named in the answer', async () => {
    const place = await freshShard();
    const block = await nextBlock(place);
    expect(await store.append([block])).toEqual(new Set([place.shard]));
    expect(await store.block(place.shard, 1)).toMatchObject({
      epoch: place.epoch,
      body: Buffer.from(block.body),
    });
  });

  test('an append under an old epoch inserts nothing, and is absent from the answer', async () => {
    const place = await freshShard();
    const block = await nextBlock(place);
    const epoch = await raise(place);
    expect(await store.append([block])).toEqual(new Set());
    expect(await store.tip(place.shard)).toMatchObject({ height: 0 });
    const renewed = await nextBlock({ shard: place.shard, epoch });
    expect(await store.append([renewed])).toEqual(new Set([place.shard]));
  });

  test('an append under an epoch that is still to come inserts nothing either', async () => {
    const { shard, epoch } = await freshShard();
    expect(await store.append([await nextBlock({ shard, epoch: epoch + 1 })])).toEqual(new Set());
    expect(await store.tip(shard)).toMatchObject({ height: 0 });
  });

  test('of two shards in one statement only the fenced one is missing', async () => {
    const lost = await freshShard(),
      kept = await freshShard();
    const blocks = [await nextBlock(lost), await nextBlock(kept)];
    await raise(lost);
    expect(await store.append(blocks)).toEqual(new Set([kept.shard]));
    expect(await store.tip(lost.shard)).toMatchObject({ height: 0 });
    expect(await store.tip(kept.shard)).toMatchObject({ height: 1 });
  });

  test('an append that comes while the epoch is being raised waits, and is fenced by what was raised', async () => {
    const place = await freshShard();
    const block = await nextBlock(place);
    const raising = new pg.Client({ connectionString: db.url });
    opened.push(raising);
    await raising.connect();
    await raising.query('BEGIN');
    await raising.query('UPDATE florin.epochs SET epoch = epoch + 1 WHERE shard = $1', [place.shard]);
    const appended = store.append([block]);
    expect(await isWaiting(appended)).toBe(true);
    await raising.query('COMMIT');
    expect(await appended).toEqual(new Set());
    expect(await store.tip(place.shard)).toMatchObject({ height: 0 });
  });

  test('control: without the join the locking CTE is never executed, and an old epoch gets through', async () => {
    const place = await freshShard();
    const block = await nextBlock(place);
    const epoch = await raise(place);
    const { text, values } = appendSql([block]);
    const unjoined = text.replace(' JOIN fence ON fence.shard = block.shard', '');
    expect(unjoined).not.toBe(text);
    expect(unjoined).toContain('FOR SHARE OF e');
    const client = new pg.Client({ connectionString: db.url });
    opened.push(client);
    await client.connect();
    await client.query('BEGIN');
    expect((await client.query(text, values)).rowCount).toBe(0);
    expect((await client.query(unjoined, values)).rowCount).toBe(1);
    // Nor does it hold the epoch's row: the next owner would raise it while this append is still under way.
    expect(await store.raiseEpoch(place.shard, epoch, 'another')).toBe(epoch + 1);
    await client.query('ROLLBACK');
  });
});

describe('a take-over', () => {
  test('waits for an append that has locked the epoch, and the tip that is read afterwards shows its block', async () => {
    const place = await freshShard();
    const block = await nextBlock(place);
    const append = await appendHalf(db.url, [block]);
    const raised = store.raiseEpoch(place.shard, place.epoch, 'another');
    expect(await isWaiting(raised)).toBe(true);
    expect(await store.tip(place.shard)).toMatchObject({ height: 0 });
    await append.finish();
    expect(await raised).toBe(place.epoch + 1);
    expect(await store.tip(place.shard)).toMatchObject({ height: 1, hash: block.hash });
    await append.close();
  });

  test('waits for an append of this store in the same way, and not for one of another shard', async () => {
    const place = await freshShard(),
      other = await freshShard();
    const block = await nextBlock(place);
    const rival = await inTheWayOf(block);
    const appended = store.append([block]);
    expect(await isWaiting(appended)).toBe(true);
    expect(await raise(other)).toBe(other.epoch + 1);
    const raised = raise(place);
    expect(await isWaiting(raised)).toBe(true);
    await rival.query('ROLLBACK');
    expect(await appended).toEqual(new Set([place.shard]));
    expect(await raised).toBe(place.epoch + 1);
    expect(await store.tip(place.shard)).toMatchObject({ height: 1, hash: block.hash });
  });

  test('control: a tip that is read in the statement that raises the epoch is the old one', async () => {
    const place = await freshShard();
    const append = await appendHalf(db.url, [await nextBlock(place)]);
    const raised = db.rows(
      `UPDATE florin.epochs SET epoch = epoch + 1 WHERE shard = $1
       RETURNING (SELECT coalesce(max(height), 0)::integer FROM florin.journal AS j WHERE j.shard = $1) AS tip`,
      [place.shard],
    );
    expect(await isWaiting(raised)).toBe(true);
    await append.finish();
    expect(await raised).toEqual([{ tip: 0 }]);
    expect(await store.tip(place.shard)).toMatchObject({ height: 1 });
    await append.close();
  });

  test('of two that raise the same epoch one is told that it was not at it', async () => {
    const { shard, epoch } = await freshShard();
    const raised = await Promise.all([
      store.raiseEpoch(shard, epoch, 'one'),
      store.raiseEpoch(shard, epoch, 'two'),
    ]);
    expect(raised.toSorted()).toEqual([epoch + 1, null]);
    const { owner } = await store.epochOf(shard);
    expect(owner).toBe(raised[0] === null ? 'two' : 'one');
    expect(await store.isAtEpoch(shard, epoch)).toBe(false);
    expect(await store.isAtEpoch(shard, epoch + 1)).toBe(true);
  });

  test('a lease is taken and renewed while an append of its shard is under way', async () => {
    const place = await freshShard();
    await store.hold([place.shard], 'node', 10_000);
    const append = await appendHalf(db.url, [await nextBlock(place)]);
    expect(await store.hold([place.shard], 'node', 10_000)).toEqual(new Set([place.shard]));
    expect(await store.hold([place.shard], 'another', 10_000)).toEqual(new Set());
    await store.release([place.shard], 'node');
    expect(await store.hold([place.shard], 'another', 10_000)).toEqual(new Set([place.shard]));
    // Control: the append was under way all that time.
    expect(await store.tip(place.shard)).toMatchObject({ height: 0 });
    await append.finish();
    await append.close();
  });
});

describe('an append', () => {
  test('of several blocks, one of which stands there, is a duplicate and inserts none', async () => {
    const one = await freshShard(),
      two = await freshShard();
    const block = await nextBlock(one);
    await store.append([block]);
    const other = await nextBlock(two);
    await expect(store.append([block, other])).rejects.toThrow(AppendDuplicate);
    expect(await store.tip(two.shard)).toMatchObject({ height: 0 });
    expect(await store.append([other])).toEqual(new Set([two.shard]));
  });

  test('of one block that stands there is unknown: it may be our own', async () => {
    const place = await freshShard();
    const block = await nextBlock(place);
    await store.append([block]);
    await expect(store.append([block])).rejects.toThrow(AppendUnknown);
  });

  test('with a warning is unknown, though it may have committed', async () => {
    const place = await freshShard();
    await db.rows(`
      CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE WARNING 'canceling the wait for a standby'; RETURN NEW; END $$`);
    await db.rows('CREATE TRIGGER warn BEFORE INSERT ON florin.journal FOR EACH ROW EXECUTE FUNCTION warn()');
    try {
      const block = await nextBlock(place);
      await expect(store.append([block])).rejects.toThrow(
        new AppendUnknown('canceling the wait for a standby'),
      );
      expect(await store.tip(place.shard)).toMatchObject({ height: 1 });
    } finally {
      await db.rows('DROP TRIGGER warn ON florin.journal');
    }
    expect(await store.append([await nextBlock(place)])).toEqual(new Set([place.shard]));
  });

  test('whose connection is cut is unknown, and the next one has a connection of its own', async () => {
    const place = await freshShard();
    const block = await nextBlock(place);
    const rival = await inTheWayOf(block);
    const appended = store.append([block]);
    appended.catch(() => undefined);
    expect(await isWaiting(appended)).toBe(true);
    await db.rows(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'florin append' AND datname = current_database()`);
    await expect(appended).rejects.toThrow(AppendUnknown);
    await rival.query('ROLLBACK');
    expect(await store.append([block])).toEqual(new Set([place.shard]));
    expect(warnings).not.toEqual([]);
  });

  test('that the server cannot take at all is refused for certain', async () => {
    const place = await freshShard();
    await db.rows(
      `ALTER DATABASE ${new URL(db.url).pathname.slice(1)} SET default_transaction_read_only = on`,
    );
    const readOnly = new PgStore({ url: db.url });
    try {
      await expect(readOnly.append([await nextBlock(place)])).rejects.toThrow(AppendRefused);
    } finally {
      await db.rows(
        `ALTER DATABASE ${new URL(db.url).pathname.slice(1)} RESET default_transaction_read_only`,
      );
      await readOnly.close();
    }
  });
});

test('what is appended is read back byte for byte: empty, small, and too big to be copied, in one statement', async () => {
  const sizes = [0, 100, 16_384, 16_385, 3_000_000];
  const blocks: Block[] = [];
  for (const size of sizes) {
    const { hash: _, ...rest } = await nextBlock(await freshShard());
    const body = Uint8Array.from({ length: size }, (__, i) => (i * 31) >>> 3);
    const far = { firstSeq: 2 ** 40 + size, eventCount: 70_000, blockTimeUs: 2 ** 51 };
    const block = { ...rest, ...far, body };
    blocks.push({ ...block, hash: hashBlock(block) });
  }
  expect(await store.append(blocks)).toEqual(new Set(blocks.map(({ shard }) => shard)));
  for (const block of blocks) {
    const read = await store.block(block.shard, block.height);
    expect({ ...read, body: null, hash: null, prevHash: null }).toEqual({
      ...block,
      body: null,
      hash: null,
      prevHash: null,
    });
    for (const part of ['body', 'hash', 'prevHash'] as const)
      expect(Buffer.compare(read![part], block[part])).toBe(0);
  }
});
