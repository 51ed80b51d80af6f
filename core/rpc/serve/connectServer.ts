import { type RequestListener, type Server, type ServerOptions, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { ServedService } from '../contract.ts';
import { CONNECT_CONNECTIONS_MAX, HANDSHAKE_MS_MAX, REQUEST_BYTES_MAX } from '../limits.ts';
import type { Tls } from '../tls/tls.ts';
import { addConnectService, callerOf } from './connectMethods.ts';
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
  /** undefined: cleartext. */
  tls: Tls | undefined;
}

/** Listens for Connect, gRPC-Web and Connect JSON over HTTP/1.1. No CORS: browsers belong to the edge. */
export async function startConnectServer(options: ConnectServerOptions): Promise<ConnectServer> {
  const { host, port, services, prepare, tls } = options;
  const answer = connectNodeAdapter({
    routes: (router) => {
      for (const service of services) addConnectService(router, service, prepare);
    },
    grpc: false,
    readMaxBytes: REQUEST_BYTES_MAX,
    requestGate: explainConnect,
    ...(tls === undefined ? {} : { contextValues: ({ socket }) => callerOf(tls, socket as TLSSocket) }),
    // A misspelt field of a payment must not be skipped in silence; a zero or false is worth showing to people.
    jsonOptions: { ignoreUnknownFields: false, alwaysEmitImplicit: true },
    fallback: (_request, response) => {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"code":"unimplemented","message":"There is no such service or method."}');
    },
  });
  // Left alone, Node looks at connections every 30 s only.
  const limits = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 1_000 };
  const server = tls === undefined ? createServer(limits, answer) : secureServer(tls, limits, answer);
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

function secureServer(tls: Tls, limits: ServerOptions, answer: RequestListener): Server {
  const options = { ...limits, ...tls.options, handshakeTimeout: HANDSHAKE_MS_MAX };
  const server = createTlsServer(options, answer);
  tls.follow(server);
  return server;
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
