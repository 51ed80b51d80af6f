import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { ServedService } from '../contract.ts';
import { CONNECT_CONNECTIONS_MAX, REQUEST_BYTES_MAX } from '../limits.ts';
import { addConnectService } from './connectMethods.ts';
import { explainConnect } from './explainConnect.ts';
import type { Prepare } from './grpcMethods.ts';

export interface ConnectServer {
  readonly port: number;
  /** No new connections; resolves when the last one has ended. */
  drain(): Promise<void>;
  /** Cuts what is left. */
  destroy(): void;
}

interface ConnectServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  services: readonly ServedService[];
  prepare: Prepare;
}

/** Listens for Connect, gRPC-Web and Connect JSON over HTTP/1.1. No CORS: browsers belong to the edge. */
export async function startConnectServer(options: ConnectServerOptions): Promise<ConnectServer> {
  const { host, port, services, prepare } = options;
  const answer = connectNodeAdapter({
    routes: (router) => {
      for (const service of services) addConnectService(router, service, prepare);
    },
    grpc: false,
    readMaxBytes: REQUEST_BYTES_MAX,
    requestGate: explainConnect,
    // A misspelt field of a payment must not be skipped in silence; a zero or false is worth showing to people.
    jsonOptions: { ignoreUnknownFields: false, alwaysEmitImplicit: true },
    fallback: (_request, response) => {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"code":"unimplemented","message":"There is no such service or method."}');
    },
  });
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 60_000 }, answer);
  server.maxConnections = CONNECT_CONNECTIONS_MAX;
  const bound = await listen(server, host, port);
  let isDraining = false;
  server.on('request', (_request, response) => {
    if (isDraining) response.shouldKeepAlive = false;
  });
  return {
    port: bound,
    drain: () =>
      new Promise((resolve) => {
        isDraining = true;
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
    destroy: () => server.closeAllConnections(),
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
