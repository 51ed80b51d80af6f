import { afterAll, beforeAll, afterEach, describe, expect, test } from 'vitest';
import { type Host, anotherAddress, listen, urlAt } from '../../test/support/hosts.ts';
import { freePort } from '../../test/support/ports.ts';
import { blockBehind } from '../../test/support/journal.ts';
import { type ReadModelDatabase, readModelDatabase } from '../../test/support/projecting.ts';
import { DatabaseClient, NoWritableHost, databasePool, hostUrls } from './database.ts';
import { PgStore } from './pgStore.ts';

let db: ReadModelDatabase;
beforeAll(async () => {
  db = await readModelDatabase();
});
afterAll(() => db?.drop());

const hosts: Host[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop();
});

/** Stopped after the test. */
async function during(host: Promise<Host>): Promise<Host> {
  hosts.push(await host);
  return host;
}

const wayToPostgres = (): Promise<Host> => during(anotherAddress(db.url));
const urlOf = (...ports: readonly number[]): string => urlAt(db.url, ...ports);

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5, type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const READY = message('Z', Buffer.from('I'));

/** A standby as a client sees it: whatever it is asked for, it is let in and answered "f". */
function standby(): Promise<Host> {
  const answering = listen((socket) => {
    let isLetIn = false;
    socket.on('data', () => {
      if (isLetIn) return void socket.write(Buffer.concat([rowOfFalse(), READY]));
      isLetIn = true;
      socket.write(Buffer.concat([message('R', Buffer.alloc(4)), READY]));
    });
  });
  return during(answering);
}

/** One column of type boolean, and a row in which it is false. */
function rowOfFalse(): Buffer {
  const column = Buffer.alloc(4 + 18);
  column.write('yes\0', 0, 'latin1');
  column.writeInt32BE(16, 4 + 6);
  column.writeInt16BE(1, 4 + 10);
  const count = Buffer.from([0, 1]);
  return Buffer.concat([
    message('T', Buffer.concat([count, column])),
    message('D', Buffer.concat([count, Buffer.from([0, 0, 0, 1]), Buffer.from('f')])),
    message('C', Buffer.from('SELECT 1\0')),
  ]);
}

async function portOf(url: string): Promise<number> {
  const client = new DatabaseClient({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ one: number }>('SELECT 1 AS one');
  expect(rows).toEqual([{ one: 1 }]);
  const { port } = client;
  await client.end();
  return port;
}

describe('a URL', () => {
  test.each([
    ['postgres://u:p@a/d', ['postgres://u:p@a/d']],
    ['postgres://u:p@a:1,b:2/d?x=1,2', ['postgres://u:p@a:1/d?x=1,2', 'postgres://u:p@b:2/d?x=1,2']],
    ['postgresql://u:x,y@a,[::1]:5/d', ['postgresql://u:x,y@a/d', 'postgresql://u:x,y@[::1]:5/d']],
    ['postgres://a,b', ['postgres://a', 'postgres://b']],
    ['/var/run/postgresql florin', ['/var/run/postgresql florin']],
  ])('%s names %j', (url, urls) => {
    expect(hostUrls(url)).toEqual(urls);
  });
});

describe('of several hosts', () => {
  test('the first that takes writes is used', async () => {
    const first = await wayToPostgres(),
      second = await wayToPostgres();
    expect(await portOf(urlOf(first.port, second.port))).toBe(first.port);
    expect(second.connections).toBe(0);
  });

  test('one at which nothing listens is passed over', async () => {
    const alive = await wayToPostgres();
    expect(await portOf(urlOf(await freePort(), alive.port))).toBe(alive.port);
  });

  test('one that is read-only is passed over, and asked no more while the other is there', async () => {
    const reader = await standby(),
      writer = await wayToPostgres();
    const url = urlOf(reader.port, writer.port);
    expect(await portOf(url)).toBe(writer.port);
    expect(await portOf(url)).toBe(writer.port);
    expect(reader.connections).toBe(1);
  });

  test('one that accepts and never answers is waited for with a bound', async () => {
    const silent = await during(listen(() => undefined)),
      alive = await wayToPostgres();
    const began = performance.now();
    expect(await portOf(urlOf(silent.port, alive.port))).toBe(alive.port);
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  test('none that takes writes is an error that names each and shows no password', async () => {
    const reader = await standby();
    const dead = await freePort();
    const client = new DatabaseClient({ connectionString: urlOf(reader.port, dead) });
    await expect(client.connect()).rejects.toThrow(
      new NoWritableHost(
        `no host of the database takes writes: 127.0.0.1:${reader.port} is read-only, 127.0.0.1:${dead} (ECONNREFUSED).`,
      ),
    );
  });

  test('a database that is not there is told at once: another host would say the same', async () => {
    const first = await wayToPostgres(),
      second = await wayToPostgres();
    const client = new DatabaseClient({ connectionString: `${urlOf(first.port, second.port)}_gone` });
    await expect(client.connect()).rejects.toMatchObject({ code: '3D000' });
    expect(second.connections).toBe(0);
  });

  test('a pool goes on with the next when the one in use is lost', async () => {
    const first = await wayToPostgres(),
      second = await wayToPostgres();
    const pool = databasePool({ connectionString: urlOf(first.port, second.port), max: 2 });
    pool.on('error', () => undefined);
    await pool.query('SELECT 1');
    expect(second.connections).toBe(0);
    await first.stop();
    // What was open may be found broken once.
    await pool.query('SELECT 1').catch(() => undefined);
    expect((await pool.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }]);
    expect(second.connections).toBeGreaterThan(0);
    await pool.end();
  });

  test('a journal goes on at the next, with nothing lost', async () => {
    const first = await wayToPostgres(),
      second = await wayToPostgres();
    const store = new PgStore({ url: urlOf(first.port, second.port) });
    const place = { shard: 7, epoch: (await store.epochOf(7)).epoch };
    const block = blockBehind(await store.tip(7), place);
    expect(await store.append([block])).toEqual(new Set([7]));
    await first.stop();
    await expect.poll(() => store.tip(7).catch(() => null), { timeout: 5_000 }).toMatchObject({ height: 1 });
    const next = blockBehind(await store.tip(7), place);
    const append = () => store.append([next]).catch(() => null);
    await expect.poll(append, { timeout: 5_000 }).toEqual(new Set([7]));
    expect(await store.tip(7)).toMatchObject({ height: 2, hash: next.hash });
    await store.close();
  });
});

test('a single host is not asked anything before it is used', async () => {
  const only = await wayToPostgres();
  expect(await portOf(urlOf(only.port))).toBe(only.port);
  expect(only.connections).toBe(1);
});
