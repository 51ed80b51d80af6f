import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Listed } from '../../../core/processes/psp.ts';
import { PATIENT } from '../contract/calls.ts';
import { wallMs } from '../contract/clock.ts';
import { StripeAdapter } from './adapter.ts';
import { StripeServer } from './testing/server.ts';

const KEY = 'sk_test_florin';
const HOUR_MS = 3_600_000;

let server: StripeServer;
let adapter: StripeAdapter;

async function open(): Promise<void> {
  server = new StripeServer({ key: KEY, secret: 'whsec_of_the_tests', searchLagMs: 0 });
  const url = await server.open();
  adapter = new StripeAdapter({ url, secretKey: KEY, webhookSecrets: [], returnUrl: '' });
}

async function close(): Promise<void> {
  adapter.close();
  await server.close();
}

beforeAll(open);
beforeEach(async () => {
  await close();
  await open();
});
afterAll(close);

/** A dispute that a bank has opened: Stripe tells of it by event alone. */
function dispute(n: number): void {
  server.account.tell('charge.dispute.created', '', {
    object: 'dispute',
    id: `dp_${n}`,
    amount: 1_000,
    currency: 'eur',
    payment_intent: 'pi_1',
    status: 'needs_response',
  });
}

async function page(cursor: string, { aheadMs = HOUR_MS } = {}): Promise<Listed> {
  const said = await adapter.listEvents({ cursor, nowMs: wallMs() + aheadMs }, PATIENT);
  expect(said).toMatchObject({ done: 'listed' });
  return said as Listed;
}

async function behind(cursor: string, aheadMs = HOUR_MS): Promise<{ keys: string[]; pages: Listed[] }> {
  const pages: Listed[] = [];
  for (let at = cursor; ;) {
    const said = await page(at, { aheadMs });
    pages.push(said);
    at = said.cursor;
    if (!said.isMore) return { keys: pages.flatMap(keysOf), pages };
  }
}

const keysOf = ({ events }: Listed): string[] => events.map(({ dedupeKey }) => dedupeKey);
const opened = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `dp_${from + index} dispute_opened`);

test('goes down through all pages first, and from then on up, the oldest first', async () => {
  for (let n = 1; n <= 250; n++) dispute(n);
  const { keys, pages } = await behind('');
  expect(pages.map((one) => one.events.length)).toEqual([100, 100, 50, 0]);
  expect(keys.toSorted()).toEqual(opened(1, 250).toSorted());
  expect(keysOf(pages[0])).toEqual(opened(151, 250));
  const { cursor } = pages[pages.length - 1];
  for (let n = 251; n <= 480; n++) dispute(n);
  const more = await behind(cursor);
  expect(more.keys).toEqual(opened(251, 480));
  expect(more.pages.map((one) => one.events.length)).toEqual([100, 100, 30]);
  expect((await behind(more.pages[2].cursor)).keys).toEqual([]);
});

test('what happens on the way down is found on the way up', async () => {
  for (let n = 1; n <= 150; n++) dispute(n);
  const first = await page('');
  dispute(151);
  expect((await behind(first.cursor)).keys).toEqual([...opened(1, 50), ...opened(151, 151)]);
});

test('an account without old events begins again at its beginning, and misses none', async () => {
  for (let n = 1; n <= 3; n++) dispute(n);
  const now = await behind('', 0);
  expect(now.keys).toEqual(opened(1, 3));
  const [{ cursor, isMore, newestMs }] = now.pages;
  expect([cursor, isMore]).toEqual(['', false]);
  expect(Math.abs((newestMs ?? 0) - wallMs())).toBeLessThan(60_000);
  dispute(4);
  expect((await behind(cursor, HOUR_MS)).keys).toEqual(opened(1, 4));
});

test('an event that is gone on the way down was the oldest: what is newer goes on', async () => {
  for (let n = 1; n <= 150; n++) dispute(n);
  const { cursor } = await page('');
  server.account.events.splice(0, 60);
  dispute(151);
  const { keys, pages } = await behind(cursor);
  expect(keys).toEqual(opened(151, 151));
  expect(pages.some(({ isAnew }) => isAnew)).toBe(false);
});

test('an event that is gone on the way up is known to be, and all that is kept is read', async () => {
  dispute(1);
  const { pages } = await behind('');
  const { cursor } = pages[pages.length - 1];
  server.account.events.length = 0;
  for (let n = 2; n <= 4; n++) dispute(n);
  const { keys, pages: anew } = await behind(cursor);
  expect(keys).toEqual(opened(2, 4));
  expect(anew[0].isAnew).toBe(true);
});

test('an event that cannot be read keeps none of the others', async () => {
  dispute(1);
  server.account.tell('charge.dispute.created', '', { object: 'dispute', id: 'dp_bad', status: 'lost' });
  dispute(2);
  const { keys, pages } = await behind('');
  expect(keys).toEqual(opened(1, 2));
  expect(pages.flatMap(({ unreadable }) => unreadable)).toEqual([
    expect.stringMatching(/^evt_\w+: a webhook of Stripe without a readable amount$/),
  ]);
});

test('a key that may not read events has sent nothing', async () => {
  const stranger = new StripeAdapter({
    url: server.account.url,
    secretKey: 'sk_test_other',
    webhookSecrets: [],
    returnUrl: '',
  });
  const said = await stranger.listEvents({ cursor: '', nowMs: wallMs() }, PATIENT);
  expect(said).toMatchObject({ done: 'not_sent', why: 'answered with 401: the key may not' });
  stranger.close();
});

test('asks for nothing that Stripe does not know', async () => {
  for (let n = 1; n <= 101; n++) dispute(n);
  await behind('');
  expect(server.violations).toEqual([]);
  expect(new Set(server.asked)).toEqual(new Set(['GET /v1/events']));
});
