import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { type Operations, startOperations } from './operations.ts';

let operations: Operations;
afterEach(() => operations.stop());

async function start(unready: () => string | null | Promise<string | null>): Promise<void> {
  operations = await startOperations({ host: '127.0.0.1', port: 0, unready, registry: new Registry() });
}

async function page(path: string): Promise<[number, string]> {
  const answer = await fetch(`http://127.0.0.1:${operations.port}${path}`);
  return [answer.status, await answer.text()];
}

test('says that it lives, and whether it does its work', async () => {
  let unready: string | null = null;
  await start(() => unready);
  expect(await page('/healthz')).toEqual([200, 'ok\n']);
  expect(await page('/readyz')).toEqual([200, 'ok\n']);
  unready = 'the core is away';
  expect(await page('/readyz')).toEqual([503, 'the core is away\n']);
  expect(await page('/healthz')).toEqual([200, 'ok\n']);
  expect((await page('/'))[0]).toBe(404);
});

test('what has to be asked for first is waited for', async () => {
  await start(() => Promise.resolve('the core is away'));
  expect(await page('/readyz')).toEqual([503, 'the core is away\n']);
});
