import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the environment says to the shop. */
export interface ShopConfig {
  /** SHOP_HOST; default 127.0.0.1. */
  readonly host: string;
  /** SHOP_PORT; default 4000. */
  readonly port: number;
  /** SHOP_URL: where browsers and Florin reach the shop, without "/" at its end; default http://HOST:PORT. */
  readonly url: string;
  /** SHOP_FILE: its database; default shop.sqlite in Florin's data folder, so that both are removed at once. */
  readonly file: string;
  /** SHOP_FLORIN_URL: the REST API; default that of this machine, at FLORIN_EDGE_PORT (7410). */
  readonly florinUrl: string;
  /** FLORIN_API_KEY: sk_test_..; default the key that `npm start` has made and prints. Never sent to a browser. */
  readonly apiKey: string;
  /**
   * SHOP_CARD_FIELD: the provider's page that takes card numbers, so that the shop never sees one; default that of the
   * simulator, at FLORIN_SIMULATOR_PORT (7430).
   */
  readonly cardField: string;
  /** SHOP_WEBHOOK_SECRET: that of `florin listen`; undefined: the shop makes a webhook endpoint of its own. */
  readonly webhookSecret: string | undefined;
  /** SHOP_ADMIN_PASSWORD; undefined: one is made at the first start and printed. */
  readonly adminPassword: string | undefined;
  /** SHOP_ASK_SECONDS: how often Florin is asked about what is open; default 60. */
  readonly askMs: number;
}

export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): ShopConfig {
  const host = env.SHOP_HOST || '127.0.0.1';
  const port = Number(env.SHOP_PORT || '4000');
  const dataDir = env.FLORIN_DATA_DIR || '.florin';
  return {
    host,
    port,
    url: env.SHOP_URL || `http://${host}:${port}`,
    file: env.SHOP_FILE || join(dataDir, 'shop.sqlite'),
    florinUrl: env.SHOP_FLORIN_URL || `http://127.0.0.1:${env.FLORIN_EDGE_PORT || '7410'}`,
    apiKey: env.FLORIN_API_KEY || sampleKey(dataDir),
    cardField: env.SHOP_CARD_FIELD || `http://127.0.0.1:${env.FLORIN_SIMULATOR_PORT || '7430'}/hosted`,
    webhookSecret: env.SHOP_WEBHOOK_SECRET || undefined,
    adminPassword: env.SHOP_ADMIN_PASSWORD || undefined,
    askMs: Number(env.SHOP_ASK_SECONDS || '60') * 1_000,
  };
}

function sampleKey(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, 'secrets', 'sample-api-key'), 'utf8').trim();
  } catch {
    throw new Error('no API key: start Florin first ("npm start"), or set FLORIN_API_KEY to a key of yours.');
  }
}
