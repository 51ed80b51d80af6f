import { setTimeout as wait } from 'node:timers/promises';
import { connectFlorin, securedBy } from '../../client/index.ts';
import { wallClockMs } from '../clock.ts';
import type { EdgeConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { Addresses } from './addresses.ts';
import { Deliverer } from './deliverer.ts';
import { keepWebhookKey } from './keyFile.ts';
import { delivererMetrics } from './metrics.ts';
import { startOperations } from '../ops/operations.ts';
import { Poster } from './post.ts';
import { WebhookSecrets } from './secrets.ts';

/** What receivers have not answered by then is tried again. */
const ANSWERS_MS = 5_000;

/** Tells webhook endpoints what the core hands out, until it is stopped. */
export async function startDelivering(config: EdgeConfig): Promise<{ stop(): Promise<void> }> {
  const { core, coreTls, logLevel, webhooks } = config;
  const secrets = new WebhookSecrets(keepWebhookKey(webhooks.keyFile));
  const log = createLog(logLevel);
  const metrics = delivererMetrics();
  const florin = connectFlorin(securedBy(coreTls, core));
  const poster = new Poster({ addresses: new Addresses(webhooks.networks), nowMs: wallClockMs });
  const deliverer = new Deliverer({
    core: florin,
    publicUrl: config.publicUrl,
    poster,
    secrets,
    concurrency: webhooks.concurrency,
    nowMs: wallClockMs,
    wait: (ms) => wait(ms),
    log: (level, event, details) => log[level](details, event),
    onAttempt: (posted, tookMs) => metrics.attempted(posted, tookMs),
    onReportsLost: (count) => metrics.reportsLost(count),
  });
  metrics.watch(() => deliverer.underWay);
  const operations = await startOperations({
    host: webhooks.opsHost,
    port: webhooks.opsPort,
    unready: () => deliverer.unready,
    registry: metrics.registry,
  });
  const running = deliverer.run();
  return {
    stop: async () => {
      await deliverer.stop(ANSWERS_MS);
      await running;
      await poster.close();
      florin.close();
      await operations.stop();
    },
  };
}
