import type { RawWebhook, TakenWebhook } from '../webhookIntake.ts';
import { Client, credentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import type { Reason } from '../../kernel/ledger/refusals.ts';
import type { EventFeed } from '../eventFeed.ts';
import type { ProviderRow } from '../providerReads.ts';
import { type RpcServer, startRpc } from '../server.ts';
import type { RpcMetrics } from '../serve/observer.ts';
import type { Tls } from '../tls/tls.ts';
import { machineClock, machineTimers } from './clock.ts';
import { FakeFeed } from './fakeFeed.ts';
import { FakeLedger } from './fakeLedger.ts';
import { FakePayments } from './fakePayments.ts';
import { FakeReads } from './fakeReads.ts';
import { FakeRequestLogs } from './fakeRequestLogs.ts';
import { FakeDeliveries, FakeTold } from './fakeTold.ts';

/** A server on free ports over a fake ledger and fake reads, with all that it logged and counted. */
/** What was handed over of providers' webhooks, and what becomes of them. */
interface FakeWebhooks {
  readonly received: { provider: string; webhook: RawWebhook }[];
  says: (provider: string) => Promise<TakenWebhook>;
}

export interface Serving {
  rpc: RpcServer;
  ledger: FakeLedger;
  payments: FakePayments;
  reads: FakeReads;
  told: FakeTold;
  deliveries: FakeDeliveries;
  feed: FakeFeed;
  requestLogs: FakeRequestLogs;
  webhooks: FakeWebhooks;
  /** What the processes tell of providers. */
  providerRows: ProviderRow[];
  grpc: Client;
  /** Parsed log lines. */
  lines: Record<string, unknown>[];
  /** "service/method CODE", one a call that ended. */
  ended: string[];
  /** Reasons, one a refused call or item. */
  refused: Reason[];
  close(): Promise<void>;
}

interface ServeOptions {
  level?: string;
  /** Any free ones unless told. */
  grpcPort?: number;
  connectPort?: number;
  tls?: Tls;
  /** Instead of the fake one. */
  feed?: EventFeed;
}

export async function serve({
  level = 'info',
  grpcPort = 0,
  connectPort = 0,
  tls,
  feed: otherFeed,
}: ServeOptions = {}): Promise<Serving> {
  const ledger = new FakeLedger();
  const payments = new FakePayments();
  const reads = new FakeReads();
  const told = new FakeTold();
  const deliveries = new FakeDeliveries();
  const feed = new FakeFeed();
  const requestLogs = new FakeRequestLogs();
  const providerRows: ProviderRow[] = [];
  const providers = { accounts: () => providerRows };
  const webhooks: FakeWebhooks = { received: [], says: () => Promise.resolve({ done: 'kept', events: 1 }) };
  const lines: Record<string, unknown>[] = [];
  const ended: string[] = [];
  const refused: Reason[] = [];
  const metrics: RpcMetrics = {
    refused: (reason, count) => refused.push(...Array<Reason>(count).fill(reason)),
    method: (name) => ({ began: () => undefined, ended: (code) => ended.push(`${name} ${code}`) }),
  };
  const log = pino(
    { level, messageKey: 'event' },
    { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const rpc = await startRpc({
    host: '127.0.0.1',
    grpcPort,
    connectPort,
    ledger,
    payments,
    reads,
    told,
    deliveries,
    feed: otherFeed ?? feed,
    requestLogs,
    providers,
    takeWebhook: (provider, webhook) => {
      webhooks.received.push({ provider, webhook });
      return webhooks.says(provider);
    },
    tls,
    clock: machineClock,
    timers: machineTimers,
    log,
    metrics,
  });
  rpc.setServing(true);
  const grpc = new Client(`127.0.0.1:${rpc.grpcPort}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  const close = async (): Promise<void> => {
    grpc.close();
    await rpc.stop(0);
  };
  return {
    rpc,
    ledger,
    payments,
    reads,
    told,
    deliveries,
    feed,
    requestLogs,
    providerRows,
    webhooks,
    grpc,
    lines,
    ended,
    refused,
    close,
  };
}
