import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Cashier } from './cashier.ts';
import { now } from './clock.ts';
import { readConfig } from './config.ts';
import { Database } from './database.ts';
import { Florin } from './florin.ts';
import { Orders } from './orders.ts';
import { ShopServer } from './server.ts';
import { keepEndpoint, Webhooks } from './webhooks.ts';

const RETRY_MS = 1_000;

/** What keeps it from starting is somebody's to mend, and ends in one line. */
const cannotStart = ({ message }: Error): void => {
  console.error(`shop: ${message}`);
  process.exit(2);
};
process.once('uncaughtException', cannotStart);

const config = readConfig();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
const pause = (ms: number): Promise<void> =>
  wait(ms, undefined, { signal: stopping.signal }).catch(() => undefined);

const database = new Database(config.file);
const orders = new Orders(database, now);
const florin = new Florin({ url: config.florinUrl, apiKey: config.apiKey });
const cashier = new Cashier({ orders, florin, returnUrl: (id) => `${config.url}/orders/${id}/return` });
const webhooks = new Webhooks({
  orders,
  florin,
  secret: () => config.webhookSecret ?? database.setting('webhook secret'),
});

let adminPassword = config.adminPassword ?? database.setting('admin password');
if (adminPassword === undefined) {
  adminPassword = randomBytes(12).toString('base64url');
  database.keep('admin password', adminPassword);
}
const shop = new ShopServer({ orders, cashier, webhooks, cardField: config.cardField, adminPassword });
const server = await shop.listen(config);
process.off('uncaughtException', cannotStart);
console.log(`The shop is open at ${config.url}`);
console.log(`  the merchant's page  ${config.url}/admin`);
if (config.adminPassword === undefined) console.log(`  its password         ${adminPassword}`);

/** Florin may start later than the shop. */
async function register(): Promise<void> {
  if (config.webhookSecret !== undefined) return;
  let said = '';
  while (!stopping.signal.aborted) {
    try {
      await keepEndpoint(florin, database, `${config.url}/webhooks`);
      return console.log('The shop hears from Florin.');
    } catch (error) {
      const { message } = error as Error;
      if (message !== said) console.error(`no webhook endpoint yet: ${message}`);
      said = message;
    }
    await pause(RETRY_MS);
  }
}

async function keepAsking(): Promise<void> {
  while (!stopping.signal.aborted) {
    for (const why of await cashier.askAboutOpen()) console.error(`asks again later: ${why}`);
    await pause(config.askMs);
  }
}

await Promise.all([register(), keepAsking()]);
server.close();
server.closeAllConnections();
database.close();
