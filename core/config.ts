import { isAbsolute, resolve } from 'node:path';
import { hostUrls } from './journal/database.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Of the ports that callers use; each the absolute path of a file in PEM, the last one of JSON. */
export interface TlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string | undefined;
  readonly callersFile: string | undefined;
}

/** Everything that the environment can say, checked. No other file of the core reads the environment. */
export interface Config {
  /** FLORIN_DATA_DIR, absolute; default `.florin` in the working folder. Keys, passwords and the embedded Postgres. */
  readonly dataDir: string;
  /** FLORIN_HOST: the address that all ports of the core listen on; default 127.0.0.1. */
  readonly host: string;
  /** FLORIN_GRPC_PORT: gRPC; default 7400. */
  readonly grpcPort: number;
  /** FLORIN_CONNECT_PORT: Connect, gRPC-Web and Connect JSON, HTTP/1.1; default 7401. */
  readonly connectPort: number;
  /**
   * FLORIN_TLS_CERT_FILE with FLORIN_TLS_KEY_FILE: TLS on the gRPC and the Connect port; unset: cleartext.
   * FLORIN_TLS_CLIENT_CA_FILE: callers must show a certificate of these authorities.
   * FLORIN_CALLERS_FILE: which certificate may use which books; unset: each may do everything.
   */
  readonly tls: TlsConfig | undefined;
  /** FLORIN_OPS_PORT: /metrics /healthz /readyz; default 7490. */
  readonly opsPort: number;
  /** FLORIN_PROVIDER_WEBHOOK_PORT: where payment providers send webhooks to, if there are any; default 7420. */
  readonly providerWebhookPort: number;
  /** FLORIN_PG_PORT: the embedded Postgres, always on 127.0.0.1; default 7432. */
  readonly pgPort: number;
  /**
   * DATABASE_URLS (comma separated, one server each) or DATABASE_URL; empty: the embedded Postgres. Each may name
   * several hosts of its server, see `hostUrls`.
   */
  readonly databaseUrls: readonly string[];
  /** FLORIN_CHECKPOINT_KEY_FILE, absolute: an Ed25519 private key (PKCS#8 PEM); unset: made in the data folder at the first start. */
  readonly checkpointKeyFile: string | undefined;
  /** FLORIN_CHECKPOINT_INTERVAL_SECONDS between two signed checkpoints, 0 (none) to 86400; default 60. */
  readonly checkpointIntervalSeconds: number;
  /**
   * FLORIN_LAG_EVENTS_MAX: plain transfers of all shards that may wait for projection before callers do, bigger events
   * count for more; default 1000000. A restart replays them at about 1.4 s a million.
   */
  readonly lagEventsMax: number;
  /** FLORIN_IDS_MAX: spent ids that one shard keeps in memory, 55 bytes each; default 2000000. */
  readonly idsMax: number;
  /** FLORIN_ACCOUNTS_MAX: accounts that one shard keeps in memory, 120 bytes each; default 2000000. */
  readonly accountsMax: number;
  /** FLORIN_MAILBOX_ITEMS_MAX: items that may wait for one shard's writer before calls are refused; default 262144. */
  readonly mailboxItemsMax: number;
  /** FLORIN_SAMPLE_DATA=0: the first start on the embedded Postgres brings neither the bundled bank's books nor a shop's payments; default 1. */
  readonly sampleData: boolean;
  /** FLORIN_PROVIDER_EVENTS_POLL_SECONDS between two readings of what happened at a provider, 0 (never) to 86400; default 60. */
  readonly providerEventsPollSeconds: number;
  /** FLORIN_REQUEST_LOG_DAYS: for how long requests of merchants are kept, 1 to 3650; default 7. */
  readonly requestLogDays: number;
  /** FLORIN_BENCH_CONTROLS=1: the operations port also takes POST /projection/pause and /projection/resume. */
  readonly benchControls: boolean;
  /** FLORIN_LOG_LEVEL; default info. */
  readonly logLevel: LogLevel;
  readonly relay: RelayConfig;
  /** FLORIN_LAUNCHER_PID, set by bin/florin.cjs: the process whose end ends us. */
  readonly launcherPid: number | undefined;
}

/** Where NATS is, and who Florin is there: by at most one of user and password, token, credentials and nkey. Files are absolute. */
export interface NatsConfig {
  /** NATS_URL: servers of one cluster, comma separated, nats:// or tls://, with user and password or a token; empty: none. */
  readonly urls: readonly string[];
  /** NATS_CREDS_FILE: credentials as nsc makes them. */
  readonly credentialsFile: string | undefined;
  /** NATS_NKEY_FILE: the seed of an nkey. */
  readonly nkeyFile: string | undefined;
  /** NATS_CA_FILE: who signed the servers' certificates, PEM; default Node's own list. It asks for TLS, as tls:// does. */
  readonly caFile: string | undefined;
  /** NATS_CERT_FILE, NATS_KEY_FILE: a certificate for servers that ask for one, and its key; PEM. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

/** What brings events to NATS, in a process of its own. */
export interface RelayConfig {
  readonly nats: NatsConfig;
  /** FLORIN_RELAY_REPLICAS: servers that keep each event, 1 to 5; default 1. */
  readonly replicas: number;
  /** FLORIN_RELAY_PORT: /metrics /healthz /readyz of the relay; default 7491. */
  readonly port: number;
  /** FLORIN_RELAY=0: `florin start` brings no relay along, though NATS_URL is set; default 1. */
  readonly runsAlong: boolean;
}

/** A setting that cannot be used. The message is one line that names the variable and says what it may be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks all settings; throws `ConfigError` at the first that cannot be used. An empty value counts as unset. */
export function readConfig(env: Environment = process.env): Config {
  const config: Config = {
    dataDir: folder(env, 'FLORIN_DATA_DIR', '.florin'),
    host: env.FLORIN_HOST || '127.0.0.1',
    grpcPort: port(env, 'FLORIN_GRPC_PORT', 7400),
    connectPort: port(env, 'FLORIN_CONNECT_PORT', 7401),
    tls: tlsConfig(env),
    opsPort: port(env, 'FLORIN_OPS_PORT', 7490),
    providerWebhookPort: port(env, 'FLORIN_PROVIDER_WEBHOOK_PORT', 7420),
    pgPort: port(env, 'FLORIN_PG_PORT', 7432),
    databaseUrls: databaseUrls(env),
    checkpointKeyFile: optionalFile(env, 'FLORIN_CHECKPOINT_KEY_FILE'),
    checkpointIntervalSeconds:
      optionalInteger(env, 'FLORIN_CHECKPOINT_INTERVAL_SECONDS', { min: 0, max: 86_400 }) ?? 60,
    lagEventsMax:
      optionalInteger(env, 'FLORIN_LAG_EVENTS_MAX', { min: 1_000, max: 1_000_000_000 }) ?? 1_000_000,
    idsMax: optionalInteger(env, 'FLORIN_IDS_MAX', { min: 1_000, max: 100_000_000 }) ?? 2_000_000,
    accountsMax: optionalInteger(env, 'FLORIN_ACCOUNTS_MAX', { min: 1_000, max: 100_000_000 }) ?? 2_000_000,
    mailboxItemsMax: optionalInteger(env, 'FLORIN_MAILBOX_ITEMS_MAX', { min: 1, max: 10_000_000 }) ?? 262_144,
    sampleData: choice(env, 'FLORIN_SAMPLE_DATA', ['0', '1'] as const, '1') === '1',
    providerEventsPollSeconds:
      optionalInteger(env, 'FLORIN_PROVIDER_EVENTS_POLL_SECONDS', { min: 0, max: 86_400 }) ?? 60,
    requestLogDays: optionalInteger(env, 'FLORIN_REQUEST_LOG_DAYS', { min: 1, max: 3_650 }) ?? 7,
    benchControls: choice(env, 'FLORIN_BENCH_CONTROLS', ['0', '1'] as const, '0') === '1',
    logLevel: choice(env, 'FLORIN_LOG_LEVEL', logLevels, 'info'),
    relay: {
      nats: natsConfig(env),
      replicas: optionalInteger(env, 'FLORIN_RELAY_REPLICAS', { min: 1, max: 5 }) ?? 1,
      port: port(env, 'FLORIN_RELAY_PORT', 7491),
      runsAlong: choice(env, 'FLORIN_RELAY', ['0', '1'] as const, '1') === '1',
    },
    launcherPid: optionalInteger(env, 'FLORIN_LAUNCHER_PID', { min: 1, max: 2 ** 31 - 1 }),
  };
  refuseSamePorts(config);
  return config;
}

function integer(text: string, name: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new ConfigError(`${name} is "${text}": it must be a whole number from ${min} to ${max}.`);
}

function optionalInteger(
  env: Environment,
  name: string,
  bounds: { min: number; max: number },
): number | undefined {
  const text = env[name];
  return text ? integer(text, name, bounds) : undefined;
}

function port(env: Environment, name: string, standard: number): number {
  return optionalInteger(env, name, { min: 1, max: 65_535 }) ?? standard;
}

function folder(env: Environment, name: string, standard: string): string {
  const text = env[name] || standard;
  if (text.includes('\0')) throw new ConfigError(`${name} must be the path of a folder.`);
  return isAbsolute(text) ? text : resolve(text);
}

function optionalFile(env: Environment, name: string): string | undefined {
  const text = env[name];
  if (!text) return undefined;
  if (text.includes('\0')) throw new ConfigError(`${name} must be the path of a file.`);
  return resolve(text);
}

function tlsConfig(env: Environment): TlsConfig | undefined {
  const [certFile, keyFile, clientCaFile, callersFile] = [
    'FLORIN_TLS_CERT_FILE',
    'FLORIN_TLS_KEY_FILE',
    'FLORIN_TLS_CLIENT_CA_FILE',
    'FLORIN_CALLERS_FILE',
  ].map((name) => optionalFile(env, name));
  if (certFile !== undefined && keyFile !== undefined) {
    if (callersFile !== undefined && clientCaFile === undefined)
      throw new ConfigError(
        'FLORIN_CALLERS_FILE needs FLORIN_TLS_CLIENT_CA_FILE: callers are known by certificates.',
      );
    return { certFile, keyFile, clientCaFile, callersFile };
  }
  // Whoever sets any of them means to be safe: nothing half of it starts in the clear.
  if ([certFile, keyFile, clientCaFile, callersFile].some((file) => file !== undefined))
    throw new ConfigError('FLORIN_TLS_CERT_FILE and FLORIN_TLS_KEY_FILE must both be set for TLS.');
  return undefined;
}

function choice<T extends string>(env: Environment, name: string, choices: readonly T[], standard: T): T {
  const text = env[name] || standard;
  const found = choices.find((one) => one === text);
  if (found !== undefined) return found;
  throw new ConfigError(`${name} is "${text}": it must be one of ${choices.join(', ')}.`);
}

function databaseUrls(env: Environment): string[] {
  if (env.DATABASE_URL && env.DATABASE_URLS) {
    throw new ConfigError('DATABASE_URL and DATABASE_URLS are both set: set one of them only.');
  }
  const name = env.DATABASE_URLS ? 'DATABASE_URLS' : 'DATABASE_URL';
  const text = env[name];
  if (!text) return [];
  // Only the plural is a list, and commas in a password or between the hosts of one server do not divide it.
  const urls =
    name === 'DATABASE_URLS' ? text.trim().split(/\s*,\s*(?=postgres(?:ql)?:\/\/)/) : [text.trim()];
  for (const [index, url] of urls.entries()) {
    const isEntry = name === 'DATABASE_URL' || /^[^/]*\/\/[^/]*(\/[^,]*)?$/.test(url);
    // The URL itself carries a password and is not shown.
    if (!isEntry || !hostUrls(url).every((one) => /^postgres(ql)?:\/\/./.test(one) && URL.canParse(one))) {
      throw new ConfigError(
        `${name}, entry ${index + 1}, is no URL like postgres://user:password@host:5432/database.`,
      );
    }
  }
  const hosts = urls.flatMap(hostUrls);
  if (new Set(hosts).size !== hosts.length) {
    throw new ConfigError(`${name} names one server twice: each entry must be a server of its own.`);
  }
  return urls;
}

function natsConfig(env: Environment): NatsConfig {
  const [credentialsFile, nkeyFile, caFile, certFile, keyFile] = [
    'NATS_CREDS_FILE',
    'NATS_NKEY_FILE',
    'NATS_CA_FILE',
    'NATS_CERT_FILE',
    'NATS_KEY_FILE',
  ].map((name) => optionalFile(env, name));
  const urls = natsUrls(env);
  const ways = [credentialsFile, nkeyFile, urls.find((url) => new URL(url).username !== '')];
  if (ways.filter((one) => one !== undefined).length > 1)
    throw new ConfigError('NATS_CREDS_FILE, NATS_NKEY_FILE and a user in NATS_URL: set one of them only.');
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new ConfigError('NATS_CERT_FILE and NATS_KEY_FILE must both be set.');
  return { urls, credentialsFile, nkeyFile, caFile, certFile, keyFile };
}

function natsUrls(env: Environment): string[] {
  const urls = (env.NATS_URL ?? '').split(',').flatMap((one) => one.trim() || []);
  for (const [index, url] of urls.entries())
    // The URL itself may carry a password and is not shown.
    if (!/^(nats|tls):\/\/./.test(url) || !URL.canParse(url))
      throw new ConfigError(`NATS_URL, entry ${index + 1}, is no URL like nats://user:password@host:4222.`);
  return urls;
}

function refuseSamePorts(config: Config): void {
  const ports: [string, number][] = [
    ['FLORIN_GRPC_PORT', config.grpcPort],
    ['FLORIN_CONNECT_PORT', config.connectPort],
    ['FLORIN_OPS_PORT', config.opsPort],
    ['FLORIN_PROVIDER_WEBHOOK_PORT', config.providerWebhookPort],
  ];
  if (config.relay.nats.urls.length > 0) ports.push(['FLORIN_RELAY_PORT', config.relay.port]);
  if (config.databaseUrls.length === 0) ports.push(['FLORIN_PG_PORT', config.pgPort]);
  const seen = new Map<number, string>();
  for (const [name, value] of ports) {
    const other = seen.get(value);
    if (other !== undefined)
      throw new ConfigError(`${name} and ${other} are both ${value}: give each its own port.`);
    seen.set(value, name);
  }
}
