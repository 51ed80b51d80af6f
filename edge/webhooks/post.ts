import { Agent } from 'undici';
import type { Addresses } from './addresses.ts';

/** A receiver must have answered by then. */
export const TIMEOUT_MS = 15_000;
const CONNECT_MS = 10_000;
/** With its turn for a connection and what comes of it told, a post ends well before its lease does (60 s). */
const LIMIT_MS = 30_000;
const EXCERPT_CHARACTERS = 1_024;
/** A longer answer is cut off, and its connection with it. */
const ANSWER_BYTES_MAX = 64 * 1_024;
/** Connections to one host. */
const CONNECTIONS = 64;

/** What came of one POST. */
export interface Posted {
  /** 0: there was no answer. */
  readonly status: number;
  /** Why there was none, a stable word; '' where there was. */
  readonly error: string;
  readonly excerpt: string;
  /** What Retry-After asks for; 0 for nothing. */
  readonly retryAfterMs: number;
}

/** Posts to receivers: never to an address that may not be reached, never after a redirect, never for longer than 15 s. */
export class Poster {
  readonly #agent: Agent;
  readonly #addresses: Addresses;
  readonly #nowMs: () => number;
  readonly #limitMs: number;

  constructor({
    addresses,
    nowMs,
    connections = CONNECTIONS,
    limitMs = LIMIT_MS,
  }: {
    addresses: Addresses;
    nowMs: () => number;
    connections?: number;
    limitMs?: number;
  }) {
    this.#addresses = addresses;
    this.#limitMs = limitMs;
    this.#nowMs = nowMs;
    this.#agent = new Agent({
      connect: { lookup: addresses.lookup, timeout: CONNECT_MS },
      connections,
      pipelining: 1,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
  }

  async post(url: string, headers: Record<string, string>, body: string, stop: AbortSignal): Promise<Posted> {
    const limited = new AbortController();
    const cut = () => limited.abort(stop.reason);
    const limit = setTimeout(() => limited.abort(TOO_LATE), this.#limitMs);
    stop.addEventListener('abort', cut, { once: true });
    try {
      stop.throwIfAborted();
      const { origin, pathname, search, hostname } = new URL(url);
      this.#addresses.checkHost(hostname);
      const answer = await this.#agent.request({
        origin,
        path: `${pathname}${search}`,
        method: 'POST',
        headers,
        body,
        signal: limited.signal,
      });
      clearTimeout(limit);
      const excerpt = await excerptOf(answer.body);
      const [retryAfter = ''] = [answer.headers['retry-after'] ?? ''].flat();
      const { statusCode: status } = answer;
      if (status < 100 || status > 599) return { status: 0, error: 'bad_status', excerpt, retryAfterMs: 0 };
      return { status, error: '', excerpt, retryAfterMs: this.#waitOf(retryAfter) };
    } catch (error) {
      return { status: 0, error: wordOf(error as Error), excerpt: '', retryAfterMs: 0 };
    } finally {
      clearTimeout(limit);
      stop.removeEventListener('abort', cut);
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  /** Seconds, or a date (RFC 9110). */
  #waitOf(retryAfter: string): number {
    if (/^\d{1,7}$/.test(retryAfter)) return Number(retryAfter) * 1_000;
    const at = Date.parse(retryAfter);
    return Number.isNaN(at) ? 0 : Math.max(0, at - this.#nowMs());
  }
}

/** However slowly it comes: what was answered counts, and not that all of it came. */
async function excerptOf(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const head: Buffer[] = [];
  let bytes = 0;
  const limit = setTimeout(() => body.destroy(), TIMEOUT_MS);
  try {
    for await (const chunk of body) {
      if (bytes < EXCERPT_CHARACTERS) head.push(chunk);
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) break;
    }
  } catch {
    // Cut off, by us or by them.
  } finally {
    clearTimeout(limit);
  }
  return Buffer.concat(head).toString('utf8').slice(0, EXCERPT_CHARACTERS);
}

const WORDS: Readonly<Record<string, string>> = {
  ADDRESS_FORBIDDEN: 'address_forbidden',
  ENOTFOUND: 'name_not_found',
  EAI_AGAIN: 'name_not_found',
  ECONNREFUSED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  UND_ERR_SOCKET: 'connection_reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
};

const TOO_LATE = Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });

function wordOf(error: Error & { code?: unknown }): string {
  const code = typeof error.code === 'string' ? error.code : '';
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|EPROTO)/.test(code)) return 'tls_failed';
  return WORDS[code] ?? 'failed';
}
