/** The bounds of one server. Each protects memory or time that all callers share. */

/** A request message, decompressed. A batch of 8,192 transfers is about 1.2 MB. */
export const REQUEST_BYTES_MAX = 16 * 1024 * 1024;
/** All request messages that are being worked on; beyond it calls are refused at once. */
export const REQUEST_BYTES_IN_FLIGHT_MAX = 256 * 1024 * 1024;
/** Calls at once on one HTTP/2 connection; a client with more waits on its own side. */
export const STREAMS_PER_CONNECTION_MAX = 1_024;
/** Bytes that may be under way to us on one stream and on one connection: a whole batch, and those of several callers. */
export const STREAM_WINDOW_BYTES = 2 * 1024 * 1024;
export const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;
/** Connections of the Connect server; over HTTP/1.1 each carries one call. */
export const CONNECT_CONNECTIONS_MAX = 1_024;
/** A TLS handshake that takes longer is ended. */
export const HANDSHAKE_MS_MAX = 10_000;
/** HTTP/2 pings that find a dead peer: how often, and how long an answer may take. */
export const KEEPALIVE_TIME_MS = 60_000;
export const KEEPALIVE_TIMEOUT_MS = 20_000;
/**
 * A page ends early once its rows pass this, so that it fits the 4 MiB that gRPC clients receive unless told
 * otherwise: one more row of 256 postings and full metadata takes less than 256 KiB.
 */
export const PAGE_BYTES_MAX = 3_500_000;
/** A call that takes longer is logged as slow. */
export const SLOW_CALL_MS = 1_000;
/** Lines about failed or slow calls a second; the rest is counted and told in one line. */
export const CALL_LINES_PER_SECOND_MAX = 50;

if (CONNECTION_WINDOW_BYTES < STREAM_WINDOW_BYTES)
  throw new Error('limits.ts: a stream may not take more than its connection');
if (REQUEST_BYTES_IN_FLIGHT_MAX < REQUEST_BYTES_MAX)
  throw new Error('limits.ts: one request must fit what is in flight');
