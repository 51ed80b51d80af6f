import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES } from '../limits.ts';

const STREAM_CREATED = 'http2.server.stream.created';

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, ...more: unknown[]) => void;

/**
 * Sets the HTTP/2 connections to that port up at their first stream, before anybody is told of that: grpc-js keeps its
 * sessions to itself and has no option for a server's windows. Returns what ends it.
 */
export function eachSession(port: number, setUp: (session: ServerHttp2Session) => void): () => void {
  const seen = new WeakSet<ServerHttp2Session>();
  const onStream = (message: unknown): void => {
    const session = (message as { stream: ServerHttp2Stream }).stream.session as
      | ServerHttp2Session
      | undefined;
    if (session === undefined || session.destroyed || session.socket.localPort !== port) return;
    if (seen.has(session)) return;
    seen.add(session);
    setUp(session);
  };
  subscribe(STREAM_CREATED, onStream);
  return () => void unsubscribe(STREAM_CREATED, onStream);
}

/**
 * Lets whole batches be under way. With HTTP/2's own windows of 64 KiB a batch of one megabyte waits for sixteen turns of
 * the event loop before it is here.
 */
export function widenWindows(session: ServerHttp2Session): void {
  session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
  session.settings({ initialWindowSize: STREAM_WINDOW_BYTES });
}

/** Offers the connection's streams to `takes` first; what it does not take goes where all of them went before. */
export function offerStreams(
  session: ServerHttp2Session,
  takes: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean,
): void {
  const others = session.listeners('stream') as OnStream[];
  session.removeAllListeners('stream');
  const onStream: OnStream = (stream, headers, ...more) => {
    if (takes(stream, headers)) return;
    for (const other of others) other.call(session, stream, headers, ...more);
  };
  session.on('stream', onStream);
}
