import { join, resolve } from 'node:path';
import type { Recorded } from './requests/recorder.ts';
import { listOf } from './webhooks/addresses.ts';
import { type TlsFiles, tlsFilesOf, TlsSettingError } from '../client/tls/settings.ts';

/** Everything that the environment says to the edge, checked. No other file of the edge reads the environment. */
export interface EdgeConfig {
  /** FLORIN_EDGE_HOST: the address that the edge listens on; default FLORIN_HOST, else 127.0.0.1. */
  readonly host: string;
  /** FLORIN_EDGE_PORT: REST; default 7410. */
  readonly port: number;
  /** FLORIN_EDGE_URL: where payers reach it, as https://pay.example; default its own address. In payment links. */
  readonly publicUrl: string;
  /** host:port of the core's gRPC: FLORIN_EDGE_CORE, else FLORIN_HOST (127.0.0.1) and FLORIN_GRPC_PORT (7400). */
  readonly core: string;
  /** FLORIN_CORE_CA_FILE, FLORIN_CORE_CERT_FILE, FLORIN_CORE_KEY_FILE, FLORIN_CORE_NAME: TLS to the core; default cleartext. */
  readonly coreTls: TlsFiles | undefined;
  /** FLORIN_EDGE_TLS_CERT_FILE and FLORIN_EDGE_TLS_KEY_FILE, PEM: the edge itself speaks TLS; default cleartext. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** FLORIN_LOG_LEVEL; default info. */
  readonly logLevel: string;
  /**
   * FLORIN_EDGE_KEY_PER_SECOND: requests of one API key at this edge, twice as many at once; default 1000.
   * FLORIN_EDGE_KEY_CONCURRENCY: those of it that are under way at once; default 500.
   * FLORIN_EDGE_CONCURRENCY: those of all keys; default 600. What is more is answered 503.
   */
  readonly limits: {
    readonly keyPerSecond: number;
    readonly keyConcurrency: number;
    readonly concurrency: number;
  };
  /**
   * FLORIN_EDGE_TRUST_PROXY: how many balancers are in front (1 to 10), or their networks, as 10.0.0.0/8: they say by
   * X-Forwarded-For whose a request is. Default 0: nobody is believed.
   */
  readonly trustProxy: number | readonly string[];
  /**
   * FLORIN_EDGE_REQUEST_LOG: which requests the log keeps: changes (all but reads that went well), all, off; default
   * changes.
   */
  readonly requestLog: Recorded | 'off';
  /** FLORIN_EDGE=0: `florin start` brings no edge along; default 1. */
  readonly runsAlong: boolean;
  /** FLORIN_HOST and FLORIN_EDGE_OPS_PORT: /metrics /healthz /readyz of the edge; default 7493. */
  readonly ops: { readonly host: string; readonly port: number };
  /**
   * FLORIN_HOST and FLORIN_PROVIDER_WEBHOOK_PORT: where payment providers send webhooks to; default 7420.
   * FLORIN_PROVIDER_WEBHOOKS=0: this edge takes none; default 1.
   */
  readonly inbound: { readonly host: string; readonly port: number; readonly isOpen: boolean };
  readonly webhooks: WebhookConfig;
}

export interface WebhookConfig {
  /**
   * FLORIN_WEBHOOK_KEY_FILE: the key behind all webhook secrets, the same for every edge and every deliverer; made where
   * there is none. Default secrets/webhook.key in FLORIN_DATA_DIR (.florin).
   */
  readonly keyFile: string;
  /** FLORIN_WEBHOOK_NETWORKS: networks that are not public and may be reached all the same, as 10.1.0.0/16,::1/128. */
  readonly networks: readonly string[];
  /** FLORIN_WEBHOOK_CONCURRENCY: deliveries that one deliverer has under way at once; default 2000. */
  readonly concurrency: number;
  /** FLORIN_HOST and FLORIN_WEBHOOK_OPS_PORT: /metrics /healthz /readyz of the deliverer; default 7492. */
  readonly opsHost: string;
  readonly opsPort: number;
  /** FLORIN_WEBHOOKS=0: `florin start` brings no deliverer along; default as FLORIN_EDGE. */
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
  const runsAlong = flag(env, 'FLORIN_EDGE', true);
  const host = env.FLORIN_HOST || '127.0.0.1';
  const tls = ownTls(env);
  const own = { host: env.FLORIN_EDGE_HOST || host, port: port(env, 'FLORIN_EDGE_PORT', 7410) };
  return {
    ...own,
    publicUrl: publicUrl(
      env,
      `${tls === undefined ? 'http' : 'https'}://${hostToReach(own.host)}:${own.port}`,
    ),
    core: env.FLORIN_EDGE_CORE || `${hostToReach(host)}:${port(env, 'FLORIN_GRPC_PORT', 7400)}`,
    coreTls: coreTlsOf(env),
    tls,
    logLevel,
    limits: {
      keyPerSecond: whole(env, 'FLORIN_EDGE_KEY_PER_SECOND', { standard: 1_000, max: 1_000_000 }),
      keyConcurrency: whole(env, 'FLORIN_EDGE_KEY_CONCURRENCY', { standard: 500, max: 100_000 }),
      concurrency: whole(env, 'FLORIN_EDGE_CONCURRENCY', { standard: 600, max: 100_000 }),
    },
    trustProxy: trustProxy(env),
    requestLog: word(env, 'FLORIN_EDGE_REQUEST_LOG', ['changes', 'all', 'off']),
    runsAlong,
    ops: { host, port: port(env, 'FLORIN_EDGE_OPS_PORT', 7493) },
    inbound: {
      host,
      port: port(env, 'FLORIN_PROVIDER_WEBHOOK_PORT', 7420),
      isOpen: flag(env, 'FLORIN_PROVIDER_WEBHOOKS', true),
    },
    webhooks: {
      keyFile: resolve(
        env.FLORIN_WEBHOOK_KEY_FILE || join(env.FLORIN_DATA_DIR || '.florin', 'secrets', 'webhook.key'),
      ),
      networks: networksOf(env, 'FLORIN_WEBHOOK_NETWORKS'),
      concurrency: whole(env, 'FLORIN_WEBHOOK_CONCURRENCY', { standard: 2_000, max: 100_000 }),
      opsHost: host,
      opsPort: port(env, 'FLORIN_WEBHOOK_OPS_PORT', 7492),
      runsAlong: flag(env, 'FLORIN_WEBHOOKS', runsAlong),
    },
  };
}

function flag(env: Environment, name: string, standard: boolean): boolean {
  const text = env[name];
  if (!text) return standard;
  if (text === '0' || text === '1') return text === '1';
  throw new EdgeConfigError(`${name} is "${text}": it must be one of 0, 1.`);
}

/** One of the words; the first where nothing is said. */
function word<Word extends string>(env: Environment, name: string, words: readonly Word[]): Word {
  const text = env[name] || words[0];
  const found = words.find((one) => one === text);
  if (found !== undefined) return found;
  throw new EdgeConfigError(`${name} is "${text}": it must be one of ${words.join(', ')}.`);
}

function networksOf(env: Environment, name: string): string[] {
  const networks = (env[name] ?? '').split(',').flatMap((one) => one.trim() || []);
  try {
    listOf(networks);
  } catch (error) {
    throw new EdgeConfigError(`${name}: ${(error as Error).message}.`);
  }
  return networks;
}

function coreTlsOf(env: Environment): TlsFiles | undefined {
  try {
    return tlsFilesOf(env);
  } catch (error) {
    throw error instanceof TlsSettingError ? new EdgeConfigError(error.message) : error;
  }
}

function ownTls(env: Environment): EdgeConfig['tls'] {
  const certFile = env.FLORIN_EDGE_TLS_CERT_FILE;
  const keyFile = env.FLORIN_EDGE_TLS_KEY_FILE;
  if (certFile && keyFile) return { certFile, keyFile };
  if (!certFile && !keyFile) return undefined;
  throw new EdgeConfigError(
    'FLORIN_EDGE_TLS_CERT_FILE and FLORIN_EDGE_TLS_KEY_FILE belong together: set both or none.',
  );
}

function publicUrl(env: Environment, own: string): string {
  const text = env.FLORIN_EDGE_URL || own;
  const url = URL.parse(text);
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
  if (isOrigin) return url.origin;
  throw new EdgeConfigError(`FLORIN_EDGE_URL is "${text}": it must be an origin, as https://pay.example.`);
}

function trustProxy(env: Environment): number | string[] {
  const name = 'FLORIN_EDGE_TRUST_PROXY';
  const hops = env[name] || '0';
  return /^(\d|10)$/.test(hops) ? Number(hops) : networksOf(env, name);
}

function port(env: Environment, name: string, standard: number): number {
  return whole(env, name, { standard, max: 65_535 });
}

function whole(env: Environment, name: string, { standard, max }: { standard: number; max: number }): number {
  const text = env[name];
  if (!text) return standard;
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new EdgeConfigError(`${name} is "${text}": it must be a whole number from 1 to ${max}.`);
}

/** A core that listens on every address is reached on this machine's own. */
function hostToReach(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
