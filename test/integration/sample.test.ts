import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestCore, type TestCore } from '../support/core.ts';
import { truthOf } from '../support/payments/truth.ts';
import { freePort } from '../support/ports.ts';
import { type ProviderTruth, truthAt } from '../support/simulator.ts';

const BROUGHT_MS_MAX = 25_000;

/** State of each payment of the shop: how many there are, once all have come to rest. */
const STORY = {
  canceled: 1,
  conflicted: 1,
  partially_captured: 1,
  requires_action: 1,
  requires_capture: 2,
  requires_confirmation: 1,
  requires_payment_method: 3,
  succeeded: 30,
};

let core: TestCore;
let provider: ProviderTruth;

beforeAll(async () => {
  const [simulator, webhooks] = [await freePort(), await freePort()];
  provider = truthAt(`http://127.0.0.1:${simulator}`);
  core = await startTestCore({
    isEmbedded: true,
    env: {
      FLORIN_SAMPLE_DATA: '1',
      FLORIN_SIMULATOR: '1',
      FLORIN_SIMULATOR_PORT: String(simulator),
      FLORIN_PROVIDER_WEBHOOK_PORT: String(webhooks),
    },
  });
});

afterAll(async () => {
  // What a killed core has left running is taken over, and stopped with it.
  await core?.stop();
});

const times = (text: string): number => core.output().split(text).length - 1;

const mark = (): string => readFileSync(join(core.dataDir, 'sample-payments'), 'utf8');

async function query<Row>(sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: core.databaseUrl });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
}

async function story(): Promise<Record<string, number>> {
  const rows = await query<{ state: string; payments: number }>(
    `SELECT state, count(*)::integer AS payments FROM books.payment_intents WHERE book = 'shop' GROUP BY state ORDER BY state`,
  );
  return Object.fromEntries(rows.map(({ state, payments }) => [state, payments]));
}

/** Everything that callers and providers have brought about. */
function events(): Promise<unknown[]> {
  return query(
    `SELECT payment_intent_id, version, event FROM books.payment_timeline WHERE cause <> 'timer' ORDER BY 1, 2`,
  );
}

describe('a first start on the embedded Postgres', () => {
  test('makes the payments of a shop, also if it is killed in the middle of them', async () => {
    await expect
      .poll(() => times("making a shop's payments"), { timeout: BROUGHT_MS_MAX, interval: 5 })
      .toBeGreaterThan(0);
    await core.kill();
    // The control: it was in the middle.
    expect(mark()).toBe('to be made\n');
    await core.restart();
    await expect.poll(() => times('Florin is ready.'), { timeout: BROUGHT_MS_MAX }).toBe(1);
    expect(core.output()).not.toContain('not all in yet');
    await expect.poll(story, { timeout: BROUGHT_MS_MAX }).toEqual(STORY);
  }, 60_000);

  test('leaves books that say what the provider says', async () => {
    const { findings, captured, refunded, owned } = await truthOf(core.databaseUrl, provider);
    expect(findings).toEqual([]);
    expect(captured).toBeGreaterThan(500_000n);
    expect(refunded).toBeGreaterThan(30_000n);
    expect(owned).toBe(1);
  });

  test('lets people who query the books read every view of them, and nothing beneath', async () => {
    const password = readFileSync(join(core.dataDir, 'secrets', 'florin_reader'), 'utf8').trim();
    const url = new URL(core.databaseUrl);
    url.username = 'florin_reader';
    url.password = password;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      const views = await query<{ name: string }>(
        "SELECT relname AS name FROM pg_class WHERE relnamespace = 'books'::regnamespace AND relkind = 'v' ORDER BY 1",
      );
      expect(views.length).toBeGreaterThan(30);
      for (const { name } of views)
        await expect(client.query(`SELECT * FROM books.${name} LIMIT 1`), name).resolves.toBeDefined();
      await expect(client.query('SELECT * FROM florin.payment_events LIMIT 1')).rejects.toThrow(
        /permission denied/,
      );
    } finally {
      await client.end();
    }
  });

  test('prints calls that work', async () => {
    const [, url, body] =
      /curl -s (http:\S+GetPaymentIntent) -H 'content-type: application\/json' -d '([^']+)'/.exec(
        core.output(),
      )!;
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body });
    const { paymentIntent } = (await response.json()) as { paymentIntent: object };
    expect(paymentIntent).toMatchObject({
      state: 'PAYMENT_INTENT_STATE_SUCCEEDED',
      counters: { captured: '77400', refunded: '12900' },
    });
    const [, sql] = /sql "(select [^"]+books\.payment_intents[^"]+)"/.exec(core.output())!;
    expect((await query(sql)).length).toBeGreaterThan(5);
  });
});

describe('a later start', () => {
  test('adds nothing, also if it does not know that all is there', async () => {
    // What was on its way when the core was killed is found out by itself, and tells of that.
    await expect
      .poll(() => query("select id from books.payment_intents where state = 'processing'"), {
        timeout: BROUGHT_MS_MAX,
      })
      .toEqual([]);
    const before = { events: await events(), report: await provider.report() };
    expect(before.events.length).toBeGreaterThan(100);
    expect(mark()).toBe('made\n');
    await core.endBy('SIGTERM');
    await core.restart();
    await expect.poll(() => times('Florin is ready.'), { timeout: BROUGHT_MS_MAX }).toBe(2);
    const told = times("making a shop's payments");
    await core.endBy('SIGTERM');
    writeFileSync(join(core.dataDir, 'sample-payments'), 'to be made\n');
    await core.restart();
    await expect.poll(() => times('Florin is ready.'), { timeout: BROUGHT_MS_MAX }).toBe(3);
    expect(times("making a shop's payments")).toBeGreaterThan(told);
    expect(mark()).toBe('made\n');
    expect(await events()).toEqual(before.events);
    expect(await provider.report()).toEqual(before.report);
  }, 60_000);
});
