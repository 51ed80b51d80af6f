import * as http from 'node:http';
import * as https from 'node:https';
import type { TLSSocket } from 'node:tls';

export interface ExchangeOptions {
  /** "https://api.example.com"; every path begins there. */
  readonly url: string;
  /** Connections at once; calls beyond wait for one, within their deadline. 1 to 1024. */
  readonly connections: number;
  /** The largest answer that is read, bytes. */
  readonly answerBytesMax: number;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** '' for none. */
  readonly body: string;
  /** Milliseconds, from now until the whole answer is there. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How a call ended, by proof. */
export type Exchanged =
  | { readonly got: 'answer'; readonly status: number; readonly body: string }
  /** No byte of the request left: there never was a connection to write it to. */
  | { readonly got: 'not_sent'; readonly why: string }
  /** It may have arrived. */
  | { readonly got: 'unknown'; readonly why: string };

/** An idle connection is dropped after this, before providers and balancers commonly do (60 s), milliseconds. */
const IDLE_MS = 15_000;

/**
 * Calls to one provider over connections that stay open. It never throws and never repeats a call: whoever calls knows
 * whether that would be safe.
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #base: URL;
  readonly #agent: http.Agent;
  readonly #isTls: boolean;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#base = new URL(options.url);
    this.#isTls = this.#base.protocol === 'https:';
    const settings: http.AgentOptions = {
      keepAlive: true,
      maxSockets: options.connections,
      maxFreeSockets: options.connections,
      // The one that was used last is the least likely to have been closed at the other end.
      scheduling: 'lifo',
      timeout: IDLE_MS,
    };
    this.#agent = this.#isTls ? new https.Agent(settings) : new http.Agent(settings);
  }

  send(call: Call): Promise<Exchanged> {
    if (call.signal?.aborted === true)
      return Promise.resolve({ got: 'not_sent', why: 'given up before it began' });
    return new Promise((resolve) => this.#start(call, resolve));
  }

  /** Cuts all connections; calls that are under way end as what they are. */
  close(): void {
    this.#agent.destroy();
  }

  #start(call: Call, resolve: (exchanged: Exchanged) => void): void {
    const { method, path, headers, body, deadlineMs, signal } = call;
    const request = (this.#isTls ? https : http).request({
      protocol: this.#base.protocol,
      hostname: this.#base.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: this.#base.port,
      path: `${this.#base.pathname.replace(/\/$/, '')}${path}`,
      method,
      agent: this.#agent,
      headers: body === '' ? headers : { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    // Until the connection stands, bytes wait in this process, and go with the request when it is destroyed.
    let isWritable = false;
    let isOver = false;
    const end = (exchanged: Exchanged): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(exchanged);
    };
    const fail = (why: string): void => end({ got: isWritable ? 'unknown' : 'not_sent', why });
    const giveUp = (why: string): void => {
      fail(why);
      request.destroy();
    };
    const onAbort = (): void => giveUp('given up by the caller');
    const timer = setTimeout(() => giveUp(`no answer within ${deadlineMs} ms`), deadlineMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    request.on('socket', (socket) => {
      if (request.reusedSocket || !(socket.connecting || isHandshaking(socket as TLSSocket, this.#isTls)))
        isWritable = true;
      else
        socket.once(this.#isTls ? 'secureConnect' : 'connect', () => {
          isWritable = true;
        });
    });
    request.on('response', (response) => this.#read(response, { end, giveUp }));
    request.on('error', (error) => fail(describe(error)));
    request.end(body);
  }

  #read(
    response: http.IncomingMessage,
    { end, giveUp }: { end: (exchanged: Exchanged) => void; giveUp: (why: string) => void },
  ): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > this.#options.answerBytesMax) giveUp('the answer is too large');
      else chunks.push(chunk);
    });
    response.on('end', () => {
      const status = response.statusCode ?? 0;
      if (response.complete) end({ got: 'answer', status, body: Buffer.concat(chunks).toString() });
      else giveUp('the answer broke off');
    });
    response.on('error', (error) => giveUp(describe(error)));
    response.on('close', () => giveUp('the answer broke off'));
  }
}

function isHandshaking(socket: TLSSocket, isTls: boolean): boolean {
  return isTls && socket.getProtocol() === null;
}

/** What is safe and useful to show: the system's code, no address and no header. */
function describe(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return (code ?? error.message).slice(0, 200);
}
