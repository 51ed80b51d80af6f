import { type Config, ConfigError, readConfig } from '../../../core/config.ts';
import { type RelayProcess, replayRange, startRelay } from '../../../core/relayMain.ts';
import type { ReplayRange } from '../../../core/relay/replay.ts';
import { Problem } from '../../problem.ts';
import { openDatabases } from '../verify/databases.ts';

/** Everything must have stopped by then. */
const STOP_LIMIT_MS = 9_000;

/** Runs the relay as the environment says until a signal; answers with the exit code (2: it could not start). */
export async function runRelay({ untilInputEnds }: { untilInputEnds: boolean }): Promise<number> {
  let relay: RelayProcess;
  let close = (): Promise<void> => Promise.resolve();
  try {
    const config = relayConfig();
    const databases = await openDatabases(config, (line) => console.error(line));
    close = () => databases.close();
    relay = await startRelay(config, databases.urls);
    console.log(`The relay is ready.\n  operations   http://${config.host}:${relay.port}/readyz /metrics`);
  } catch (error) {
    await close();
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    // Whoever runs it can do something about it: one line, no stack.
    console.error(`florin: ${refusal}`);
    return 2;
  }
  await (untilInputEnds ? Promise.race([untilSignal(), inputEnds()]) : untilSignal());
  setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
  await relay.stop();
  await close();
  return 0;
}

/** `florin relay replay`: a range once more, into streams that are there. Answers with how many events that were. */
export async function runReplay(range: ReplayRange): Promise<number> {
  const config = relayConfig();
  const databases = await openDatabases(config, (line) => console.error(line));
  try {
    return await replayRange(config, databases.urls, range);
  } finally {
    await databases.close();
  }
}

/** Throws `ConfigError` where there is no bus to bring anything to. */
function relayConfig(): Config {
  const config = readConfig();
  if (config.relay.nats.urls.length === 0)
    throw new ConfigError('NATS_URL is not set: say where the bus is, as nats://127.0.0.1:4222.');
  return config;
}

function refusalOf(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof Problem) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    return 'the port of the relay is in use: stop what listens there, or set FLORIN_RELAY_PORT to a free port.';
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
