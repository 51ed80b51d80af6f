import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ReadModelDatabase, readModelDatabase } from '../../../test/support/projecting.ts';
import type { PspEvent, Uuid } from '../psp.ts';
import { PgEventPlaces } from './pgPlaces.ts';

const ACCOUNT = { provider: 'acme', live: false };
const LIVE = { provider: 'acme', live: true };
const OPERATION = '01900000-0000-7000-8000-000000000001' as Uuid;

let db: ReadModelDatabase;
let client: pg.Client;
let places: PgEventPlaces;
beforeAll(async () => {
  db = await readModelDatabase();
  client = new pg.Client({ connectionString: db.url });
  await client.connect();
  places = new PgEventPlaces(client);
});
beforeEach(() => client.query('TRUNCATE florin.provider_event_cursors, florin.provider_events_waiting'));
afterAll(async () => {
  await client?.end();
  await db?.drop();
});

function eventOf(dedupeKey: string, more: Partial<PspEvent> = {}): PspEvent {
  return {
    dedupeKey,
    operation: OPERATION,
    providerReference: 'pay_1',
    kind: 'refunded',
    money: { amount: 9_007_199_254_740_993n, currency: 'EUR' },
    refund: 're_1',
    cost: 3n,
    occurredAtMs: 1_700_000_000_000,
    ...more,
  };
}

/** As if their turn had come. */
const pass = (): Promise<unknown> =>
  client.query(`UPDATE florin.provider_events_waiting SET next_try_at = next_try_at - interval '1 hour'`);

test('a cursor is kept for each account and mode', async () => {
  expect(await places.cursorOf(ACCOUNT)).toBe('');
  await places.saveCursor(ACCOUNT, 'a');
  await places.saveCursor(LIVE, 'b');
  await places.saveCursor(ACCOUNT, 'c');
  expect([await places.cursorOf(ACCOUNT), await places.cursorOf(LIVE)]).toEqual(['c', 'b']);
});

test('an event that waits comes back as it was, when its turn has come', async () => {
  const odd = eventOf('odd', { operation: '', money: null, providerReference: 'a "name" with \\ and \0' });
  const { refund: _, cost: __, ...plain } = odd;
  const kept = [eventOf('first'), plain];
  await places.keep(
    ACCOUNT,
    kept.map((event) => ({ event, why: 'nothing of ours\0', afterMs: 60_000 })),
  );
  expect(await places.due(ACCOUNT, 10)).toEqual([]);
  await pass();
  const due = await places.due(ACCOUNT, 10);
  expect(due.map(({ event }) => event)).toEqual(expect.arrayContaining(kept));
  expect(due.map(({ tries }) => tries)).toEqual([0, 0]);
  expect(await places.due(ACCOUNT, 1)).toHaveLength(1);
  expect(await places.due(LIVE, 10)).toEqual([]);
  expect([await places.count(ACCOUNT), await places.count(LIVE)]).toEqual([2, 0]);
});

test('one that waits already is not kept anew, and waits longer when it has matched nothing again', async () => {
  const event = eventOf('first');
  await places.keep(ACCOUNT, [{ event, why: 'first', afterMs: 60_000 }]);
  await pass();
  await places.again(ACCOUNT, [{ event, why: 'second', afterMs: 120_000 }]);
  await places.keep(ACCOUNT, [{ event, why: 'third', afterMs: 0 }]);
  expect(await places.due(ACCOUNT, 10)).toEqual([]);
  await pass();
  const [{ tries, sinceMs }] = await places.due(ACCOUNT, 10);
  expect(tries).toBe(1);
  const { rows } = await client.query<{ why: string; since: number }>(
    `SELECT why, floor(extract(epoch FROM first_listed_at) * 1000)::float8 AS since FROM florin.provider_events_waiting`,
  );
  expect(rows).toEqual([{ why: 'second', since: sinceMs }]);
});

test('what is dropped waits no more, the others do', async () => {
  await places.keep(
    ACCOUNT,
    ['a', 'b'].map((key) => ({ event: eventOf(key), why: '', afterMs: 0 })),
  );
  await places.drop(ACCOUNT, [eventOf('a'), eventOf('b', { operation: '' })]);
  expect(await places.count(ACCOUNT)).toBe(1);
});
