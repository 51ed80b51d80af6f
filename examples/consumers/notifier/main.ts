import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { overRpc, subscribe } from '../../../client/events/index.ts';
import { overNats } from '../../../client/events/nats.ts';
import { connectFlorin } from '../../../client/index.ts';
import { readConfig } from './config.ts';
import { Notifier } from './notifier.ts';

const SEND_MS = 1_000;
/** A server that says nothing for so long is away. */
const SMTP_MS = { connectionTimeout: 5_000, greetingTimeout: 5_000, socketTimeout: 30_000 };

const config = readConfig();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

const notifier = new Notifier({
  database: new DatabaseSync(config.file),
  transport: createTransport({ url: config.smtpUrl, ...SMTP_MS }),
  from: config.from,
  nowMs: Date.now,
});
const florin = connectFlorin({ target: config.core });
const subscription = subscribe({
  from:
    config.natsUrl === undefined
      ? overRpc({ florin })
      : overNats({ connection: { servers: config.natsUrl.split(',') }, durable: 'notifier' }),
  stream: 'NOTIFICATION',
  inbox: notifier.inbox,
  handle: notifier.handle,
  onGap: ({ shard, missing }) => console.error(`waits for event ${shard}:${missing}`),
  onFailed: ({ message }, retryMs) => console.error(`${message}; tries again in ${retryMs} ms`),
});
console.log('The notifier follows.');
while (!stopping.signal.aborted) {
  await notifier.send().catch(({ message }: Error) => console.error(`no e-mail goes out: ${message}`));
  await wait(SEND_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
}
await subscription.stop();
florin.close();
