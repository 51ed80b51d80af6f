import { type RequestListener, type Server, createServer } from 'node:http';
import { type AddressInfo, type Socket, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../test/support/ports.ts';
import { type Call, Exchange, type Exchanged } from './exchange.ts';

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

function portOf(server: { address(): unknown }): number {
  return (server.address() as AddressInfo).port;
}

/** A provider over HTTP; answers with its port. */
async function provider(listener: RequestListener): Promise<{ port: number; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return { port: portOf(server), server };
}

/** Whatever the bytes are answered with. */
async function bytes(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return portOf(server);
}

function exchange(url: string, more: { connections?: number; answerBytesMax?: number } = {}): Exchange {
  const made = new Exchange({ url, connections: 4, answerBytesMax: 1_024, ...more });
  cleanUps.push(() => made.close());
  return made;
}

const call = (more: Partial<Call> = {}): Call => ({
  method: 'POST',
  path: '/pay',
  headers: { 'content-type': 'application/json' },
  body: '{"amount":"1"}',
  deadlineMs: 2_000,
  ...more,
});

const at = (port: number, more?: Partial<Call>): Promise<Exchanged> =>
  exchange(`http://127.0.0.1:${port}`).send(call(more));

describe('proves that nothing was sent', () => {
  test('where the connection is refused', async () => {
    expect(await at(await freePort())).toEqual({ got: 'not_sent', why: 'ECONNREFUSED' });
  });

  test('where the name has no address', async () => {
    const outcome = await exchange('http://no-such-host.invalid').send(call());
    expect(outcome.got).toBe('not_sent');
  });

  test('where the certificate is refused or the handshake does not end: the request waits behind it', async () => {
    const silent = await bytes(() => undefined);
    const outcome = await exchange(`https://127.0.0.1:${silent}`).send(call({ deadlineMs: 200 }));
    expect(outcome).toEqual({ got: 'not_sent', why: 'no answer within 200 ms' });
    const rude = await bytes((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect((await exchange(`https://127.0.0.1:${rude}`).send(call())).got).toBe('not_sent');
  });

  test('where the call waited for a connection until its deadline', async () => {
    let requests = 0;
    const { port } = await provider(() => {
      requests++;
    });
    const narrow = exchange(`http://127.0.0.1:${port}`, { connections: 1 });
    const first = narrow.send(call({ deadlineMs: 600 }));
    const second = narrow.send(call({ deadlineMs: 200 }));
    expect((await second).got).toBe('not_sent');
    expect((await first).got).toBe('unknown');
    expect(requests).toBe(1);
  });

  test('where it was given up before it began', async () => {
    const { port } = await provider((_, response) => response.end());
    expect((await at(port, { signal: AbortSignal.abort() })).got).toBe('not_sent');
  });
});

describe('does not know', () => {
  test('after a reset once the request was written', async () => {
    const { port } = await provider((request) => request.socket.resetAndDestroy());
    expect(await at(port)).toEqual({ got: 'unknown', why: 'ECONNRESET' });
  });

  test('after a connection that was closed without an answer, also one that had been used before', async () => {
    let requests = 0;
    const { port } = await provider((request, response) => {
      if (++requests === 1) response.end('{}');
      else request.socket.destroy();
    });
    const kept = exchange(`http://127.0.0.1:${port}`);
    expect((await kept.send(call())).got).toBe('answer');
    expect((await kept.send(call())).got).toBe('unknown');
    expect(requests).toBe(2);
  });

  test('after a deadline while the answer was awaited', async () => {
    const { port } = await provider(() => undefined);
    const began = performance.now();
    expect(await at(port, { deadlineMs: 250 })).toEqual({ got: 'unknown', why: 'no answer within 250 ms' });
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('after a deadline in the midst of the answer', async () => {
    const { port } = await provider((_, response) => response.write('{"half":'));
    expect((await at(port, { deadlineMs: 250 })).got).toBe('unknown');
  });

  test('after an answer that broke off, that is none, or that is too large', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"short":',
      'SSH-2.0-OpenSSH_9.6\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n',
    ];
    for (const answer of answers) {
      const port = await bytes((socket) => socket.once('data', () => socket.end(answer)));
      expect((await at(port)).got, answer).toBe('unknown');
    }
    const { port } = await provider((_, response) => response.end('x'.repeat(2_000)));
    expect(await at(port)).toEqual({ got: 'unknown', why: 'the answer is too large' });
  });

  test('after the caller gave up', async () => {
    const { port } = await provider(() => undefined);
    const giveUp = new AbortController();
    setTimeout(() => giveUp.abort(), 100);
    expect(await at(port, { signal: giveUp.signal })).toEqual({
      got: 'unknown',
      why: 'given up by the caller',
    });
  });
});

test('an answer is status and body, whatever the status says', async () => {
  const { port } = await provider((_, response) => response.writeHead(503).end('later'));
  expect(await at(port)).toEqual({ got: 'answer', status: 503, body: 'later' });
});

test('connections stay open from call to call', async () => {
  const ports = new Set<number | undefined>();
  const { port } = await provider((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('{}');
  });
  const kept = exchange(`http://127.0.0.1:${port}`);
  for (let i = 0; i < 5; i++) expect((await kept.send(call())).got).toBe('answer');
  expect(ports.size).toBe(1);
});

test('what goes out is what was asked for, under the path of the address', async () => {
  let seen = '';
  const { port } = await provider((request, response) => {
    request.on('data', (chunk: Buffer) => {
      seen = `${request.method} ${request.url} ${request.headers['x-key']} ${chunk.toString()}`;
      response.end();
    });
  });
  const based = exchange(`http://127.0.0.1:${port}/base/`);
  await based.send(call({ headers: { 'x-key': 'k' }, body: '{"ü":1}' }));
  expect(seen).toBe('POST /base/pay k {"ü":1}');
});
