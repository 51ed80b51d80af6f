import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { uuidv7 } from '../../client/index.ts';
import { type Pair, secureContextOf } from './certificate.ts';
import { Problem, problemBody } from '../problems/problem.ts';
import type { ProblemCode } from '../problems/registry.ts';

/** How long a request may take to arrive; whoever sends slowly holds a connection and nothing else. Milliseconds. */
export interface Patience {
  /** Its line and its headers. */
  readonly headersMs: number;
  /** All of it. */
  readonly requestMs: number;
  /** How often connections are looked at. */
  readonly checkMs: number;
}

export const PATIENCE: Patience = { headersMs: 10_000, requestMs: 15_000, checkMs: 1_000 };
/** Line and headers together, the URL with them. */
const HEADER_BYTES_MAX = 16 * 1_024;
/** Longer than balancers keep an idle connection, so that it is they who close it. */
const KEEP_ALIVE_MS = 65_000;
/** Connections at once; beyond it new ones are closed. */
const CONNECTIONS_MAX = 10_000;

/** Listens nowhere yet; in the clear without a certificate. */
export function httpServer(
  handler: RequestListener,
  { patience, tls }: { patience: Patience; tls: Pair | undefined },
): Server {
  const { headersMs, requestMs, checkMs } = patience;
  const options: ServerOptions = {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  const server =
    tls === undefined
      ? createServer(options, handler)
      : createTlsServer({ ...options, ...secureContextOf(tls), handshakeTimeout: headersMs }, handler);
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

export function newRequestId(): string {
  return `req_${uuidv7().replaceAll('-', '')}`;
}

const REASONS: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};
const PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Answers what never became a request, in the form of every other problem, and hangs up. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const problem = new Problem(REASONS[error.code ?? ''] ?? 'request_malformed');
  const requestId = newRequestId();
  const body = JSON.stringify(problemBody(problem, { path: '', requestId }));
  const head = [
    `HTTP/1.1 ${problem.status} ${PHRASES[problem.status]}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
