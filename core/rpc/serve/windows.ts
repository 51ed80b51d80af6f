import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import { CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES } from '../limits.ts';

const STREAM_CREATED = 'http2.server.stream.created';

/**
 * Widens the flow-control windows of every connection at its first stream; grpc-js has no option for a server's. With
 * HTTP/2's own 64 KiB a batch of one megabyte waits for sixteen turns of the event loop before it is here. Returns what
 * ends it.
 */
export function widenWindows(): () => void {
  const seen = new WeakSet<Http2Session>();
  const onStream = (message: unknown): void => {
    const { session } = (message as { stream: ServerHttp2Stream }).stream;
    if (session === undefined || session.destroyed || seen.has(session)) return;
    seen.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    session.settings({ initialWindowSize: STREAM_WINDOW_BYTES });
  };
  subscribe(STREAM_CREATED, onStream);
  return () => void unsubscribe(STREAM_CREATED, onStream);
}
