import { Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import { wallClockMs } from '../clock.ts';
import { codeName, CODE, leavesOutcomeOpen } from '../errors/codes.ts';
import { clientClosed, FlorinError, NO_DETAILS, type Outcome } from '../errors/florinError.ts';
import { readStatusDetails, STATUS_DETAILS_KEY } from '../errors/statusDetails.ts';
import type { Settings } from '../options.ts';

/** One method of the contract, as far as the transport cares. */
export interface Method {
  /** /florin.ledger.v1.BookService/GetBook */
  readonly path: string;
  /** A read changes nothing, so a failed one leaves nothing open. */
  readonly kind: 'read' | 'mutation';
}

/** One try of a call. */
export interface Try {
  readonly method: Method;
  readonly request: Uint8Array;
  /** Until the call's deadline. */
  readonly remainingMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly traceparent?: string | undefined;
}

/**
 * What grpc-js says where a call never left this process: no connection, or no address. Held by a test against the
 * pinned version; were the words to change, such a failure would count as unknown, which is safe.
 */
const NEVER_SENT = /^(\w+: )?No connection established|^Name resolution failed/;

/** Room for two batches of answers before the reader has to grant more. */
const WINDOW_BYTES = 4 * 1_048_576;

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asIs = (bytes: Buffer): Buffer => bytes;

/** The connections to one core, used in turn. Speaks bytes; knows nothing of messages. */
export class Channels {
  readonly #clients: Client[];
  readonly #settings: Settings;
  #turn = 0;
  #closed = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#clients = Array.from(
      { length: settings.channels },
      () =>
        new Client(settings.target, settings.credentials, {
          // Without it all channels of one target share one connection.
          'grpc.use_local_subchannel_pool': 1,
          'grpc.max_receive_message_length': settings.answerBytesMax,
          'grpc.max_send_message_length': -1,
          'grpc-node.flow_control_window': WINDOW_BYTES,
          // The core is back within seconds of a restart: do not wait a minute to see that.
          'grpc.initial_reconnect_backoff_ms': 100,
          'grpc.max_reconnect_backoff_ms': 2_000,
          ...(settings.serverName === undefined
            ? {}
            : { 'grpc.ssl_target_name_override': settings.serverName }),
        }),
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    for (const client of this.#clients) client.close();
  }

  /** Sends once. Rejects with FlorinError only. */
  send(once: Try): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(clientClosed('none'));
      if (once.signal?.aborted === true) return reject(abandoned(once, 'none'));
      const onAbort = () => call.cancel();
      const call = this.#next().makeUnaryRequest(
        once.method.path,
        asBuffer,
        asIs,
        once.request,
        this.#headers(once),
        { deadline: wallClockMs() + once.remainingMs },
        (error, answer) => {
          once.signal?.removeEventListener('abort', onAbort);
          if (error === null && answer !== undefined) resolve(answer);
          else if (once.signal?.aborted === true)
            reject(abandoned(once, outcomeOf(once.method, CODE.CANCELLED)));
          else if (this.#closed) reject(clientClosed(outcomeOf(once.method, CODE.CANCELLED)));
          else reject(errorOf(error, once.method));
        },
      );
      once.signal?.addEventListener('abort', onAbort);
    });
  }

  /** Opens a server stream of one request. Its errors are those of grpc-js: see `errorOf`. */
  open(once: Try) {
    return this.#next().makeServerStreamRequest(
      once.method.path,
      asBuffer,
      asIs,
      once.request,
      this.#headers(once),
      {
        deadline: wallClockMs() + once.remainingMs,
      },
    );
  }

  #next(): Client {
    this.#turn = (this.#turn + 1) % this.#clients.length;
    return this.#clients[this.#turn];
  }

  #headers(once: Try): Metadata {
    const headers = new Metadata();
    for (const [name, value] of Object.entries(this.#settings.metadata)) headers.set(name, value);
    const traceparent = once.traceparent ?? this.#settings.traceparent();
    if (traceparent !== undefined) headers.set('traceparent', traceparent);
    return headers;
  }
}

/** The caller's signal ended the call. */
export function abandoned(once: Pick<Try, 'method' | 'signal'>, outcome: Outcome): FlorinError {
  return new FlorinError({
    code: CODE.CANCELLED,
    message: 'the caller gave up',
    method: once.method.path,
    outcome,
    attempts: outcome === 'none' ? 0 : 1,
    cause: once.signal?.reason,
  });
}

export function outcomeOf(method: Method, code: number): Outcome {
  return method.kind === 'mutation' && leavesOutcomeOpen(code) ? 'unknown' : 'none';
}

/** What grpc-js reports, with the details that the core attached. */
export function errorOf(error: ServiceError | null, method: Method): FlorinError {
  const code = error?.code ?? CODE.INTERNAL;
  const message = error?.details ?? '';
  const trailer = error?.metadata?.get(STATUS_DETAILS_KEY)[0];
  const details = Buffer.isBuffer(trailer) ? readStatusDetails(trailer) : NO_DETAILS;
  return new FlorinError({
    ...details,
    code,
    message: message === '' ? codeName(code).toLowerCase().replaceAll('_', ' ') : message,
    method: method.path,
    outcome: NEVER_SENT.test(message) ? 'none' : outcomeOf(method, code),
    attempts: 1,
    cause: error ?? undefined,
  });
}
