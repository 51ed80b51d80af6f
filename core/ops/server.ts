import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface OpsOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  /** null where the core answers calls; otherwise why it does not, in a few words. */
  unready: () => string | null;
  registry: Registry;
  /** POST paths for benches, only where the configuration allows them. */
  controls?: ReadonlyMap<string, () => Promise<void> | void> | undefined;
}

export interface OpsServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** For operators: /healthz (the process lives), /readyz (it answers calls: 200 or 503), /metrics (Prometheus). */
export async function startOps({ host, port, unready, registry, controls }: OpsOptions): Promise<OpsServer> {
  const server = createServer(
    // Left alone, Node looks at connections every 30 s only.
    { headersTimeout: 5_000, requestTimeout: 5_000, connectionsCheckingInterval: 1_000 },
    pages(unready, registry, controls ?? new Map()),
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

function pages(
  unready: () => string | null,
  registry: Registry,
  controls: NonNullable<OpsOptions['controls']>,
): RequestListener {
  return (request, response) => {
    const text = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
    };
    const path = request.url?.split('?')[0];
    const control = request.method === 'POST' ? controls.get(request.url ?? '') : undefined;
    if (control !== undefined) {
      Promise.resolve(control()).then(
        () => text(200, 'ok\n'),
        () => text(500, 'it failed\n'),
      );
      return undefined;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') text(405, 'only GET\n');
    else if (path === '/healthz') text(200, 'ok\n');
    else if (path === '/readyz') {
      const why = unready();
      text(why === null ? 200 : 503, `${why ?? 'ok'}\n`);
    } else if (path === '/metrics') {
      registry.metrics().then(
        (body) => response.writeHead(200, { 'content-type': registry.contentType }).end(body),
        () => text(500, 'the metrics cannot be read\n'),
      );
    } else text(404, 'there are /healthz, /readyz and /metrics\n');
  };
}
