import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RawWebhook, Received } from './forwarder.ts';

/** The largest body of a webhook; Adyen's batches are the largest known. */
const BODY_BYTES_MAX = 1024 * 1024;
const CONNECTIONS_MAX = 256;
/** A provider that sends slower than that is no provider. */
const REQUEST_MS = 10_000;
const RETRY_AFTER_S = 30;
const SAID: Readonly<Record<Received['status'], string>> = {
  // The word that Adyen wants to read; nobody else minds.
  200: '[accepted]',
  400: 'it cannot be read',
  401: 'the signature does not match',
  404: 'no such provider',
  503: 'send it again',
};

export interface ListenerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  receive: (provider: string, webhook: RawWebhook) => Promise<Received>;
  onFailed: (error: Error) => void;
}

export interface WebhookListener {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Takes what providers send by themselves: POST /{provider}. Answers 200 only once it is kept durably, 401 where the
 * signature is not theirs, and 503 where it is to be sent again.
 */
export async function startWebhookListener(options: ListenerOptions): Promise<WebhookListener> {
  const server = createServer(
    // Left alone, Node looks at connections every 30 s only.
    { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
    (request, response) => void answer(options, request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
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

async function answer(
  { receive, onFailed }: ListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const provider = /^\/([a-z0-9_]{1,32})$/.exec(request.url ?? '')?.[1];
    if (provider === undefined) return text(response, 404, 'POST /{provider}');
    if (request.method !== 'POST') return text(response.setHeader('allow', 'POST'), 405, 'only POST');
    const body = await bodyOf(request);
    if (body === undefined) return text(response.setHeader('connection', 'close'), 413, 'too large');
    const { status, why } = await receive(provider, { body, headers: headersOf(request) });
    if (status === 503) response.setHeader('retry-after', String(RETRY_AFTER_S));
    text(response, status, why || SAID[status]);
  } catch (error) {
    onFailed(error as Error);
    if (!response.headersSent) text(response, 500, 'it failed');
  }
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${body}\n`);
}

/** undefined where it is too large. By events: iterating costs a busy core more than all else that a webhook does. */
function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
      else resolve(undefined);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the request broke off')));
  });
}

/** Of a header that came twice the values together, as HTTP reads them. */
function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}
