import pg from 'pg';

/** How long one of several hosts may take to accept a connection, and to say whether it takes writes. */
const HOST_MS = 2_000;
/** As libpq's target_session_attrs=read-write asks. */
const TAKES_WRITES = `SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean AS yes`;
/** Of errors that a server answers with, these are its own state; all others (a wrong password) another host would repeat. */
const STATE_OF_SERVER = /^(53|57|58)/;

/** No host of the URL accepts connections and takes writes. */
export class NoWritableHost extends Error {
  override readonly name = 'NoWritableHost';
}

/**
 * The URLs of the hosts that one URL names, `postgres://user:password@host1:5432,host2:5432/database`, in their order;
 * the URL itself where it names one.
 */
export function hostUrls(url: string): string[] {
  const parts = /^(postgres(?:ql)?:\/\/)([^/?#]*)(.*)$/s.exec(url);
  if (parts === null) return [url];
  const [, scheme, authority, rest] = parts;
  // A password may hold a comma, so the hosts begin behind the last @.
  const user = authority.slice(0, authority.lastIndexOf('@') + 1);
  return authority
    .slice(user.length)
    .split(',')
    .map((host) => `${scheme}${user}${host}${rest}`);
}

/**
 * A connection to a server of ours: of several hosts to the first that takes writes, beginning with the one that did
 * when it was last asked. With a single host it is pg's client and nothing else.
 */
export class DatabaseClient extends pg.Client {
  readonly #config: pg.ClientConfig;
  readonly #hosts: readonly string[];

  constructor(config: pg.ClientConfig = {}) {
    const hosts = hostUrls(config.connectionString ?? '');
    super({ keepAlive: true, keepAliveInitialDelayMillis: 10_000, ...config, connectionString: hosts[0] });
    this.#config = config;
    this.#hosts = hosts;
  }

  override connect(): Promise<pg.Client>;
  override connect(callback: ((error: Error) => void) | ((error: null, client: pg.Client) => void)): void;
  override connect(
    callback?: ((error: Error) => void) | ((error: null, client: pg.Client) => void),
  ): Promise<pg.Client> | void {
    if (this.#hosts.length === 1) return callback === undefined ? super.connect() : super.connect(callback);
    const connected = this.#connectToWritable();
    if (callback === undefined) return connected;
    const tell = callback as (error: Error | null, client?: pg.Client) => void;
    connected.then(
      () => tell(null, this),
      (error: Error) => tell(error),
    );
  }

  /** Asked on a connection of its own: a client of pg connects once in its life. */
  async #connectToWritable(): Promise<pg.Client> {
    const { host, port } = await writableHost(this.#config, this.#hosts);
    this.host = host;
    this.port = port;
    return super.connect();
  }
}

/** A pool of such connections. */
export function databasePool(config: pg.PoolConfig): pg.Pool {
  return new pg.Pool({ ...config, Client: DatabaseClient });
}

/** By the URL of several hosts the index of the one that took writes: a dead first one costs its wait once. */
const lastWritable = new Map<string, number>();

async function writableHost(
  config: pg.ClientConfig,
  hosts: readonly string[],
): Promise<{ host: string; port: number }> {
  const all = config.connectionString ?? '';
  const first = lastWritable.get(all) ?? 0;
  const refusals: string[] = [];
  for (let i = 0; i < hosts.length; i++) {
    const index = (first + i) % hosts.length;
    const client = new pg.Client({
      ...config,
      connectionString: hosts[index],
      application_name: 'florin host',
      connectionTimeoutMillis: HOST_MS,
      query_timeout: HOST_MS,
    });
    const refusal = await refusalOf(client);
    const { host, port } = client;
    if (refusal === null) {
      lastWritable.set(all, index);
      return { host, port };
    }
    refusals.push(`${host}:${port} ${refusal}`);
  }
  throw new NoWritableHost(`no host of the database takes writes: ${refusals.join(', ')}.`);
}

/** Why this host is not the one; null if it is. Throws where any other would say the same. */
async function refusalOf(client: pg.Client): Promise<string | null> {
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ yes: boolean }>(TAKES_WRITES);
    return rows[0].yes ? null : 'is read-only';
  } catch (error) {
    if (error instanceof pg.DatabaseError && !STATE_OF_SERVER.test(error.code ?? '')) throw error;
    const cause = error instanceof AggregateError ? (error.errors[0] as Error) : (error as Error);
    return `(${'code' in cause ? String(cause.code) : cause.message})`;
  } finally {
    // A host that hangs answers no goodbye either.
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  }
}
