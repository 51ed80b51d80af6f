import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { MemoryInbox, overRpc, subscribe, type Subscription } from '../../client/events/index.ts';
import { overNats } from '../../client/events/nats.ts';
import { type Florin, connectFlorin, uuidv7 } from '../../client/index.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { Bus } from '../faults/bus.ts';
import { Draw, roundsOfRun, seedOfRun } from '../support/load/draw.ts';
import { type TestCore, startTestCore } from '../support/core.ts';
import { type NatsServer, hasNats, startNats } from '../support/nats.ts';
import { freePort } from '../support/ports.ts';
import { type TestRelay, startTestRelay } from '../support/relay.ts';

const WAIT = { timeout: 60_000, interval: 50 };
const BATCH = 50;
const SEED = seedOfRun();

describe.runIf(hasNats())('the relay over whole processes', () => {
  let nats: NatsServer;
  let core: TestCore;
  let florin: Florin;
  let accounts: string[];
  const subscriptions: Subscription[] = [];

  beforeAll(async () => {
    nats = await startNats();
    core = await startTestCore({
      env: { NATS_URL: nats.url, FLORIN_RELAY: '0', FLORIN_RELAY_PORT: String(await freePort()) },
    });
    florin = connectFlorin({ target: core.target });
    await florin.books.createBook({ name: 'shop' });
    accounts = Array.from({ length: 4 }, () => uuidv7());
    await florin.accounts.createAccounts({
      book: 'shop',
      accounts: accounts.map((id, i) => ({ id, code: `a${i}`, asset: 'EUR', normalSide: NormalSide.DEBIT })),
    });
  });
  afterEach(async () => {
    for (const one of subscriptions.splice(0)) await one.stop();
  });
  afterAll(async () => {
    florin.close();
    await core.stop();
    await nats.stop();
  });

  function transactions(count: number) {
    return Array.from({ length: count }, (_, i) => ({
      id: uuidv7(),
      postings: [{ debitAccount: accounts[i % 2], creditAccount: accounts[2 + (i % 2)], amount: 1n }],
    }));
  }

  /** Books until it is told to stop; every call must succeed. Answers with how many transactions it booked. */
  function load(): { booked: () => number; stop: () => Promise<number> } {
    const over = new AbortController();
    let count = 0;
    const running = (async () => {
      while (!over.signal.aborted) {
        const { results } = await florin.transactions.createTransactions({
          book: 'shop',
          transactions: transactions(BATCH),
        });
        expect(results.filter(({ outcome }) => outcome.case !== 'booked')).toEqual([]);
        count += BATCH;
      }
      return count;
    })();
    return {
      booked: () => count,
      stop: () => {
        over.abort();
        return running;
      },
    };
  }

  function collect(from: 'nats' | 'rpc'): string[] {
    const ids: string[] = [];
    const source =
      from === 'rpc'
        ? overRpc({ florin, heartbeatMs: 500 })
        : overNats({ connection: { servers: nats.url }, durable: `inbox-${uuidv7()}` });
    const inbox = new MemoryInbox();
    subscriptions.push(
      subscribe({ from: source, stream: 'SETTLEMENT', inbox, handle: ({ id }) => void ids.push(id) }),
    );
    return ids;
  }

  /** The load goes on meanwhile: so many transactions more. */
  const more = (busy: { booked: () => number }, count: number): Promise<void> => {
    const from = busy.booked();
    return vi.waitFor(() => expect(busy.booked()).toBeGreaterThan(from + count), WAIT);
  };

  test('whatever happens to the bus, the ledger goes on, and every event is there once per inbox', async () => {
    const relay: TestRelay = await startTestRelay(core, nats.url);
    try {
      const busy = load();
      const byNats = collect('nats');
      await vi.waitFor(() => expect(byNats.length).toBeGreaterThan(BATCH), WAIT);

      await nats.kill();
      await more(busy, 500);
      await nats.start();
      await more(busy, 500);

      await nats.kill();
      nats.wipe();
      await more(busy, 500);
      await nats.start();
      await more(busy, 500);

      const connection = await nats.connect();
      await vi.waitFor(
        async () =>
          expect(await (await jetstreamManager(connection)).streams.delete('SETTLEMENT')).toBe(true),
        WAIT,
      );
      await connection.close();
      await more(busy, 500);

      await relay.kill();
      await more(busy, 500);
      await relay.restart();
      await more(busy, 500);

      const booked = await busy.stop();
      const all = booked + accounts.length;
      const byRpc = collect('rpc');
      await vi.waitFor(() => expect(byRpc.length).toBe(all), WAIT);
      await vi.waitFor(() => expect(byNats.length).toBe(all), WAIT);
      expect(new Set(byNats).size).toBe(all);
      expect(byNats).toEqual(byRpc);
      // An inbox that begins now finds all of them too: the stream was filled from the journal.
      const late = collect('nats');
      await vi.waitFor(() => expect(late.length).toBe(all), WAIT);
      expect(late).toEqual(byRpc);
      await vi.waitFor(async () => expect(await relay.metric('florin_relay_lag_events')).toBe(0), WAIT);
      expect(await relay.metric('florin_relay_published_total')).toBeGreaterThan(0);
    } finally {
      await relay.kill();
    }
  }, 180_000);

  test(`two relays, server, store, streams and consumers may die under load (seed ${SEED})`, async () => {
    const bus = await Bus.start(core, new Draw(SEED));
    try {
      const busy = load();
      const rounds = roundsOfRun(12);
      for (let round = 0; round < rounds; round++) {
        await more(busy, 100);
        await bus.hurt();
      }
      await busy.stop();
      expect((await bus.findings(60_000)).slice(0, 5)).toEqual([]);
      expect(bus.handled).toBeGreaterThan(1_000);
    } finally {
      await bus.stop();
    }
  }, 180_000);

  test('a stop lets what is under way be acknowledged, and a replay brings a range once more', async () => {
    const relay = await startTestRelay(core, nats.url);
    const { position } = await florin.transactions.createTransactions({
      book: 'shop',
      transactions: transactions(3),
    });
    await vi.waitFor(async () => expect(await relay.metric('florin_relay_lag_events')).toBe(0), WAIT);
    expect(await relay.stop()).toBe(0);
    const last = Number(position!.seq);
    const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
    const range = ['--shard', String(position!.shard), '--from', String(last - 2), '--to', String(last)];
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: core.databaseUrl,
      FLORIN_DATA_DIR: core.dataDir,
      NATS_URL: nats.url,
    };
    const ran = spawnSync(process.execPath, [cli, 'relay', 'replay', ...range], { env, encoding: 'utf8' });
    expect(ran).toMatchObject({ status: 0, stdout: 'Published 3 events.\n' });
    const refused = spawnSync(process.execPath, [cli, 'relay'], {
      env: { ...env, NATS_URL: '' },
      encoding: 'utf8',
    });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/^florin: NATS_URL is not set/);
  });

  test('florin start brings one along where there is a bus', async () => {
    const port = await freePort();
    await core.endBy('SIGTERM');
    await core.restart({ FLORIN_RELAY: '1', FLORIN_RELAY_PORT: String(port) });
    await vi.waitFor(
      async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200),
      WAIT,
    );
    const id = uuidv7();
    const ids: string[] = [];
    const from = overNats({ connection: { servers: nats.url }, durable: 'along' });
    const handle = ({ subject }: { subject: string }): void => void ids.push(subject);
    subscriptions.push(subscribe({ from, stream: 'SETTLEMENT', inbox: new MemoryInbox(), handle }));
    await florin.transactions.createTransactions({
      book: 'shop',
      transactions: [{ ...transactions(1)[0], id }],
    });
    await vi.waitFor(() => expect(ids).toContain(id), WAIT);
  });
});
