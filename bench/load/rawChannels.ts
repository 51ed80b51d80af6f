import { type ClientHttp2Session, type IncomingHttpHeaders, connect } from 'node:http2';

const CREATE_TRANSACTIONS = '/florin.ledger.v1.TransactionService/CreateTransactions';
/** Room for several of the largest answers before the reader has to grant more. */
const WINDOW_BYTES = 8 * 1_048_576;
/** What precedes a message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5;
/** Up to here a copy behind the prefix is cheaper than a frame of its own. */
const COPIED_BYTES_MAX = 16_384;
/** Canonical codes of gRPC. */
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

const HEADERS = {
  ':method': 'POST',
  ':path': CREATE_TRANSACTIONS,
  'content-type': 'application/grpc+proto',
  te: 'trailers',
  'grpc-timeout': '60S',
};

/** A call that was not answered with OK. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  /** The canonical code; UNAVAILABLE where the connection failed. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type Answered = (error: CallFailed | null, answer?: Buffer) => void;

/**
 * Connections that speak gRPC's frames on Node's HTTP/2 and nothing more: a client library, or messages, would use up the
 * machine before the core does.
 */
export class RawChannels {
  readonly #url: string;
  readonly #sessions: (ClientHttp2Session | undefined)[];

  constructor(target: string, count: number) {
    this.#url = `http://${target}`;
    this.#sessions = Array.from({ length: count });
  }

  createTransactions(request: Buffer, caller: number, answered: Answered): void {
    const stream = this.#session(caller % this.#sessions.length).request(HEADERS);
    const parts: Buffer[] = [];
    let failure: CallFailed | null = new CallFailed(UNAVAILABLE, 'the connection was lost before an answer');
    const take = (headers: IncomingHttpHeaders): void => {
      const code = headers['grpc-status'];
      if (code === undefined) return;
      failure =
        code === '0' ? null : new CallFailed(Number(code), decodeURI(String(headers['grpc-message'] ?? '')));
    };
    stream.on('response', take).on('trailers', take);
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('error', (error) => {
      failure = new CallFailed(UNAVAILABLE, error.message);
    });
    stream.on('close', () => {
      if (failure !== null) return answered(failure);
      const frame = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      answered(null, frame.subarray(PREFIX_BYTES));
    });
    const isCopied = request.length <= COPIED_BYTES_MAX;
    const head = Buffer.allocUnsafe(PREFIX_BYTES + (isCopied ? request.length : 0));
    head[0] = 0;
    head.writeUInt32BE(request.length, 1);
    if (isCopied) {
      request.copy(head, PREFIX_BYTES);
      stream.end(head);
    } else {
      stream.write(head);
      stream.end(request);
    }
  }

  /** The connection of that number, made anew where it was lost. */
  #session(index: number): ClientHttp2Session {
    const known = this.#sessions[index];
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connect(this.#url, { settings: { initialWindowSize: WINDOW_BYTES, enablePush: false } });
    session.once('connect', () => session.setLocalWindowSize(WINDOW_BYTES));
    // Its streams tell.
    session.on('error', () => undefined);
    this.#sessions[index] = session;
    return session;
  }

  close(): void {
    for (const session of this.#sessions) session?.close();
  }
}

/** The core said that it has no room now: the mailbox is full, or the read models are too far behind. */
export function isTurnedAway(error: CallFailed): boolean {
  return error.code === RESOURCE_EXHAUSTED;
}
