import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { TEST_CLIENT_SECRETS, TEST_SECRETS } from '../testing/secrets.ts';
import { SECRET, StandInCore, UNLIMITED } from '../testing/standInCore.ts';
import { PATIENCE, type Patience } from './connections.ts';
import { buildServer, type ServerOptions } from './server.ts';

let app: FastifyInstance;
let stand: StandInCore;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await app?.close();
});

async function listening(options: Partial<ServerOptions> = {}): Promise<number> {
  stand = new StandInCore();
  const base = {
    core: stand.core,
    secrets: TEST_SECRETS,
    clientSecrets: TEST_CLIENT_SECRETS,
    nowMs: () => 0,
    limits: UNLIMITED,
    log: () => undefined,
  };
  app = await buildServer({ ...base, ...options });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

interface Told {
  readonly status: number;
  readonly code: unknown;
}

/** Sends bytes as they are, and reads until the edge hangs up. */
async function raw(port: number, ...parts: (string | Buffer)[]): Promise<Told> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  // Who is cut off while sending is told so, if at all, by the answer.
  socket.on('error', () => undefined);
  for (const part of parts) socket.write(part);
  await once(socket, 'close');
  const [head, body = ''] = text.split('\r\n\r\n');
  return {
    status: Number(head.split(' ')[1]),
    code: body === '' ? undefined : (JSON.parse(body) as { code: unknown }).code,
  };
}

const HEAD = ['Host: edge', `Authorization: Bearer ${SECRET}`, 'Connection: close'];
/** A request to make a customer, with a body of any kind. */
function post(body: Buffer | string, headers: string[] = []): Buffer {
  const bytes = Buffer.from(body);
  const all = [...HEAD, 'Content-Type: application/json', `Content-Length: ${bytes.length}`, ...headers];
  return Buffer.concat([Buffer.from(`POST /v1/customers HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`), bytes]);
}

describe('a body', () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1_024 * 1_024, 0x20));

  test.each([
    ['that is a bomb', bomb, ['Content-Encoding: gzip'], 415, 'encoding_unsupported'],
    ['in another encoding', '{}', ['Content-Encoding: br'], 415, 'encoding_unsupported'],
    ['of 129 KiB', `{"name":"${'x'.repeat(129 * 1_024)}"}`, [], 413, 'body_too_large'],
    ['nested too deeply', `{"a":${'['.repeat(30)}${']'.repeat(30)}}`, [], 400, 'body_too_deep'],
    ['with a prototype', '{"name":"x","__proto__":{"admin":true}}', [], 400, 'parameter_invalid'],
    ['with a prototype below', '{"metadata":{"__proto__":"x"}}', [], 400, 'parameter_invalid'],
    ['with a constructor', '{"constructor":{"prototype":{"a":1}}}', [], 400, 'parameter_invalid'],
    ['written with escapes', '{"\\u005f_proto__":{"admin":true}}', [], 400, 'parameter_invalid'],
    ['of another type', '<a/>', ['Content-Type: text/xml'], 415, 'media_type_unsupported'],
  ] as [string, Buffer | string, string[], number, string][])(
    '%s is refused',
    async (_, body, headers, status, code) => {
      const port = await listening();
      const isTyped = headers.some((one) => one.startsWith('Content-Type'));
      const sent = post(body, headers).toString('latin1');
      const bytes = isTyped ? sent.replace('Content-Type: application/json\r\n', '') : sent;
      expect(await raw(port, Buffer.from(bytes, 'latin1'))).toEqual({ status, code });
      expect(stand.commands).toEqual([]);
      expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
    },
  );

  test('that says no length and goes on is cut off at the bound', async () => {
    const port = await listening();
    const head = [...HEAD, 'Content-Type: application/json', 'Transfer-Encoding: chunked'];
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const parts = [
      `POST /v1/customers HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`,
      ...Array<string>(6).fill(chunk),
    ];
    expect(await raw(port, ...parts)).toEqual({ status: 413, code: 'body_too_large' });
  });

  test('that was packed on its way is refused', async () => {
    const port = await listening();
    const head = [...HEAD, 'Content-Type: application/json', 'Transfer-Encoding: gzip, chunked'];
    const bytes = `POST /v1/customers HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;
    expect(await raw(port, bytes)).toEqual({ status: 415, code: 'encoding_unsupported' });
  });

  test('of the same requests, within all bounds, is taken', async () => {
    const port = await listening();
    const ordinary = post('{"name":"x","metadata":{"constructor":"y"}}', ['Content-Encoding: identity']);
    expect(await raw(port, ordinary)).toMatchObject({ status: 200 });
    expect(stand.commands).toHaveLength(1);
  });
});

describe('a request', () => {
  test.each([
    ['with a URL of 20 KB', `GET /v1/account?a=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    ['with headers of 20 KB', `GET /v1/account HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['that is no HTTP', 'hello\r\n\r\n', 400],
    [
      'that says two lengths',
      'POST /v1/customers HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
      400,
    ],
    [
      'that says a length and chunks',
      'POST /v1/customers HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'with a header that ends where it should not',
      'GET /v1/account HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n',
      400,
    ],
  ])('%s is refused, and the connection closed', async (_, bytes, status) => {
    const code = status === 431 ? 'headers_too_large' : 'request_malformed';
    expect(await raw(await listening(), bytes)).toEqual({ status, code });
  });

  test('with an id that is too long to be one finds nothing', async () => {
    const path = `/v1/payment_intents/${'x'.repeat(5_000)}`;
    const told = await raw(await listening(), `GET ${path} HTTP/1.1\r\n${HEAD.join('\r\n')}\r\n\r\n`);
    expect(told).toEqual({ status: 404, code: 'resource_missing' });
  });
});

describe('a client that sends slowly', () => {
  const impatient: Patience = { headersMs: 50, requestMs: 100, checkMs: 10 };
  const slow = { status: 408, code: 'request_timeout' };

  test('is cut off while its headers are not there', async () => {
    const port = await listening({ patience: impatient });
    expect(await raw(port, 'GET /v1/account HTTP/1.1\r\nHost: a\r\n')).toEqual(slow);
  });

  test('is cut off while its body is not there', async () => {
    const port = await listening({ patience: impatient });
    const whole = post('{"name":"somebody"}');
    expect(await raw(port, whole.subarray(0, -3))).toEqual(slow);
    expect(stand.commands).toEqual([]);
  });

  test('is given some seconds by the edge as it runs, and a request more than its headers', () => {
    const { headersMs, requestMs, checkMs } = PATIENCE;
    expect(headersMs).toBeLessThanOrEqual(requestMs);
    expect(requestMs + checkMs).toBeLessThanOrEqual(20_000);
  });
});

describe('limits by address', () => {
  const limits = { ...UNLIMITED, address: { perSecond: 1, burst: 1 } };
  const wrong = `sk_test_${'w'.repeat(32)}`;
  const ask = async (forwardedFor?: string): Promise<number> => {
    const answer = await app.inject({
      url: '/v1/account',
      headers: {
        authorization: `Bearer ${wrong}`,
        ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }),
      },
    });
    return answer.statusCode;
  };

  test('believe nobody by default: whoever says that he is others is still one', async () => {
    await listening({ limits });
    expect([await ask('198.51.100.1'), await ask('198.51.100.2')]).toEqual([401, 429]);
  });

  test('behind one balancer count whom that one saw, whatever else the request says', async () => {
    await listening({ limits, trustProxy: 1 });
    expect([await ask('198.51.100.1'), await ask('198.51.100.2')]).toEqual([401, 401]);
    // What the client itself has written stands before what the balancer has.
    expect([await ask('203.0.113.9, 198.51.100.1'), await ask('203.0.113.8, 198.51.100.2')]).toEqual([
      429, 429,
    ]);
  });

  test('behind balancers with addresses count the first who is none of them', async () => {
    await listening({ limits, trustProxy: ['127.0.0.0/8', '10.0.0.0/8'] });
    expect([await ask('198.51.100.1, 10.1.2.3'), await ask('198.51.100.2, 10.1.2.3')]).toEqual([401, 401]);
    expect(await ask('203.0.113.9, 198.51.100.2, 10.9.9.9')).toBe(429);
  });

  test('count all addresses of one network of IPv6 together', async () => {
    await listening({ limits, trustProxy: 1 });
    expect([await ask('2001:db8::1'), await ask('2001:db8::2'), await ask('2001:db8:0:1::1')]).toEqual([
      401, 429, 401,
    ]);
  });
});
