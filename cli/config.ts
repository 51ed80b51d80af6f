import { type TlsFiles, tlsFilesOf, TlsSettingError } from '../client/tls/settings.ts';
import { cannotRun } from './problem.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says to the commands that talk to the core. No other file here reads it. */
export interface CliConfig {
  /** Host and port of the core's gRPC: from FLORIN_HOST (127.0.0.1) and FLORIN_GRPC_PORT (7400). */
  readonly target: string;
  /** FLORIN_CORE_CA_FILE, FLORIN_CORE_CERT_FILE, FLORIN_CORE_KEY_FILE, FLORIN_CORE_NAME: TLS to the core; default cleartext. */
  readonly tls: TlsFiles | undefined;
  /** FLORIN_BOOK: the book to use where none is named. */
  readonly book: string | undefined;
  /** The edge's REST: from FLORIN_EDGE_HOST (FLORIN_HOST, 127.0.0.1) and FLORIN_EDGE_PORT (7410); https with FLORIN_EDGE_TLS_CERT_FILE. */
  readonly edgeUrl: string;
  /** FLORIN_API_KEY: the key of commands that ask the edge. */
  readonly apiKey: string | undefined;
  /** FLORIN_DATA_DIR (.florin): where the key of the sample's shop lies. */
  readonly dataDir: string;
  /** NO_COLOR, whatever it says as long as it says something: https://no-color.org */
  readonly isColourUnwanted: boolean;
  /** FLORIN_LAUNCHER_PID, set by bin/florin.cjs: the process whose end ends a command that runs until it is stopped. */
  readonly launcherPid: number | undefined;
}

/** Reads the settings; one that cannot be used ends the command with a line that names it. */
export function readCliConfig(env: Environment = process.env): CliConfig {
  const host = env.FLORIN_HOST || '127.0.0.1';
  const port = portOf(env, 'FLORIN_GRPC_PORT', '7400');
  const edgePort = portOf(env, 'FLORIN_EDGE_PORT', '7410');
  return {
    target: `${hostToReach(host)}:${port}`,
    edgeUrl: `${env.FLORIN_EDGE_TLS_CERT_FILE ? 'https' : 'http'}://${hostToReach(env.FLORIN_EDGE_HOST || host)}:${edgePort}`,
    apiKey: env.FLORIN_API_KEY || undefined,
    dataDir: env.FLORIN_DATA_DIR || '.florin',
    tls: tlsOf(env),
    book: env.FLORIN_BOOK || undefined,
    isColourUnwanted: Boolean(env.NO_COLOR),
    launcherPid: /^[1-9]\d{0,9}$/.test(env.FLORIN_LAUNCHER_PID ?? '')
      ? Number(env.FLORIN_LAUNCHER_PID)
      : undefined,
  };
}

function portOf(env: Environment, name: string, standard: string): string {
  const port = env[name] || standard;
  if (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535) return port;
  throw cannotRun(`${name} is "${port}": it must be a whole number from 1 to 65535.`);
}

function tlsOf(env: Environment): TlsFiles | undefined {
  try {
    return tlsFilesOf(env);
  } catch (error) {
    throw error instanceof TlsSettingError ? cannotRun(error.message) : error;
  }
}

/** A core that listens on every address is reached on this machine's own. */
function hostToReach(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
