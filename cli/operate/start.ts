import { flushCompileCache } from 'node:module';
import flags from '../../bin/flags.cjs';
import { type Config, ConfigError, readConfig } from '../../core/config.ts';
import { CannotStart } from '../../core/embedded/cannotStart.ts';
import { type DataFolder, openDataFolder } from '../../core/embedded/dataFolder.ts';
import {
  type EmbeddedEvent,
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../core/embedded/embedded.ts';
import type * as CoreModule from '../../core/main.ts';
import { Timeline } from '../../core/timeline.ts';
import { watchLauncher } from './launcher.ts';
import { type EdgeConfig, EdgeConfigError, readEdgeConfig } from '../../edge/config.ts';
import { startWebhookListener, type WebhookListener } from '../../edge/inbound/listener.ts';
import { type RunningProcess, startChildProcess } from './childProcess.ts';
import { receivedOf } from './received.ts';

/** Everything must have stopped by then; supervisors commonly kill after 10 s. */
const STOP_LIMIT_MS = 9_500;
/** npm and the terminal both pass one Ctrl-C on; only a later one is a second. */
const SAME_SIGNAL_MS = 1_000;
/** The edge answers what is under way, the deliverer waits for answers, the simulator ends what has begun within a second. */
const EDGE_STOP_MS = 4_000;
const DELIVERER_STOP_MS = 6_000;
const SIMULATOR_STOP_MS = 3_000;
/** The relay waits for what is under way. */
const RELAY_STOP_MS = 4_000;

const SIMULATOR = {
  program: new URL('../../adapters/psp/simulator/server/main.ts', import.meta.url),
  ready: 'The payment simulator is ready.',
  name: 'the payment simulator',
};
const EDGE = {
  program: new URL('../../edge/process.ts', import.meta.url),
  ready: 'The edge is ready.',
  name: 'the edge',
  flags: flags.edge,
};

const DELIVERER = {
  program: new URL('../../edge/webhooks/process.ts', import.meta.url),
  ready: 'Webhooks are delivered.',
  name: 'what delivers webhooks',
};
const RELAY = {
  program: new URL('relay/process.ts', import.meta.url),
  ready: 'The relay is ready.',
  name: 'the relay',
};
/** On a machine where Florin is tried, receivers are on that machine. */
const TRIED_HERE = ['127.0.0.0/8', '::1/128'];

interface Running {
  /** Held by us where no embedded Postgres holds it. */
  folder?: DataFolder;
  postgres?: EmbeddedPostgres;
  core?: CoreModule.Core;
  simulator?: RunningProcess;
  edge?: RunningProcess;
  /** Where no edge runs along. */
  inbound?: WebhookListener;
  deliverer?: RunningProcess;
  relay?: RunningProcess;
}

/** `florin start`: the database, then the core; runs until a signal and returns the exit code (2: it could not start). */
export async function start(): Promise<number> {
  try {
    await run(readConfig(), readEdgeConfig());
    return 0;
  } catch (error) {
    const isKnown = [CannotStart, ConfigError, EdgeConfigError].some((kind) => error instanceof kind);
    if (!isKnown || !(error instanceof Error)) throw error;
    // The operator can do something about it: one line, no stack.
    console.error(`florin: ${error.message}`);
    return 2;
  }
}

async function run(config: Config, edge: EdgeConfig): Promise<void> {
  const timeline = new Timeline();
  timeline.sinceProcessStart('imports');
  const stopAsked = untilStopAsked(config);
  const running: Running = {};
  try {
    const started = bringUp({ config, edge, running, stopAsked, timeline });
    // A stop during the start waits for the step under way, so that nothing half started is left behind.
    await Promise.race([started, stopAsked]);
    if (running.core !== undefined) {
      // Else only an orderly end would keep what was compiled. Nothing is written where nothing is new.
      flushCompileCache();
      // A stop does not wait for the sample: what is missing of it is booked at the next start.
      const failed = await Promise.race([sample(config, running), stopAsked]);
      if (failed !== undefined)
        console.error(
          `the sample books are not all in yet, the next start goes on with them: ${failed.message}`,
        );
      await banner(config, edge);
    }
    const failure = await Promise.race([stopAsked, running.postgres?.failed ?? stopAsked]);
    await started.catch(() => undefined);
    if (failure !== undefined) throw failure;
  } finally {
    await takeDown(running);
  }
}

async function bringUp(options: {
  config: Config;
  edge: EdgeConfig;
  running: Running;
  stopAsked: Promise<unknown>;
  timeline: Timeline;
}): Promise<void> {
  const { config, edge, running, stopAsked, timeline } = options;
  let { databaseUrls } = config;
  if (databaseUrls.length > 0) running.folder = openDataFolder(config.dataDir);
  else {
    running.postgres = await startEmbeddedPostgres({
      dataDir: config.dataDir,
      port: config.pgPort,
      log: tell,
      span: (step, task) => timeline.span(step, task),
      meanwhile: () => void loadCore(timeline).catch(() => undefined),
    });
    databaseUrls = [running.postgres.coreUrl];
  }
  const { startCore } = await loadCore(timeline);
  try {
    const { providers, simulator } = await readProviders({ config, running, timeline });
    const providersUp = simulator ? bringUpSimulator({ config, running, timeline }) : undefined;
    // Where the core fails first, that is what is said.
    providersUp?.catch(() => undefined);
    running.core = await startCore({ config, databaseUrls, providers, providersUp, stopAsked, timeline });
    // It asks the core for the keys of its callers: before, it could only turn them away.
    if (edge.runsAlong) running.edge = await timeline.span('edge.start', () => startChildProcess(EDGE));
    else if (edge.inbound.isOpen && providers.length > 0)
      running.inbound = await listenForProviders(edge, running.core);
    if (edge.webhooks.runsAlong) {
      const args = running.postgres === undefined ? [] : TRIED_HERE;
      running.deliverer = await timeline.span('webhooks.start', () =>
        startChildProcess({ ...DELIVERER, args }),
      );
    }
    if (config.relay.nats.urls.length > 0 && config.relay.runsAlong)
      running.relay = await timeline.span('relay.start', () => startChildProcess(RELAY));
  } catch (error) {
    throw startRefusal(error) ?? error;
  }
}

/** What an edge does for providers, without one: whoever runs the core alone has them send to it. */
function listenForProviders({ inbound }: EdgeConfig, core: CoreModule.Core): Promise<WebhookListener> {
  const { host, port } = inbound;
  return startWebhookListener({
    host,
    port,
    receive: async (provider, webhook) => receivedOf(await core.takeWebhook(provider, webhook)),
    onFailed: (error) => console.error(`a provider's webhook failed: ${error.message}`),
  });
}

interface Step {
  config: Config;
  running: Running;
  timeline: Timeline;
}

/** The providers that payments may use, and whether the simulator is to run along. */
async function readProviders({ config, running, timeline }: Step) {
  const [{ readProvidersConfig }, { configuredProviders }, { keepWebhookSecret }] = await timeline.span(
    'providers.load',
    () =>
      Promise.all([
        import('../../adapters/psp/config.ts'),
        import('../../adapters/psp/registry.ts'),
        import('../../adapters/psp/simulator/server/secret.ts'),
      ]),
  );
  const named = readProvidersConfig({ isEmbedded: running.postgres !== undefined });
  const simulatorSecret =
    named.simulatorSecret || (named.runsSimulator ? keepWebhookSecret(config.dataDir) : '');
  return {
    providers: configuredProviders({ ...named, simulatorSecret }),
    simulator: named.runsSimulator,
  };
}

async function bringUpSimulator({ config, running, timeline }: Step): Promise<void> {
  const webhookUrl = `http://${config.host}:${config.providerWebhookPort}/simulator`;
  running.simulator = await timeline.span('simulator.start', () =>
    startChildProcess({ ...SIMULATOR, args: [webhookUrl] }),
  );
}

let core: Promise<typeof CoreModule> | undefined;

/** The core's code, read and compiled once: that takes as long as Postgres takes to start, so both go on at once. */
function loadCore(timeline: Timeline): Promise<typeof CoreModule> {
  return (core ??= timeline.span('core.load', () => import('../../core/main.ts')));
}

/** Books of an external database are somebody's own: nothing is put there unasked. Answers with what went wrong. */
async function sample(config: Config, running: Running): Promise<Error | undefined> {
  if (!config.sampleData || running.postgres === undefined) return undefined;
  const { bringSample } = await import('./sample.ts');
  return bringSample({ config, hasProvider: running.simulator !== undefined }).then(
    () => undefined,
    (error: Error) => error,
  );
}

/** Settles at the first signal or when the launcher is gone; a second signal ends the process at once. */
function untilStopAsked(config: Config): Promise<undefined> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const ask = (): void => {
      if (askedAt !== undefined && performance.now() - askedAt > SAME_SIGNAL_MS) process.exit(130);
      if (askedAt !== undefined) return;
      askedAt = performance.now();
      setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
      resolve(undefined);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
    watchLauncher(config.launcherPid, ask);
  });
}

async function takeDown(running: Running): Promise<void> {
  try {
    await Promise.all([
      running.edge?.stop(EDGE_STOP_MS),
      running.inbound?.stop(),
      running.deliverer?.stop(DELIVERER_STOP_MS),
      running.relay?.stop(RELAY_STOP_MS),
    ]);
    await running.core?.stop();
  } finally {
    await running.simulator?.stop(SIMULATOR_STOP_MS);
    await running.postgres?.stop();
    running.folder?.close();
  }
}

/** Errors that the operator can do something about, by their names: their messages say what. */
const OPERATORS_ERRORS = new Set([
  'SchemaTooNew',
  'WrongServers',
  'TamperedRow',
  'HistoryRefused',
  'BadCheckpointKey',
  'BadCheckpoint',
  'SealKeyMissing',
  'NoWritableHost',
  'UnknownProvider',
  'BadTlsFile',
]);

function startRefusal(error: unknown): CannotStart | undefined {
  if (error instanceof Error && OPERATORS_ERRORS.has(error.name)) return new CannotStart(error.message);
  return portRefusal(error);
}

/** A port of the core that is taken becomes one line that names its variable. */
function portRefusal(error: unknown): CannotStart | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('port' in error)) return undefined;
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES' && error.code !== 'EADDRNOTAVAIL')
    return undefined;
  const config = readConfig();
  const variable = {
    [config.grpcPort]: 'FLORIN_GRPC_PORT',
    [config.connectPort]: 'FLORIN_CONNECT_PORT',
    [config.opsPort]: 'FLORIN_OPS_PORT',
    [config.providerWebhookPort]: 'FLORIN_PROVIDER_WEBHOOK_PORT',
  }[String(error.port)];
  if (variable === undefined) return undefined;
  return new CannotStart(
    error.code === 'EADDRINUSE'
      ? `port ${String(error.port)} is in use: stop what listens there, or set ${variable} to a free port.`
      : `port ${String(error.port)} on ${config.host} cannot be opened (${error.code}): set ${variable} or FLORIN_HOST.`,
  );
}

function tell(event: EmbeddedEvent): void {
  switch (event.event) {
    case 'postgres_adopted':
      console.log('goes on with the Postgres that an earlier start had left running');
      return;
    case 'postgres_creating':
      console.log(`creating the database in ${event.folder}`);
      return;
    case 'postgres_leftovers_stopped':
      console.log('stopped a Postgres that an earlier start had left behind');
      return;
    case 'postgres_ended':
      console.error(`Postgres ended by itself, starting it again (${event.restart})`);
      return;
    case 'postgres_out_of_space':
      console.error(`florin: ${event.line} It goes on by itself then.`);
      return;
    case 'postgres_ready':
      return;
  }
}

async function banner(config: Config, edge: EdgeConfig): Promise<void> {
  const at = (port: number): string => `${config.host}:${port}`;
  const edgeUrl = `${edge.tls === undefined ? 'http' : 'https'}://${edge.host}:${edge.port}`;
  const lines = [
    '',
    'Florin is ready.',
    `  gRPC         ${at(config.grpcPort)} (${config.tls === undefined ? 'cleartext HTTP/2' : 'TLS'}, with reflection)`,
    `  Connect      ${config.tls === undefined ? 'http' : 'https'}://${at(config.connectPort)} (Connect, gRPC-Web, JSON)`,
    ...(edge.runsAlong ? [`  REST         ${edgeUrl}/v1, documents at /docs`] : []),
    `  operations   http://${at(config.opsPort)}/readyz /healthz /metrics`,
  ];
  if (config.relay.nats.urls.length > 0 && config.relay.runsAlong)
    lines.push(`  relay        http://${at(config.relay.port)}/readyz /metrics, events to NATS`);
  const isEmbedded = config.databaseUrls.length === 0;
  if (isEmbedded) lines.push(`  Postgres     127.0.0.1:${config.pgPort}, data in ${config.dataDir}`);
  // What is shown is for a reader without certificates.
  if (isEmbedded && config.sampleData && config.tls === undefined) {
    const { hasSamplePayments, sampleKey } = await import('./sample.ts');
    const { examples, merchantExamples, paymentExamples } = await import('./examples.ts');
    lines.push(...examples({ connect: at(config.connectPort), grpc: at(config.grpcPort) }));
    if (hasSamplePayments(config)) {
      lines.push(...paymentExamples(at(config.connectPort)));
      const key = await sampleKey(config);
      if (edge.runsAlong) lines.push(...merchantExamples(edgeUrl, key));
    }
  }
  lines.push('', 'Ctrl-C stops everything.');
  console.log(lines.join('\n'));
}
