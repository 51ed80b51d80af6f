/** Everything that the environment says to the edge, checked. No other file of the edge reads the environment. */
export interface EdgeConfig {
  /** FLORIN_EDGE_HOST: the address that the edge listens on; default FLORIN_HOST, else 127.0.0.1. */
  readonly host: string;
  /** FLORIN_EDGE_PORT: REST; default 7410. */
  readonly port: number;
  /** host:port of the core's gRPC: FLORIN_EDGE_CORE, else FLORIN_HOST (127.0.0.1) and FLORIN_GRPC_PORT (7400). */
  readonly core: string;
  /** FLORIN_LOG_LEVEL; default info. */
  readonly logLevel: string;
  /** FLORIN_EDGE=0: `florin start` brings no edge along; default 1. */
  readonly runsAlong: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** A setting that cannot be used. The message is one line that names the variable and says what it may be. */
export class EdgeConfigError extends Error {
  override readonly name = 'EdgeConfigError';
}

/** Reads and checks all settings; throws `EdgeConfigError` at the first that cannot be used. An empty value counts as unset. */
export function readEdgeConfig(env: Environment = process.env): EdgeConfig {
  const logLevel = env.FLORIN_LOG_LEVEL || 'info';
  if (!LOG_LEVELS.includes(logLevel))
    throw new EdgeConfigError(
      `FLORIN_LOG_LEVEL is "${logLevel}": it must be one of ${LOG_LEVELS.join(', ')}.`,
    );
  const runsAlong = env.FLORIN_EDGE || '1';
  if (runsAlong !== '0' && runsAlong !== '1')
    throw new EdgeConfigError(`FLORIN_EDGE is "${runsAlong}": it must be one of 0, 1.`);
  const host = env.FLORIN_HOST || '127.0.0.1';
  return {
    host: env.FLORIN_EDGE_HOST || host,
    port: port(env, 'FLORIN_EDGE_PORT', 7410),
    core: env.FLORIN_EDGE_CORE || `${hostToReach(host)}:${port(env, 'FLORIN_GRPC_PORT', 7400)}`,
    logLevel,
    runsAlong: runsAlong === '1',
  };
}

function port(env: Environment, name: string, standard: number): number {
  const text = env[name];
  if (!text) return standard;
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= 65_535) return value;
  throw new EdgeConfigError(`${name} is "${text}": it must be a whole number from 1 to 65535.`);
}

/** A core that listens on every address is reached on this machine's own. */
function hostToReach(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
