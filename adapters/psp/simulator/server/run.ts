import { setTimeout as wait } from 'node:timers/promises';
import { destination, pino } from 'pino';
import { SimulatorConfigError, readSimulatorConfig } from './config.ts';
import { keepWebhookSecret } from './secret.ts';
import { type Simulator, startSimulator } from './simulator.ts';

/** Everything must have stopped by then. */
const STOP_LIMIT_MS = 5_000;
/** Ours of before ends with the process that it ran along with, and answers what has begun first: a second at most. */
const PORT_TRIES = 15;
const PORT_TRY_MS = 200;

export interface RunOptions {
  /** Whether it also stops when standard input ends: whoever has started it is gone then, however it went. */
  readonly untilInputEnds: boolean;
  /** Where webhooks go, unless the environment says otherwise. */
  readonly webhookUrl?: string | undefined;
}

/** Runs the simulator as the environment says until a signal; answers with the exit code (2: it could not start). */
export async function runSimulator(
  { untilInputEnds, webhookUrl }: RunOptions = { untilInputEnds: false },
): Promise<number> {
  let simulator: Simulator;
  try {
    simulator = await start(webhookUrl, { tries: untilInputEnds ? PORT_TRIES : 1 });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    // Whoever runs it can do something about it: one line, no stack.
    console.error(`florin: ${refusal}`);
    return 2;
  }
  await (untilInputEnds ? Promise.race([untilSignal(), inputEnds()]) : untilSignal());
  await simulator.stop();
  return 0;
}

async function start(
  standardWebhookUrl: string | undefined,
  { tries }: { tries: number },
): Promise<Simulator> {
  const { port, file, dataDir, webhookUrl = standardWebhookUrl, webhookSecret } = readSimulatorConfig();
  const log = pino(
    {
      base: null,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination({ fd: 2, sync: true }),
  );
  const simulator = await oncePortIsFree(tries, () =>
    startSimulator({
      port,
      file,
      webhookUrl,
      secret: webhookSecret ?? keepWebhookSecret(dataDir),
      log: (level, event, details) => log[level](details, event),
    }),
  );
  console.log(
    [
      'The payment simulator is ready.',
      `  API          ${simulator.url}/v1`,
      `  card field   ${simulator.url}/hosted`,
      `  faults       ${simulator.url}/control/faults`,
      `  database     ${file}`,
      `  webhooks     ${webhookUrl ?? 'kept, since FLORIN_SIMULATOR_WEBHOOK_URL is not set'}`,
    ].join('\n'),
  );
  return simulator;
}

async function oncePortIsFree(tries: number, listen: () => Promise<Simulator>): Promise<Simulator> {
  for (let left = tries - 1; ; left -= 1) {
    try {
      return await listen();
    } catch (error) {
      if (left === 0 || !isInUse(error)) throw error;
    }
    await wait(PORT_TRY_MS);
  }
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function refusalOf(error: unknown): string | undefined {
  if (error instanceof SimulatorConfigError) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (isInUse(error))
    return 'the port of the simulator is in use: stop what listens there, or set FLORIN_SIMULATOR_PORT to a free port.';
  return error.code === 'EACCES' || error.code === 'EROFS' ? error.message : undefined;
}

function inputEnds(): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.once('end', resolve).once('error', resolve).resume();
  });
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  });
}
