import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
import { overRpc, subscribe } from '../../client/events/index.ts';
import { JournalFeed } from '../../core/relay/feed.ts';
import { type Serving, serve } from '../../core/rpc/testing/serving.ts';
import { Notifier } from '../../examples/consumers/notifier/notifier.ts';
import { journalled, sourceOf } from '../support/leaving.ts';
import { NOON_US } from '../support/ledger.ts';
import { type ReadModelDatabase, readModelDatabase, realClock, realTimers } from '../support/projecting.ts';
import { ScriptedPayments } from '../support/scriptedPayments.ts';

const WAIT = { timeout: 15_000, interval: 20 };

let db: ReadModelDatabase;
let own: ReturnType<typeof sourceOf>;
let serving: Serving;
let smtp: SMTPServer;
let port: number;
const mails: string[] = [];
/** Mails that the server refuses before it takes one. */
let refusals = 0;
let nowMs = 0;

beforeAll(async () => {
  db = await readModelDatabase();
  const shard = new ScriptedPayments(4, NOON_US);
  const merchant = shard.merchant();
  const mia = shard.customer(merchant, { email: 'mia@example.org' });
  const silent = shard.customer(merchant);
  shard.succeed(shard.create(merchant, { customer: mia, amount: 123_456n }));
  shard.succeed(shard.create(merchant, { customer: silent }));
  shard.succeed(shard.create(merchant));
  shard.create(merchant, { customer: mia, confirm: false });
  shard.succeed(shard.create(merchant, { customer: mia, amount: 7n, currency: 'JPY' }));
  shard.seal();
  await journalled(db, shard.blocks);
  own = sourceOf(db);
  const feed = new JournalFeed({ source: own.source, clock: realClock, timers: realTimers });
  serving = await serve({ level: 'silent', feed });
  let mail = '';
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _, done) => {
      stream.on('data', (chunk: Buffer) => (mail += chunk.toString()));
      stream.on('end', () => {
        const isRefused = refusals-- > 0;
        if (!isRefused) mails.push(mail);
        mail = '';
        done(isRefused ? new Error('not now') : null);
      });
    },
  });
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  port = (smtp.server.address() as AddressInfo).port;
});

afterAll(async () => {
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
  await serving.close();
  await own.close();
  await db.drop();
});

/** Follows everything once with that database; what it noted is sent. */
async function notified(database: DatabaseSync): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port });
  const notifier = new Notifier({ database, transport, from: 'shop@example.org', nowMs: () => nowMs });
  const florin = connectFlorin({ target: `127.0.0.1:${serving.rpc.grpcPort}` });
  const from = overRpc({ florin, heartbeatMs: 100 });
  const { inbox, handle } = notifier;
  const subscription = subscribe({ from, stream: 'NOTIFICATION', inbox, handle });
  const last = (await db.rows('SELECT max(seq)::int AS seq FROM florin.payment_events'))[0].seq;
  await vi.waitFor(async () => expect((await inbox.places('NOTIFICATION')).get(4)).toBe(last), WAIT);
  await subscription.stop();
  florin.close();
  await notifier.send().finally(() => transport.close());
}

const header = (mail: string, name: string): string => new RegExp(`^${name}: (.*)\r$`, 'm').exec(mail)![1];

test('writes to customers who have an address, once, though the mail server refuses at first', async () => {
  const database = new DatabaseSync(':memory:');
  refusals = 1;
  await notified(database);
  expect(mails.map((mail) => header(mail, 'Subject'))).toEqual(['Thank you: JPY 7 received']);
  nowMs += 60_000;
  await notified(database);
  mails.reverse();
  expect(mails.map((mail) => [header(mail, 'To'), header(mail, 'Subject')])).toEqual([
    ['mia@example.org', 'Thank you: EUR 1,234.56 received'],
    ['mia@example.org', 'Thank you: JPY 7 received'],
  ]);
  expect(header(mails[0], 'Message-ID')).toMatch(/^<4-\d+-0@florin>$/);
  await notified(database);
  expect(mails).toHaveLength(2);
});
