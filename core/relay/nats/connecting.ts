import { readFile } from 'node:fs/promises';
import { type NatsConnection, connect, credsAuthenticator } from '@nats-io/transport-node';

export interface NatsTarget {
  /** Servers of one cluster, nats://user:password@host:4222 or tls://...; user and password of the first count. */
  readonly urls: readonly string[];
  /** A file of credentials, as nsc makes it. */
  readonly credentialsFile: string | undefined;
}

/** How long a server may take to accept a connection. */
const CONNECT_MS = 5_000;
/** A server that has not answered two pings, this far apart, is gone. */
const PING_MS = 5_000;

/** One connection, which ends with its first fault: what was under way on it is looked at afresh by whoever connects again. */
export async function connectNats(
  { urls, credentialsFile }: NatsTarget,
  name: string,
): Promise<NatsConnection> {
  const { username, password } = new URL(urls[0]);
  const user = decodeURIComponent(username);
  return connect({
    servers: urls.map((url) => new URL(url).host),
    name,
    reconnect: false,
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    ...(urls[0].startsWith('tls:') ? { tls: {} } : {}),
    ...(user === '' ? {} : password === '' ? { token: user } : { user, pass: decodeURIComponent(password) }),
    ...(credentialsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(await readFile(credentialsFile)) }),
  });
}
