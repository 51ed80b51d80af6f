import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { connectFlorin, type FlorinClient, securedBy } from '../client/index.ts';
import { ClientSecrets } from './auth/clientSecrets.ts';
import { monotonicMs, wallClockMs } from './clock.ts';
import type { EdgeConfig } from './config.ts';
import type { Core } from './core.ts';
import type { Limits } from './limits/gate.ts';
import { Forwarder } from './inbound/forwarder.ts';
import { startWebhookListener } from './inbound/listener.ts';
import { Certificate } from './http/certificate.ts';
import { buildServer } from './http/server.ts';
import { createLog } from './log.ts';
import { EdgeMetrics } from './ops/metrics.ts';
import { startOperations } from './ops/operations.ts';
import { RequestRecorder } from './requests/recorder.ts';
import { keepWebhookKey } from './webhooks/keyFile.ts';
import { WebhookSecrets } from './webhooks/secrets.ts';

export interface Edge {
  /** Where it listens: "http://127.0.0.1:7410". */
  readonly url: string;
  /** Answers what has begun, then closes. */
  stop(): Promise<void>;
}

/** How often its own certificate is looked at for a newer one. */
const RENEW_MS = 30_000;
/** The core has answered whether it is there by then, or is away. */
const READY_MS = 1_000;
/** A core that takes longer for requests of the log gets them again. */
const KEEP_MS = 2_000;
/** HTTP/2 connections to the core. */
const CHANNELS = 2;

/** Of one address with publishable keys: a payer asks a few times, and behind an address there may be an office of them. */
const PAYERS = { perSecond: 20, burst: 100 };
/** Wrong keys of one address: enough for whoever mixes keys up, and nothing for whoever guesses among 2^190. */
const STRANGERS = { perSecond: 5, burst: 100 };

function limitsOf({ limits: { keyPerSecond, keyConcurrency, concurrency } }: EdgeConfig): Limits {
  return {
    key: { perSecond: keyPerSecond, burst: 2 * keyPerSecond },
    keyConcurrency,
    concurrency,
    address: STRANGERS,
    payer: PAYERS,
  };
}

/** Certificates run out: a newer one is taken without a restart, and one that cannot be used leaves the old in place. */
function renew(certificate: Certificate, server: Server, log: Logger): void {
  try {
    if (certificate.renew(server)) log.info({}, 'tls.reread');
  } catch (error) {
    log.error({ error: (error as Error).message }, 'tls.reread.failed');
  }
}

/** Why a balancer should ask another edge: the core does not answer this one. */
async function unready({ assets }: Pick<Core, 'assets'>): Promise<string | null> {
  try {
    await assets.listAssets({ pageSize: 1 }, { timeoutMs: READY_MS });
    return null;
  } catch {
    return 'the core is away';
  }
}

function recorderFor(
  { requestLog }: EdgeConfig,
  { florin, metrics, log }: { florin: FlorinClient; metrics: EdgeMetrics; log: Logger },
): RequestRecorder | undefined {
  if (requestLog === 'off') return undefined;
  return new RequestRecorder({
    recorded: requestLog,
    keep: (requestLogs) =>
      florin.requestLogs.writeRequestLogs({ requestLogs: [...requestLogs] }, { timeoutMs: KEEP_MS }),
    count: (outcome, requests) => metrics.logged(outcome, requests),
    log: (level, event, details) => log[level](details, event),
  });
}

/** Takes what payment providers send, for the core to check and keep. */
function listenForProviders({ inbound: { host, port } }: EdgeConfig, florin: FlorinClient, log: Logger) {
  const onFailed = (error: Error): void => log.error({ error: error.message }, 'webhook.failed');
  const forwarder = new Forwarder(florin, onFailed);
  return startWebhookListener({
    host,
    port,
    receive: (provider, webhook) => forwarder.receive(provider, webhook),
    onFailed,
  });
}

/** The REST edge; returns once it listens. */
export async function startEdge(config: EdgeConfig): Promise<Edge> {
  const log = createLog(config.logLevel);
  const key = keepWebhookKey(config.webhooks.keyFile);
  const florin = connectFlorin({ ...securedBy(config.coreTls, config.core), channels: CHANNELS });
  const certificate = config.tls && new Certificate(config.tls);
  const metrics = new EdgeMetrics(monotonicMs);
  const recorder = recorderFor(config, { florin, metrics, log });
  const app = await buildServer({
    core: metrics.counted<Core>(florin),
    metrics,
    recorder,
    secrets: new WebhookSecrets(key),
    clientSecrets: new ClientSecrets(key),
    publicUrl: config.publicUrl,
    nowMs: wallClockMs,
    tls: certificate?.pair,
    limits: limitsOf(config),
    trustProxy: config.trustProxy,
    log: (level, event, details) => log[level](details, event),
  });
  const listened = await app.listen({ host: config.host, port: config.port });
  const url = config.tls === undefined ? listened : listened.replace(/^http:/, 'https:');
  const operations = await startOperations({
    ...config.ops,
    unready: () => unready(florin),
    registry: metrics.registry,
  });
  const inbound = config.inbound.isOpen ? await listenForProviders(config, florin, log) : undefined;
  const renewing = certificate && setInterval(() => renew(certificate, app.server, log), RENEW_MS);
  return {
    url,
    stop: async () => {
      clearInterval(renewing);
      await Promise.all([app.close(), inbound?.stop()]);
      await recorder?.stop();
      florin.close();
      await operations.stop();
    },
  };
}
