import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type pg from 'pg';
import type { Logger } from 'pino';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { watchDeliveries } from './deliveryMetrics.ts';
import { keepPassword } from './embedded/password.ts';
import { knownHeights, refusalOf } from './journal/checkpointCheck.ts';
import type { SignedCheckpoint } from './journal/checkpoint.ts';
import { keepCheckpointCopy, readCheckpointCopy } from './journal/checkpointFile.ts';
import { keepCheckpointKey } from './journal/checkpointKey.ts';
import { CheckpointMaker } from './journal/checkpointMaker.ts';
import { PgCheckpointStore } from './journal/checkpointStore.ts';
import { databasePool } from './journal/database.ts';
import { PgStore } from './journal/pgStore.ts';
import { claimServer, serverOf } from './journal/servers.ts';
import { REFUSALS } from './kernel/ledger/refusals.ts';
import { ISO_4217 } from './kernel/money/iso4217.ts';
import { Telling } from './deliveries/telling.ts';
import { createLogger } from './logging.ts';
import { createMetrics } from './metrics.ts';
import { type PaymentMetrics, paymentMetrics } from './paymentMetrics.ts';
import { JournalFeed } from './relay/feed.ts';
import { JournalSource } from './relay/source.ts';
import { startOps } from './ops/server.ts';
import { ProviderEvents } from './processes/events.ts';
import { type ConfiguredProvider, PaymentProcesses } from './processes/payments.ts';
import { PgEventPlaces } from './processes/polling/pgPlaces.ts';
import { WebhookReceiver } from './processes/webhooks.ts';
import { recallAnswers } from './recallAnswers.ts';
import { systemRandom } from './random.ts';
import { PgStateLoader } from './readmodels/loader.ts';
import { type Registries, migrate } from './readmodels/migrate.ts';
import type { ProjectorEvent } from './readmodels/projector.ts';
import { firstIdOf, RequestLogs } from './readmodels/requestLogs.ts';
import { SealKeyMissing, hasSealedRows, sealKeyOf } from './readmodels/sealing/sealKey.ts';
import type { ProjectorThreadData } from './readmodels/thread/calls.ts';
import { ProjectorThread } from './readmodels/thread/projectorThread.ts';
import { CONTROL_SHARD } from './shard/control.ts';
import type { Tls as CallersTls } from './rpc/tls/tls.ts';
import { LedgerNode } from './shard/node.ts';
import type { Claim } from './shard/recovery.ts';
import { systemTimers } from './timers.ts';
import { Timeline } from './timeline.ts';

/** Data shards, fixed when a Florin is created. */
const SHARDS = 64;
/** How long calls under way may take to finish at a stop. */
const GRACE_MS = 5_000;
const PROGRESS_MAX = 200_000;
/** Payment intents that one shard keeps resident. */
const INTENTS_MAX = 50_000;
const PROFILES_MAX = 50_000;
const SEAL_KEY = 'seal.key';
/** In the data folder, outside the database: an older backup of the database does not start beside it. */
const CHECKPOINT_COPY = 'checkpoint.json';
/** Blocks for which there are partitions ahead: at a thousand a second enough for four hours. */
const HEIGHTS_AHEAD = 2 ** 24;
const RESERVE_MS = 60_000;
/** How often certificates are looked at for newer ones. */
const TLS_REREAD_MS = 30_000;
const SERVING_MS = 500;
const FORGET_MS = 60_000;
const DAY_MS = 86_400_000;
/** Committed blocks of one shard that stay in memory for projection and replays. */
const RECENT_BYTES_MAX = 32 * 1024 * 1024;

export interface CoreOptions {
  readonly config: Config;
  /** One URL a Postgres server; the shards are spread over them. */
  readonly databaseUrls: readonly string[];
  /** Who takes payments; none: payments can be made and not confirmed. */
  readonly providers?: readonly ConfiguredProvider[];
  /** Settles when those that are started along answer: nobody is asked before, a payment of before a restart neither. */
  readonly providersUp?: Promise<unknown> | undefined;
  /** Settles when the start is to be given up: another core may keep the shards for as long as it lives. */
  readonly stopAsked?: Promise<unknown>;
  /** Takes down how long the steps of the start take. */
  readonly timeline?: Timeline;
}

export interface Core {
  /** The RPC of edges, for whoever listens for providers in this very process. */
  readonly takeWebhook: WebhookReceiver['receive'];
  /** Drains and stops everything that the core has started. Idempotent. */
  stop(): Promise<void>;
}

/** Starts the core on databases that accept connections, and returns when it is ready. */
export async function startCore({
  config,
  databaseUrls,
  providers = [],
  providersUp,
  stopAsked,
  timeline = new Timeline(),
}: CoreOptions): Promise<Core> {
  const log = createLogger({ level: config.logLevel });
  const metrics = createMetrics();
  const secrets = join(config.dataDir, 'secrets');
  const stops: (() => Promise<unknown>)[] = [];
  const stop = once(async () => {
    for (const step of stops.toReversed()) await step();
  });
  try {
    for (const [index, url] of databaseUrls.entries()) {
      await timeline.span('database.migrate', () => migrate(url, registries()));
      await timeline.span('database.claim', () => claimServer(url, { index, count: databaseUrls.length }));
    }
    const sealKey = await timeline.span('seal.key', () => keepSealKey(secrets, databaseUrls));
    const of = (shard: number): number => serverOf(shard, databaseUrls.length);
    const pools = databaseUrls.map((url) =>
      databasePool({
        connectionString: url,
        max: 16,
        application_name: 'florin reads',
        connectionTimeoutMillis: 5_000,
        options: '-c timezone=UTC',
      }),
    );
    for (const pool of pools)
      pool.on('error', (error) => log.warn({ err: error }, 'database.connection.lost'));
    stops.push(() => Promise.all(pools.map((pool) => pool.end())));
    const poolOf = (shard: number): pg.Pool => pools[of(shard)];
    const stores = databaseUrls.map(
      (url) => new PgStore({ url, onWarning: (message) => log.warn({ message }, 'database.warning') }),
    );
    stops.push(() => Promise.all(stores.map((store) => store.close())));
    const checkpoints = new PgCheckpointStore(pools[0]);
    const copy = join(config.dataDir, CHECKPOINT_COPY);
    const known = newer(
      await timeline.span('checkpoint.read', () => checkpoints.latest()),
      readCheckpointCopy(copy),
    );
    for (const store of stores)
      await timeline.span('journal.reserve', () => store.reserveHeights(HEIGHTS_AHEAD));
    const loader = new PgStateLoader({ poolOf, sealKey });

    const meters = paymentMetrics(metrics.registry);
    const processes = new PaymentProcesses({
      providers,
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      log: (level, event, details) => log[level](details, event),
      onCall: (call, tookMs) => meters.called(call, tookMs),
    });
    const node = new LedgerNode({
      servers: stores.map((store) => ({ store, loader })),
      serverOf: of,
      shards: SHARDS,
      holder: holderOf(config, keepPassword(secrets, 'node.id')),
      owner: randomUUID(),
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      router: processes.router,
      bounds: {
        idsMax: config.idsMax,
        accountsMax: config.accountsMax,
        progressMax: PROGRESS_MAX,
        intentsMax: INTENTS_MAX,
        profilesMax: PROFILES_MAX,
        mailboxItemsMax: config.mailboxItemsMax,
        recentBytesMax: RECENT_BYTES_MAX,
        lagEventsMax: config.lagEventsMax,
      },
      checkHistory: (claims) => checkHistory(known, claims, (shard) => stores[of(shard)]),
      span: (step, task) => timeline.span(step, task),
      observe: {
        event: (level, event, details) => log[level](details, event),
        committed: (took) => metrics.committed(took),
        admitted: (items) => metrics.admitted(items),
        turnedAway: (reason, items) => metrics.turnedAway(reason, items),
      },
    });
    const servers = databaseUrls.map((url, index) => ({
      url,
      shards: Array.from({ length: SHARDS + 1 }, (_, shard) => shard).filter((shard) => of(shard) === index),
    }));
    const data: ProjectorThreadData = { servers, sealKey };
    const projector = new ProjectorThread({
      worker: new Worker(new URL('./projectorMain.ts', import.meta.url), {
        name: 'projector',
        workerData: data,
      }),
      feed: node,
      shards: servers.flatMap(({ shards }) => shards),
      clock: systemClock,
      log: (event) => logProjection(log, event),
      onAdvanced: ({ shard, seq }) => {
        node.passed(shard, seq);
        telling.advanced(shard);
      },
    });
    const telling = new Telling({
      node,
      poolOf,
      pools,
      timers: systemTimers,
      projector,
      log: (level, event, details) => log[level](details, event),
    });
    let serving = false;
    const ops = await startOps({
      host: config.host,
      port: config.opsPort,
      unready: () => node.unready ?? (serving ? null : 'starting'),
      registry: metrics.registry,
      controls: config.benchControls
        ? new Map([
            ['/projection/pause', () => projector.pause()],
            ['/projection/resume', () => projector.resume()],
          ])
        : undefined,
    });
    stops.push(() => ops.stop());
    stops.push(() => node.stop(GRACE_MS));
    stops.push(() => projector.stop());
    let starting = true;
    void stopAsked?.then(() => (starting ? node.stop(0) : undefined));
    const [{ SqlReads, sqlToldReads, Tls, WireLedger, startRpc }] = await Promise.all([
      // A third of all code, which nobody needs before there is something to serve: it loads while Postgres reads.
      timeline.span('rpc.load', loadRpc),
      timeline.span('shards.takeover', () => node.start()),
    ]);
    starting = false;
    await timeline.span('projector.start', () => projector.start());
    // After the projector: it brings in what is due from the read models.
    await providersUp;
    processes.start(node);
    await telling.start();
    stops.push(() => Promise.resolve(telling.stop()));
    watchPayments(meters, node, processes);
    if (providers.length > 0) void recallAnswers(pools, processes, { nowUs: node.nowUs(0), log });
    const nowMs = (): number => systemClock.wallUs() / 1_000;
    const events = new ProviderEvents({ shards: node, nowMs });
    const adapters = providers.map(({ adapter }) => adapter);
    const webhooks = new WebhookReceiver({
      adapters,
      events,
      nowMs,
      log: (level, event, details) => log[level](details, event),
    });
    processes.followEvents({
      events,
      places: new PgEventPlaces(pools[0]),
      everyMs: config.providerEventsPollSeconds * 1_000,
      shards: node,
      onTook: (provider, outcome, count) => meters.listed({ provider, outcome }, count),
    });
    stops.push(() => Promise.resolve(processes.stop()));
    const takeWebhook: Core['takeWebhook'] = (provider, webhook) => webhooks.receive(provider, webhook);
    watchDeliveries(metrics.registry, { backlog: telling.backlog, nowUs: () => node.nowUs(0) });
    metrics.watchShards(() =>
      node.tips().map(({ shard, tip, queued }) => ({
        shard,
        queued,
        committedSeq: tip.seq,
        projectedSeq: projector.projectedSeq(shard),
        lagSeconds: projector.lagSeconds(shard),
      })),
    );
    const maker = new CheckpointMaker({
      key: keepCheckpointKey({ secrets, keyFile: config.checkpointKeyFile }),
      store: checkpoints,
      tips: () => node.tips().map(({ shard, tip }) => ({ shard, height: tip.height, hash: tip.hash })),
      intervalMs: config.checkpointIntervalSeconds * 1_000,
      clock: systemClock,
      timers: systemTimers,
      onMade: (checkpoint) => keepCheckpointCopy(copy, checkpoint),
      onError: (error) => log.warn({ err: error }, 'checkpoint.failed'),
    });
    maker.start();
    stops.push(() => maker.stop());

    const requestLogs = new RequestLogs(pools[0]);
    const tls = config.tls === undefined ? undefined : new Tls(config.tls);
    const rpc = await timeline.span('rpc.start', () =>
      startRpc({
        host: config.host,
        grpcPort: config.grpcPort,
        connectPort: config.connectPort,
        tls,
        ledger: new WireLedger(node, metrics),
        payments: node,
        providers: processes,
        takeWebhook,
        told: sqlToldReads(poolOf),
        requestLogs,
        deliveries: telling.deliveries,
        feed: new JournalFeed({
          source: new JournalSource(
            stores.map((store, index) => ({ store, reader: pools[index] })),
            of,
          ),
          clock: systemClock,
          timers: systemTimers,
        }),
        reads: new SqlReads({
          poolOf,
          pools,
          controlShard: CONTROL_SHARD,
          projector,
          block: async (shard, by) => {
            const store = stores[of(shard)];
            const block = await ('height' in by
              ? store.block(shard, by.height)
              : store.blockOfSeq(shard, by.seq));
            return block && { ...block, bodyBytes: block.body.length };
          },
          checkpoint: (number) => (number === null ? checkpoints.latest() : checkpoints.byNumber(number)),
        }),
        clock: systemClock,
        timers: systemTimers,
        log,
        metrics,
      }),
    );
    stops.push(() => rpc.stop(GRACE_MS));
    stops.push(follow(SERVING_MS, () => rpc.setServing(node.unready === null)));
    if (tls !== undefined) stops.push(follow(TLS_REREAD_MS, () => rereadTls(tls, log)));
    const reserve = () => Promise.all(stores.map((store) => store.reserveHeights(HEIGHTS_AHEAD)));
    stops.push(
      follow(
        RESERVE_MS,
        () => void reserve().catch((error: unknown) => log.warn({ err: error }, 'journal.reserve.failed')),
      ),
    );
    stops.push(follow(FORGET_MS, () => void forgetRequests(requestLogs, config.requestLogDays, log)));
    serving = true;
    log.info({ grpcPort: rpc.grpcPort, connectPort: rpc.connectPort, opsPort: ops.port }, 'core.ready');
    log.info({ totalMs: timeline.totalMs, steps: timeline.steps }, 'core.start.timeline');
    return { takeWebhook, stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Counts what becomes of payments, and looks at those in memory whenever somebody reads the metrics. */
function watchPayments(meters: PaymentMetrics, node: LedgerNode, processes: PaymentProcesses): void {
  node.onPaymentsTouched((writer, intents) => {
    for (const seq of intents) {
      const intent = writer.state.payments.intents.get(seq);
      if (intent !== undefined) meters.changed(intent.state);
    }
  });
  meters.watch({
    intents: () => [...node.held()].flatMap(({ writer }) => [...writer.state.payments.intents.values()]),
    nowUs: () => systemClock.wallUs(),
    breakers: () => processes.breakers(),
    lists: () => processes.lists(),
  });
}

/**
 * Who holds our leases: the same after a restart, so that it takes its shards back at once, and never the same for two
 * cores on one database, though somebody has copied the whole secrets folder to the second one.
 */
function holderOf(config: Config, nodeId: string): string {
  return config.databaseUrls.length === 0 ? nodeId : `${nodeId} ${hostname()} ${config.dataDir}`;
}

async function loadRpc() {
  const [{ SqlReads }, { sqlToldReads }, { startRpc }, { Tls }, { WireLedger }] = await Promise.all([
    import('./rpc/sqlReads.ts'),
    import('./rpc/toldReads.ts'),
    import('./rpc/server.ts'),
    import('./rpc/tls/tls.ts'),
    import('./rpc/wire/hotPath.ts'),
  ]);
  return { SqlReads, sqlToldReads, Tls, WireLedger, startRpc };
}

/** Certificates run out: newer ones are taken without a restart, and ones that cannot be used leave the old in place. */
function rereadTls(tls: CallersTls, log: Logger): void {
  try {
    if (tls.reread()) log.info({}, 'tls.reread');
  } catch (error) {
    log.error({ err: error }, 'tls.reread.failed');
  }
}

/** Refusals by shard; all shards lie on one server. */
async function checkHistory(
  known: SignedCheckpoint | null,
  claims: ReadonlyMap<number, Claim>,
  storeOf: (shard: number) => PgStore,
): Promise<Map<number, Error>> {
  const refused = new Map<number, Error>();
  if (known === null) return refused;
  const heights = knownHeights(known, [...claims.keys()]);
  const [shard] = heights.keys();
  const hashes = shard === undefined ? new Map<number, Uint8Array>() : await storeOf(shard).hashesAt(heights);
  for (const { shard, tip } of claims.values()) {
    const refusal = refusalOf(known, shard, { height: tip.height, hashAtKnown: hashes.get(shard) });
    if (refusal !== null) refused.set(shard, refusal);
  }
  return refused;
}

/** The key of the rows' seals, made at the first start; refused where rows were sealed with one that is gone. */
async function keepSealKey(secrets: string, databaseUrls: readonly string[]): Promise<Uint8Array> {
  const file = join(secrets, SEAL_KEY);
  if (!existsSync(file)) {
    for (const url of databaseUrls) if (await hasSealedRows(url)) throw new SealKeyMissing(file);
  }
  return sealKeyOf(keepPassword(secrets, SEAL_KEY));
}

function logProjection(log: Logger, event: ProjectorEvent): void {
  if (event.event !== 'projection.failed') return log.info({ shards: event.shards.length }, event.event);
  log.warn({ err: event.error, retryMs: event.retryMs }, event.event);
}

function newer(a: SignedCheckpoint | null, b: SignedCheckpoint | null): SignedCheckpoint | null {
  if (a === null || b === null) return a ?? b;
  return a.number >= b.number ? a : b;
}

/** Does it now and again and again; returns what ends that. */
function follow(intervalMs: number, task: () => void): () => Promise<void> {
  task();
  const timer = setInterval(task, intervalMs);
  return () => {
    clearInterval(timer);
    return Promise.resolve();
  };
}

/** What does not go away now does in a minute. */
async function forgetRequests(logs: RequestLogs, days: number, log: Logger): Promise<void> {
  try {
    await logs.forgetBefore(firstIdOf(systemClock.wallUs() / 1_000 - days * DAY_MS));
  } catch (error) {
    log.warn({ err: error }, 'requests.forget.failed');
  }
}

/** What SQL joins and only the code knows. */
function registries(): Registries {
  return {
    assets: ISO_4217.map(([code, scale, name]) => ({ code, scale, name })),
    reasons: Object.entries(REFUSALS).map(([name, { number }]) => ({ number, name })),
  };
}

function once(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= task());
}
