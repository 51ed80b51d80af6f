import { type Server, createServer } from 'node:http';
import type { Config } from './config.ts';

export interface CoreOptions {
  readonly config: Config;
  /** One URL a Postgres server; the shards are spread over them. */
  readonly databaseUrls: readonly string[];
}

export interface Core {
  /** Drains and stops everything that the core has started. Idempotent. */
  stop(): Promise<void>;
}

/** Starts the core on databases that accept connections, and returns when it is ready. */
export async function startCore({ config }: CoreOptions): Promise<Core> {
  const server = createServer((request, response) => {
    const isKnown = request.url === '/readyz' || request.url === '/healthz';
    response
      .writeHead(isKnown ? 200 : 404, { 'content-type': 'text/plain' })
      .end(isKnown ? 'ok\n' : 'not found\n');
  });
  await listening(server, config);
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, config: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: config.host, port: config.opsPort }, () => resolve());
  });
}
