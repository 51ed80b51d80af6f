import { TlsSettingError } from '../client/index.ts';
import { type EdgeConfig, EdgeConfigError, readEdgeConfig } from './config.ts';
import { startEdge } from './main.ts';
import { BadWebhookKey } from './webhooks/keyFile.ts';
import { startDelivering } from './webhooks/main.ts';

/** What is under way must be done by then. */
const STOP_LIMIT_MS = 9_000;

interface Running {
  /** What whoever has started it reads; the first line says that it is ready, and whoever has started it waits for that. */
  readonly says: readonly string[];
  stop(): Promise<void>;
}

interface RunOptions {
  /** It ends with its standard input: whoever has started it is gone then, however it went. */
  readonly untilInputEnds: boolean;
}

/** Runs the edge as the environment says until a signal; answers with the exit code (2: it could not start). */
export function runEdge(options: RunOptions): Promise<number> {
  return run({ ...options, listens: EDGE }, async (config) => {
    const edge = await startEdge(config);
    const says = [
      'The edge is ready.',
      `  REST         ${edge.url}/v1`,
      `  documents    ${edge.url}/docs`,
      ...(config.inbound.isOpen
        ? [`  providers    http://${config.inbound.host}:${config.inbound.port}/{provider}`]
        : []),
      `  core         ${config.core}`,
      `  operations   http://${config.ops.host}:${config.ops.port}/readyz /metrics`,
    ];
    return { says, stop: () => edge.stop() };
  });
}

/** The same of what tells webhook endpoints; `networks` are reached unless the environment names others. */
export function runDelivering({
  networks = [],
  ...options
}: RunOptions & { readonly networks?: readonly string[] }): Promise<number> {
  return run({ ...options, listens: DELIVERER }, async (config) => {
    const named = config.webhooks.networks;
    const webhooks = { ...config.webhooks, networks: named.length > 0 ? named : networks };
    const delivering = await startDelivering({ ...config, webhooks });
    const says = [
      'Webhooks are delivered.',
      `  core         ${config.core}`,
      `  operations   http://${webhooks.opsHost}:${webhooks.opsPort}/readyz /metrics`,
    ];
    return { says, stop: () => delivering.stop() };
  });
}

/** Who listens, and what says where. */
interface Listens {
  readonly who: string;
  readonly portName: string;
  readonly hostName: string;
}

const EDGE: Listens = {
  who: 'the edge',
  portName: 'FLORIN_EDGE_PORT, FLORIN_EDGE_OPS_PORT or FLORIN_PROVIDER_WEBHOOK_PORT',
  hostName: 'FLORIN_EDGE_HOST',
};
const DELIVERER: Listens = {
  who: 'what delivers webhooks',
  portName: 'FLORIN_WEBHOOK_OPS_PORT',
  hostName: 'FLORIN_HOST',
};

async function run(
  { untilInputEnds, listens }: RunOptions & { readonly listens: Listens },
  start: (config: EdgeConfig) => Promise<Running>,
): Promise<number> {
  let running: Running;
  try {
    running = await start(readEdgeConfig());
    console.log(running.says.join('\n'));
  } catch (error) {
    const refusal = refusalOf(error, listens);
    if (refusal === undefined) throw error;
    // Whoever runs it can do something about it: one line, no stack.
    console.error(`florin: ${refusal}`);
    return 2;
  }
  await (untilInputEnds ? Promise.race([untilSignal(), inputEnds()]) : untilSignal());
  setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
  await running.stop();
  return 0;
}

function refusalOf(error: unknown, { who, portName, hostName }: Listens): string | undefined {
  const known = [EdgeConfigError, BadWebhookKey, TlsSettingError];
  if (known.some((kind) => error instanceof kind)) return (error as Error).message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'EADDRINUSE')
    return `port ${(error as { port?: number }).port} of ${who} is in use: stop what listens there, or set ${portName} to a free port.`;
  if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL')
    return `${who} cannot listen (${error.code}): set ${portName} or ${hostName}.`;
  return undefined;
}

function inputEnds(): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.once('end', resolve).once('error', resolve).resume();
  });
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}
