import { createServer as listen } from 'node:net';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Addresses } from './addresses.ts';
import { Poster } from './post.ts';

const NEVER = new AbortController().signal;
const NOW_MS = Date.parse('2026-11-27T00:00:00Z');

let server: Server;
let url: string;
let answer: RequestListener;
let requests: { method: string; url: string; headers: Record<string, unknown>; body: string }[];
let poster: Poster;

beforeEach(async () => {
  requests = [];
  answer = (_, response) => response.end('thanks');
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      requests.push({ method, url: path, headers, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks?a=b`;
  poster = new Poster({ addresses: new Addresses(['127.0.0.0/8', '::1/128']), nowMs: () => NOW_MS });
});
afterEach(async () => {
  await poster.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const post = (to = url) => poster.post(to, { 'webhook-id': 'evt_1' }, '{"a":1}', NEVER);

test('posts the body with its headers, and tells what was answered', async () => {
  answer = (_, response) => response.writeHead(201).end('thanks');
  expect(await post()).toEqual({ status: 201, error: '', excerpt: 'thanks', retryAfterMs: 0 });
  expect(requests).toMatchObject([
    { method: 'POST', url: '/hooks?a=b', body: '{"a":1}', headers: { 'webhook-id': 'evt_1' } },
  ]);
});

test('goes after no redirect', async () => {
  answer = (_, response) => response.writeHead(307, { location: url }).end();
  expect(await post()).toMatchObject({ status: 307 });
  expect(requests).toHaveLength(1);
});

test('keeps the first kilobyte of an answer, and reads no more than it must', async () => {
  answer = (_, response) => response.end('x'.repeat(10_000_000));
  const { status, excerpt } = await post();
  expect(status).toBe(200);
  expect(excerpt).toBe('x'.repeat(1_024));
});

test('takes Retry-After in seconds and as a date', async () => {
  answer = (_, response) => response.writeHead(429, { 'retry-after': '7' }).end();
  expect(await post()).toMatchObject({ status: 429, retryAfterMs: 7_000 });
  const date = new Date(NOW_MS + 90_000).toUTCString();
  answer = (_, response) => response.writeHead(503, { 'retry-after': date }).end();
  expect(await post()).toMatchObject({ status: 503, retryAfterMs: 90_000 });
  answer = (_, response) => response.writeHead(503, { 'retry-after': 'soon' }).end();
  expect(await post()).toMatchObject({ retryAfterMs: 0 });
});

test('tells why there was no answer by a stable word', async () => {
  answer = (request) => request.socket.destroy();
  expect(await post()).toMatchObject({ status: 0, error: 'connection_reset' });
  expect(await post('http://127.0.0.1:1/')).toMatchObject({ status: 0, error: 'connection_refused' });
  expect(await post('http://nobody.invalid/')).toMatchObject({ status: 0, error: 'name_not_found' });
  expect(await post(url.replace('http:', 'https:'))).toMatchObject({ status: 0, error: 'tls_failed' });
});

test('takes a status that HTTP does not know for no answer', async () => {
  const odd = listen((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 999 Odd\r\ncontent-length: 4\r\n\r\nwhat'));
  });
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
  const to = `http://127.0.0.1:${(odd.address() as AddressInfo).port}/`;
  expect(await post(to)).toEqual({ status: 0, error: 'bad_status', excerpt: 'what', retryAfterMs: 0 });
  await new Promise((resolve) => odd.close(resolve));
});

test('waits for an answer no longer than it may, its turn for a connection included', async () => {
  const addresses = new Addresses(['127.0.0.0/8', '::1/128']);
  const hasty = new Poster({ addresses, nowMs: () => NOW_MS, connections: 1, limitMs: 60 });
  answer = () => undefined;
  const posts = await Promise.all([1, 2].map(() => hasty.post(url, {}, '{}', NEVER)));
  expect(posts).toMatchObject([
    { status: 0, error: 'timeout' },
    { status: 0, error: 'timeout' },
  ]);
  await hasty.close();
});

test('reaches no address that it may not, by number, by name, or as what a name turns into', async () => {
  const closed = new Poster({ addresses: new Addresses([]), nowMs: () => NOW_MS });
  const port = new URL(url).port;
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433'])
    expect(await closed.post(`http://${host}:${port}/`, {}, '{}', NEVER), host).toEqual({
      status: 0,
      error: 'address_forbidden',
      excerpt: '',
      retryAfterMs: 0,
    });
  expect(requests).toEqual([]);
  await closed.close();
});
