import { readFile } from 'node:fs/promises';
import {
  type Authenticator,
  type NatsConnection,
  type TlsOptions,
  connect,
  credsAuthenticator,
  nkeyAuthenticator,
} from '@nats-io/transport-node';

export interface NatsTarget {
  /** Servers of one cluster, nats://user:password@host:4222 or tls://...; user and password of the first count. */
  readonly urls: readonly string[];
  /** A file of credentials, as nsc makes it. */
  readonly credentialsFile?: string | undefined;
  /** A file with the seed of an nkey. */
  readonly nkeyFile?: string | undefined;
  /** Who signed the servers' certificates; PEM. Without it those of Node's own list. */
  readonly caFile?: string | undefined;
  /** The relay's own certificate and its key, where servers ask for one; PEM. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** How long a server may take to accept a connection. */
const CONNECT_MS = 5_000;
/** A server that has not answered two pings, this far apart, is gone. */
const PING_MS = 5_000;
/** The largest envelope is far below it: 256 postings, 32 KiB of metadata. */
export const MESSAGE_BYTES_MAX = 256 * 1024;

/** One connection, which ends with its first fault: what was under way on it is looked at afresh by whoever connects again. */
export async function connectNats(target: NatsTarget, name: string): Promise<NatsConnection> {
  const { urls } = target;
  const { username, password } = new URL(urls[0]);
  const user = decodeURIComponent(username);
  const tls = tlsOf(target);
  const authenticator = await authenticatorOf(target);
  const connection = await connect({
    servers: urls.map((url) => new URL(url).host),
    name,
    reconnect: false,
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    ...(tls === undefined ? {} : { tls }),
    ...(user === '' ? {} : password === '' ? { token: user } : { user, pass: decodeURIComponent(password) }),
    ...(authenticator === undefined ? {} : { authenticator }),
  });
  const bytesMax = connection.info?.max_payload ?? 0;
  if (bytesMax >= MESSAGE_BYTES_MAX) return connection;
  await connection.close();
  // Not at the first event that is larger: all others would wait behind it.
  throw new Error(
    `NATS takes no message above ${bytesMax} bytes: set its max_payload to ${MESSAGE_BYTES_MAX} or more`,
  );
}

/** undefined where nobody asks for TLS: then it is used if the server demands it. */
function tlsOf({ urls, caFile, certFile, keyFile }: NatsTarget): TlsOptions | undefined {
  const files = [caFile, certFile, keyFile];
  if (!urls.some((url) => url.startsWith('tls:')) && files.every((file) => file === undefined))
    return undefined;
  return {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
}

async function authenticatorOf({
  credentialsFile,
  nkeyFile,
}: NatsTarget): Promise<Authenticator | undefined> {
  if (credentialsFile !== undefined) return credsAuthenticator(await readFile(credentialsFile));
  if (nkeyFile === undefined) return undefined;
  const seed = (await readFile(nkeyFile, 'utf8')).trim();
  return nkeyAuthenticator(new TextEncoder().encode(seed));
}
