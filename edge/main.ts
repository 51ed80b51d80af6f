import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { connectFlorin, securedBy, TlsSettingError } from '../client/index.ts';
import { wallClockMs } from './clock.ts';
import type { EdgeConfig } from './config.ts';
import type { Limits } from './limits/gate.ts';
import { buildServer } from './http/server.ts';
import { createLog } from './log.ts';
import { keepWebhookKey } from './webhooks/keyFile.ts';
import { WebhookSecrets } from './webhooks/secrets.ts';

export interface Edge {
  /** Where it listens: "http://127.0.0.1:7410". */
  readonly url: string;
  /** Answers what has begun, then closes. */
  stop(): Promise<void>;
}

/** HTTP/2 connections to the core. */
const CHANNELS = 2;

/** Wrong keys of one address: enough for whoever mixes keys up, and nothing for whoever guesses among 2^190. */
const STRANGERS = { perSecond: 5, burst: 100 };

function limitsOf({ limits: { keyPerSecond, keyConcurrency } }: EdgeConfig): Limits {
  return {
    key: { perSecond: keyPerSecond, burst: 2 * keyPerSecond },
    keyConcurrency,
    address: STRANGERS,
  };
}

function ownTls({ certFile, keyFile }: NonNullable<EdgeConfig['tls']>): { cert: string; key: string } {
  const contentOf = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new TlsSettingError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
    }
  };
  const pair = { cert: contentOf(certFile), key: contentOf(keyFile) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new TlsSettingError(
      `${certFile}, ${keyFile}: no certificate with its key in PEM (${(error as Error).message}).`,
    );
  }
  return pair;
}

/** The REST edge; returns once it listens. */
export async function startEdge(config: EdgeConfig): Promise<Edge> {
  const log = createLog(config.logLevel);
  const secrets = new WebhookSecrets(keepWebhookKey(config.webhooks.keyFile));
  const florin = connectFlorin({ ...securedBy(config.coreTls, config.core), channels: CHANNELS });
  const app = await buildServer({
    core: florin,
    secrets,
    nowMs: wallClockMs,
    tls: config.tls && ownTls(config.tls),
    limits: limitsOf(config),
    trustProxy: config.trustProxy,
    log: (level, event, details) => log[level](details, event),
  });
  const listened = await app.listen({ host: config.host, port: config.port });
  const url = config.tls === undefined ? listened : listened.replace(/^http:/, 'https:');
  return {
    url,
    stop: async () => {
      await app.close();
      florin.close();
    },
  };
}
