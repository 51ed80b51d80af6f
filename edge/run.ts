import { EdgeConfigError, readEdgeConfig } from './config.ts';
import { type Edge, startEdge } from './main.ts';

/** What is under way must be answered by then. */
const STOP_LIMIT_MS = 9_000;
/** The first line that says it takes requests; whoever has started it waits for that. */
const READY = 'The edge is ready.';

/** Runs the edge as the environment says until a signal; answers with the exit code (2: it could not start). */
export async function runEdge({ untilInputEnds }: { untilInputEnds: boolean }): Promise<number> {
  let edge: Edge;
  try {
    const config = readEdgeConfig();
    edge = await startEdge(config);
    console.log(
      [
        READY,
        `  REST         ${edge.url}/v1`,
        `  documents    ${edge.url}/docs`,
        `  core         ${config.core}`,
      ].join('\n'),
    );
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    // Whoever runs it can do something about it: one line, no stack.
    console.error(`florin: ${refusal}`);
    return 2;
  }
  await (untilInputEnds ? Promise.race([untilSignal(), inputEnds()]) : untilSignal());
  setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
  await edge.stop();
  return 0;
}

function refusalOf(error: unknown): string | undefined {
  if (error instanceof EdgeConfigError) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'EADDRINUSE')
    return 'the port of the edge is in use: stop what listens there, or set FLORIN_EDGE_PORT to a free port.';
  if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL')
    return `the edge cannot listen (${error.code}): set FLORIN_EDGE_PORT or FLORIN_EDGE_HOST.`;
  return undefined;
}

/** Whoever has started it is gone then, however it went. */
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
