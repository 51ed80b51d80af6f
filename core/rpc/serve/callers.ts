import type { IncomingHttpHeaders, ServerHttp2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Metadata } from '@grpc/grpc-js';
import type { Caller } from '../callers/caller.ts';
import type { Tls } from '../tls/tls.ts';

/** Written over whatever a caller sends under this name. */
const MARK = 'florin-connection';

/**
 * Whose connections are open. grpc-js hands handlers the headers of a call and not its connection, so the connection is
 * marked in the headers on their way to it.
 */
export class Callers {
  readonly #tls: Tls | undefined;
  readonly #open = new Map<string, Caller>();
  readonly #marks = new WeakMap<Caller, string>();
  #last = 0;

  constructor(tls: Tls | undefined) {
    this.#tls = tls;
  }

  /** The caller behind a connection; undefined where callers are not told apart. */
  of(session: ServerHttp2Session): Caller | undefined {
    const caller = this.#tls?.callerOf(session.socket as TLSSocket);
    if (caller === undefined) return undefined;
    const mark = String(++this.#last);
    this.#open.set(mark, caller);
    this.#marks.set(caller, mark);
    session.once('close', () => this.#open.delete(mark));
    return caller;
  }

  /** Says in a call's headers whose it is. */
  mark(headers: IncomingHttpHeaders, caller: Caller | undefined): void {
    if (caller === undefined) return;
    headers[MARK] = this.#marks.get(caller);
  }

  /** Whose call has these headers. */
  marked(metadata: Metadata): Caller | undefined {
    if (this.#tls === undefined) return undefined;
    const [mark] = metadata.get(MARK);
    return typeof mark === 'string' ? this.#open.get(mark) : undefined;
  }
}
