import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface Operations {
  readonly port: number;
  stop(): Promise<void>;
}

/** For operators: /healthz (the process lives), /readyz (it reaches the core: 200 or 503), /metrics (Prometheus). */
export async function startOperations({
  host,
  port,
  unready,
  registry,
}: {
  host: string;
  /** 0: any free one. */
  port: number;
  /** null where it does its work; otherwise why it does not, in a few words. */
  unready: () => string | null | Promise<string | null>;
  registry: Registry;
}): Promise<Operations> {
  const pages: Readonly<Record<string, () => Promise<[status: number, body: string]>>> = {
    '/healthz': () => Promise.resolve([200, 'ok\n']),
    '/readyz': async () => {
      const why = await unready();
      return why === null ? [200, 'ok\n'] : [503, `${why}\n`];
    },
    '/metrics': async () => [200, await registry.metrics()],
  };
  const server = createServer(
    { headersTimeout: 5_000, requestTimeout: 5_000, connectionsCheckingInterval: 1_000 },
    ({ url = '', method = '' }, response) => {
      const path = url.split('?')[0];
      const page = method === 'GET' || method === 'HEAD' ? pages[path] : undefined;
      const type = path === '/metrics' ? registry.contentType : 'text/plain; charset=utf-8';
      const answer = ([status, body]: [number, string]) =>
        response.writeHead(status, { 'content-type': type }).end(body);
      if (page === undefined) answer([404, 'there are GET /healthz, /readyz and /metrics\n']);
      else page().then(answer, () => answer([500, 'it cannot be read\n']));
    },
  );
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
