import { type IncomingHttpHeaders, type ServerHttp2Stream, constants } from 'node:http2';
import type { Clock } from '../../shard/ports.ts';
import { type Call, type Trace, parseTraceparent } from '../call.ts';
import type { Caller } from '../callers/caller.ts';
import { type ServedMethod, methodName } from '../contract.ts';
import { CallerGone, type Failure, failure, statusBytes } from '../errors/failure.ts';
import { REQUEST_BYTES_MAX } from '../limits.ts';
import { TOO_LARGE } from './explain.ts';
import { Failed, type Performance, perform } from './perform.ts';

/** What precedes a message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;
/** Up to here a copy behind the prefix is cheaper than a frame of its own. */
const COPIED_BYTES_MAX = 16_384;
const OK_HEADERS = { ':status': 200, 'content-type': 'application/grpc+proto' };
const OK_TRAILERS = { 'grpc-status': '0' };
const NO_MESSAGE = failure('MALFORMED_REQUEST', {
  message: 'The call carries no message, or more than one.',
});
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_US: Record<string, number> = { H: 3.6e9, M: 6e7, S: 1e6, m: 1e3, u: 1, n: 1e-3 };

type WireMethod = ServedMethod & { kind: 'wire' };

/**
 * Answers the gRPC calls of the methods that take and give bytes, straight from HTTP/2: between the frames and the hot
 * path grpc-js costs more than both. Whatever is out of the ordinary (another method, compression, a deadline that
 * cannot be read) is left to it.
 */
export class WireLane {
  readonly #methods = new Map<string, { method: WireMethod; performance: Performance }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(method: WireMethod, performance: Performance): void {
    this.#methods.set(`/${methodName(method.desc)}`, { method, performance });
  }

  /** Takes the call, or returns false. */
  takes(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, caller?: Caller): boolean {
    const found = this.#methods.get(headers[':path'] ?? '');
    if (found === undefined || headers[':method'] !== 'POST') return false;
    const type = headers['content-type'];
    if (type !== 'application/grpc' && type !== 'application/grpc+proto') return false;
    if ((headers['grpc-encoding'] ?? 'identity') !== 'identity') return false;
    const deadlineUs = this.#deadlineUs(headers['grpc-timeout']);
    if (deadlineUs === undefined) return false;
    const call = new StreamCall(stream, headers, { deadlineUs, caller });
    receive(stream, (message) => {
      const { method, performance } = found;
      perform(performance, call, message.byteLength, () => method.handle(message, call))
        .then(
          (answer) => succeed(stream, answer),
          (error: unknown) => {
            if (!(error instanceof Failed)) throw error;
            fail(stream, error.failure);
          },
        )
        // A stream that fails in the very moment of its answer: nobody is left to tell.
        .catch(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    });
    return true;
  }

  /** Infinity where there is none; undefined where it cannot be read. */
  #deadlineUs(header: string | string[] | undefined): number | undefined {
    if (header === undefined) return Infinity;
    const match = typeof header === 'string' ? TIMEOUT.exec(header) : null;
    return match === null ? undefined : this.#clock.monotonicUs() + Number(match[1]) * UNIT_US[match[2]];
  }
}

/** Gathers the one message of a unary call. What is none, or too large, is refused here. */
function receive(stream: ServerHttp2Stream, done: (message: Uint8Array) => void): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  const onData = (part: Buffer): void => {
    parts.push(part);
    bytes += part.length;
    const told = parts.length === 1 && bytes >= PREFIX_BYTES ? part.readUInt32BE(1) : 0;
    if (Math.max(told, bytes - PREFIX_BYTES) <= REQUEST_BYTES_MAX) return;
    stream.off('data', onData).off('end', onEnd);
    fail(stream, TOO_LARGE);
    // What is still to come is dropped.
    stream.resume();
  };
  const onEnd = (): void => {
    const frame = parts.length === 1 ? parts[0] : Buffer.concat(parts, bytes);
    const isWhole = bytes >= PREFIX_BYTES && frame[0] === 0 && frame.readUInt32BE(1) === bytes - PREFIX_BYTES;
    if (isWhole) done(frame.subarray(PREFIX_BYTES));
    else fail(stream, NO_MESSAGE);
  };
  stream.on('data', onData).on('end', onEnd);
  // A caller that goes away closes the stream; there is nobody to tell.
  stream.on('error', () => undefined);
}

function succeed(stream: ServerHttp2Stream, answer: Uint8Array): void {
  if (isOver(stream)) return;
  stream.respond(OK_HEADERS, { waitForTrailers: true });
  stream.once('wantTrailers', sendOk);
  const isCopied = answer.byteLength <= COPIED_BYTES_MAX;
  const head = Buffer.allocUnsafe(PREFIX_BYTES + (isCopied ? answer.byteLength : 0));
  head[0] = 0;
  head.writeUInt32BE(answer.byteLength, 1);
  if (isCopied) {
    head.set(answer, PREFIX_BYTES);
    stream.end(head);
  } else {
    stream.write(head);
    stream.end(answer);
  }
}

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(OK_TRAILERS);
}

/** A status without a message: headers alone. */
function fail(stream: ServerHttp2Stream, failure: Failure): void {
  if (isOver(stream)) return;
  stream.respond(
    {
      ...OK_HEADERS,
      'grpc-status': String(failure.code),
      'grpc-message': encodeURI(failure.message),
      'grpc-status-details-bin': statusBytes(failure).toString('base64'),
    },
    { endStream: true },
  );
}

function isOver(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed || stream.headersSent;
}

/** The signal is made only for handlers that ask for it. */
class StreamCall implements Call {
  readonly deadlineUs: number;
  readonly caller: Caller | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  #signal: AbortSignal | undefined;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    { deadlineUs, caller }: { deadlineUs: number; caller: Caller | undefined },
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.deadlineUs = deadlineUs;
    this.caller = caller;
  }

  get trace(): Trace | null {
    const header = this.#headers.traceparent;
    return typeof header === 'string' ? parseTraceparent(header) : null;
  }

  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal;
    const controller = new AbortController();
    const gone = (): void => controller.abort(new CallerGone());
    if (this.#stream.destroyed) gone();
    else this.#stream.once('close', gone);
    this.#signal = controller.signal;
    return this.#signal;
  }
}
