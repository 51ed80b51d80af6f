import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, readdir, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../test/support/embedded.ts';
import { freePort } from '../../../../test/support/ports.ts';
import { paymentId } from './model.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from './simulator.ts';

const SECRET = 'a secret of the tests';
const root = resolve(import.meta.dirname, '../../../..');
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function simulator(more: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const started = await startSimulator({ port: 0, file: ':memory:', secret: SECRET, ...more });
  cleanUps.push(() => started.stop());
  return started;
}

interface Answer {
  readonly status: number;
  // Tests look into whatever came back.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

const JSON_TYPE = { 'content-type': 'application/json' };

async function post(url: string, body: object, key: string = randomUUID()): Promise<Answer> {
  const headers = { ...JSON_TYPE, 'idempotency-key': key };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

async function setFaults(url: string, faults: object): Promise<void> {
  const init = { method: 'PUT', headers: JSON_TYPE, body: JSON.stringify(faults) };
  expect((await fetch(`${url}/control/faults`, init)).status).toBe(200);
}

async function get(url: string): Promise<Answer> {
  const answer = await fetch(url);
  return { status: answer.status, body: await answer.json() };
}

const sale = { token: 'pm_card_visa', amount: '10000', currency: 'EUR', capture: true };
const authorization = { ...sale, capture: false };

describe('keys', () => {
  test('give the same request the same answer, in the same bytes, also after a restart', async () => {
    const folder = await temporaryFolder();
    cleanUps.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'simulator.sqlite');
    const key = randomUUID();
    const first = await simulator({ file });
    const answer = await post(`${first.url}/v1/payments`, sale, key);
    expect(answer.status).toBe(200);
    expect(await post(`${first.url}/v1/payments`, sale, key)).toEqual(answer);
    await first.stop();
    const second = await simulator({ file });
    expect(await post(`${second.url}/v1/payments`, sale, key)).toEqual(answer);
    expect((await get(`${second.url}/v1/report`)).body.data).toHaveLength(1);
  });

  test('refuse another request, whatever differs, and nothing is done', async () => {
    const { url } = await simulator();
    const key = randomUUID();
    await post(`${url}/v1/payments`, authorization, key);
    const others = [
      post(`${url}/v1/payments`, { ...authorization, amount: '10001' }, key),
      post(`${url}/v1/payments`, { ...authorization, token: 'pm_card_amex' }, key),
      post(`${url}/v1/payments/${paymentId(key)}/voids`, { amount: '10000', currency: 'EUR' }, key),
    ];
    for (const { status, body } of await Promise.all(others)) {
      expect([status, body.error.code]).toEqual([409, 'key_reused']);
      expect(body.error.nothing_done).toBeUndefined();
    }
    expect((await get(`${url}/v1/report`)).body.data).toHaveLength(1);
  });

  test('keep a decline as well', async () => {
    const { url } = await simulator();
    const key = randomUUID();
    const request = { ...sale, token: 'pm_card_chargeDeclinedLostCard' };
    const answer = await post(`${url}/v1/payments`, request, key);
    expect([answer.status, answer.body.code]).toEqual([402, 'lost_card']);
    expect(await post(`${url}/v1/payments`, request, key)).toEqual(answer);
  });

  test('of fifty requests at once are one charge', async () => {
    const { url } = await simulator();
    const key = randomUUID();
    const all = await Promise.all(Array.from({ length: 50 }, () => post(`${url}/v1/payments`, sale, key)));
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
    expect((await get(`${url}/v1/settlement`)).body.data).toHaveLength(1);
  });
});

describe('a request that cannot be understood', () => {
  test.each([
    [{ ...sale, amount: 10_000 }, 'malformed'],
    [{ ...sale, amount: '0' }, 'malformed'],
    [{ ...sale, amount: '-5' }, 'malformed'],
    [{ ...sale, amount: '1.5' }, 'malformed'],
    [{ ...sale, amount: '1000000000000' }, 'amount_not_allowed'],
    [{ ...sale, currency: 'eur' }, 'currency_not_supported'],
    [{ ...sale, currency: 'XXX' }, 'currency_not_supported'],
    [{ ...sale, capture: 'yes' }, 'malformed'],
    [{ ...sale, colour: 'blue' }, 'malformed'],
    [{ ...sale, return_url: 'javascript:alert(1)' }, 'malformed'],
    [{ ...sale, token: '' }, 'malformed'],
    [[], 'malformed'],
  ])('says that nothing was done, and is not remembered: %j', async (body, code) => {
    const { url } = await simulator();
    const key = randomUUID();
    const answer = await post(`${url}/v1/payments`, body, key);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({ code, nothing_done: true });
    expect((await post(`${url}/v1/payments`, sale, key)).status).toBe(200);
  });

  test('needs a UUID for its key, JSON for its type, and an end', async () => {
    const { url } = await simulator();
    expect((await post(`${url}/v1/payments`, sale, 'monday')).status).toBe(400);
    const form = await fetch(`${url}/v1/payments`, {
      method: 'POST',
      body: new URLSearchParams(sale as unknown as Record<string, string>),
      headers: { 'idempotency-key': randomUUID() },
    });
    expect(form.status).toBe(415);
    expect((await post(`${url}/v1/payments`, { ...sale, token: 'x'.repeat(20_000) })).status).toBe(413);
    expect((await get(`${url}/v1/nothing`)).status).toBe(404);
    expect((await get(`${url}/v1/report?limit=1001`)).status).toBe(400);
  });
});

describe('the books of the provider', () => {
  test('report each operation with what it cost, and settle each movement of money', async () => {
    const { url } = await simulator({
      delays: { disputeMs: 30, refundFailureMs: 30, debitReturnMs: 30, lateSuccessMs: 30 },
    });
    const key = randomUUID();
    const at = `${url}/v1/payments/${paymentId(key)}`;
    await post(`${url}/v1/payments`, { ...authorization, token: 'pm_card_refundFail' }, key);
    await post(`${at}/increments`, { amount: '2000', currency: 'EUR' });
    await post(`${at}/captures`, { amount: '7000', currency: 'EUR', final: false });
    await post(`${at}/captures`, { amount: '3000', currency: 'EUR', final: true });
    await post(`${at}/refunds`, { amount: '4000', currency: 'EUR' });
    expect((await post(`${at}/captures`, { amount: '1', currency: 'EUR', final: true })).body.code).toBe(
      'already_captured',
    );
    await expect
      .poll(async () => (await get(`${url}/v1/settlement`)).body.data.at(-1).type)
      .toBe('refund_failure');
    const report = (await get(`${url}/v1/report`)).body.data as Record<string, string>[];
    expect(
      report.map(({ kind, status, decimal, cost, code }) => [kind, status, decimal, cost, code]),
    ).toEqual([
      ['authorize', 'succeeded', '100.00', '0', ''],
      ['increment', 'succeeded', '20.00', '0', ''],
      ['capture', 'succeeded', '70.00', '94', ''],
      ['capture', 'succeeded', '30.00', '46', ''],
      ['refund', 'declined', '40.00', '0', 'refund_failed'],
      ['capture', 'declined', '0.01', '0', 'already_captured'],
    ]);
    const lines = (await get(`${url}/v1/settlement`)).body.data as Record<string, string>[];
    expect(lines.map(({ type, credit, debit, fee }) => [type, credit, debit, fee])).toEqual([
      ['charge', '7000', '0', '94'],
      ['charge', '3000', '0', '46'],
      ['refund', '0', '4000', '0'],
      ['refund_failure', '4000', '0', '0'],
    ]);
    expect((await get(at)).body).toMatchObject({
      authorized: '12000',
      captured: '10000',
      released: '2000',
      refunded: '0',
    });
    const second = await get(`${url}/v1/report?after=4&limit=1`);
    expect(second.body.data.map(({ number }: { number: number }) => number)).toEqual([5]);
  });

  test('have money at once for the card that has it so, for others two days later', async () => {
    const { url } = await simulator();
    await post(`${url}/v1/payments`, sale);
    await post(`${url}/v1/payments`, { ...sale, token: 'pm_card_bypassPending' });
    const lines = (await get(`${url}/v1/settlement`)).body.data as Record<string, number>[];
    expect(lines.map((line) => line.available_at_ms - line.created_ms)).toEqual([172_800_000, 0]);
  });

  test('let an authorisation lapse after seven days', async () => {
    let nowMs = 1_800_000_000_000;
    const { url } = await simulator({ clock: () => nowMs });
    const key = randomUUID();
    const { body } = await post(`${url}/v1/payments`, authorization, key);
    expect(body.expires_at_ms - nowMs).toBe(7 * 86_400_000);
    nowMs = body.expires_at_ms;
    const capture = { amount: '10000', currency: 'EUR', final: true };
    const late = await post(`${url}/v1/payments/${paymentId(key)}/captures`, capture);
    expect([late.status, late.body.code]).toEqual([402, 'authorization_expired']);
  });

  test('let a challenge lapse after an hour', async () => {
    let nowMs = 1_800_000_000_000;
    const { url } = await simulator({ clock: () => nowMs });
    const key = randomUUID();
    const first = await post(`${url}/v1/payments`, { ...sale, token: 'pm_card_authenticationRequired' }, key);
    expect(first.body.status).toBe('requires_action');
    nowMs += 3_600_000;
    expect((await get(`${url}/v1/operations/${key}`)).body.code).toBe('challenge_expired');
    expect((await fetch(first.body.redirect_url as string)).status).toBe(404);
  });

  test('open, win and lose a dispute on demand', async () => {
    const { url } = await simulator();
    const key = randomUUID();
    const dispute = (move: string) => post(`${url}/control/payments/${paymentId(key)}/dispute`, { move });
    expect((await dispute('opened')).status).toBe(409);
    await post(`${url}/v1/payments`, sale, key);
    for (const move of ['opened', 'won']) expect((await dispute(move)).status).toBe(200);
    const lines = (await get(`${url}/v1/settlement`)).body.data as Record<string, string>[];
    expect(lines.slice(1).map(({ type, credit, debit, fee }) => [type, credit, debit, fee])).toEqual([
      ['dispute', '0', '10000', '1500'],
      ['dispute_won', '10000', '0', '0'],
    ]);
    const events = (await get(`${url}/v1/events`)).body.data as { event: { type: string } }[];
    expect(events.map(({ event }) => event.type)).toEqual(['captured', 'dispute_opened', 'dispute_won']);
  });
});

describe('the pages', () => {
  const NUMBER = '4000000000009995';

  test('turn a card into a token, and its number is in no answer, no file and no line of the log', async () => {
    const folder = await temporaryFolder();
    cleanUps.push(() => rm(folder, { recursive: true }));
    const logged: unknown[] = [];
    const started = await simulator({
      file: join(folder, 'simulator.sqlite'),
      log: (...line) => logged.push(line),
    });
    const { url } = started;
    const type = async (number: string, more = {}): Promise<[number, string]> => {
      const form = new URLSearchParams({ number, expiry: '12/34', cvc: '123', ...more });
      const answer = await fetch(`${url}/hosted`, { method: 'POST', body: form });
      return [answer.status, await answer.text()];
    };
    const [status, page] = await type(`${NUMBER.slice(0, 4)} ${NUMBER.slice(4)}`);
    expect(status).toBe(200);
    const token = /data-token="(pm_[\w-]{24})" data-brand="visa" data-last4="9995"/.exec(page)?.[1];
    const answer = await post(`${url}/v1/payments`, { ...sale, token });
    expect([answer.status, answer.body.code]).toEqual([402, 'insufficient_funds']);
    const refused = [
      await type('4242424242424241'),
      await type('4111111111111111'),
      await type('<script>'),
      await type(NUMBER, { cvc: '1' }),
      await type(NUMBER, { expiry: '13/34' }),
    ];
    expect(refused.map(([code]) => code)).toEqual([422, 422, 422, 422, 422]);
    await post(`${url}/v1/payments`, { ...sale, token: NUMBER });
    await started.stop();
    const files = await readdir(folder);
    expect(files).toContain('simulator.sqlite');
    const kept = await Promise.all(files.map((name) => readFile(join(folder, name), 'latin1')));
    const seen = [page, ...refused.map(([, text]) => text), JSON.stringify(logged), ...kept].join();
    // A control: the token would be found.
    expect(seen).toContain(token);
    for (const number of [NUMBER, '4242424242424241', '4111111111111111', '<script>alert'])
      expect(seen).not.toContain(number);
  });

  test('need nothing from anywhere, and may do nothing else', async () => {
    const { url } = await simulator();
    const answer = await fetch(`${url}/hosted`);
    const page = await answer.text();
    expect(page).not.toMatch(/(src|href)=|@import|url\(/);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('send the payer back with what came of the challenge, once', async () => {
    const { url } = await simulator();
    const key = randomUUID();
    const request = {
      ...sale,
      token: 'pm_card_threeDSecure2Required',
      return_url: 'https://shop.example/b?c=1',
    };
    const { body } = await post(`${url}/v1/payments`, request, key);
    expect(await (await fetch(body.redirect_url as string)).text()).toContain('100.00 EUR');
    const press = (button: string) =>
      fetch(`${body.redirect_url}/${button}`, { method: 'POST', redirect: 'manual' });
    const back = await press('complete');
    expect(back.status).toBe(303);
    expect(back.headers.get('location')).toBe(
      `https://shop.example/b?c=1&payment=${paymentId(key)}&challenge=completed`,
    );
    expect((await press('fail')).status).toBe(409);
    expect((await press('anything')).status).toBe(404);
    const done = await post(`${url}/v1/payments/${paymentId(key)}/continue`, {});
    expect([done.body.status, done.body.amount]).toEqual(['succeeded', '10000']);
  });
});

describe('webhooks', () => {
  /** Answers with the next of these, then with 200. */
  async function receiver(statuses: number[]): Promise<{ url: string; ids: string[]; server: Server }> {
    const ids: string[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        ids.push((JSON.parse(Buffer.concat(chunks).toString()) as { id: string }).id);
        response.writeHead(statuses.shift() ?? 200).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    });
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, ids, server };
  }

  const states = async (url: string): Promise<[string, number][]> =>
    (await get(`${url}/v1/events`)).body.data.map((one: { state: string; tries: number }) => [
      one.state,
      one.tries,
    ]);

  test('are sent again until they are taken, under the same id, also after a restart', async () => {
    const folder = await temporaryFolder();
    cleanUps.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'simulator.sqlite');
    const { url: webhookUrl, ids } = await receiver([500, 302]);
    const first = await simulator({ file, webhookUrl });
    await post(`${first.url}/v1/payments`, sale);
    await expect.poll(() => states(first.url)).toEqual([['waiting', 1]]);
    await first.stop();
    let nowMs = Date.now() + 1_500;
    const second = await simulator({ file, webhookUrl, clock: () => nowMs });
    await expect.poll(() => states(second.url)).toEqual([['waiting', 2]]);
    nowMs += 6_000;
    await post(`${second.url}/v1/payments`, { ...sale, token: 'pm_card_amex' });
    await expect
      .poll(() => states(second.url))
      .toEqual([
        ['delivered', 3],
        ['delivered', 1],
      ]);
    expect(new Set(ids).size).toBe(2);
    expect(ids).toHaveLength(4);
  });

  test('can be lost, and come out of order, when that is asked for', async () => {
    const { url: webhookUrl, ids } = await receiver([]);
    const { url } = await simulator({ webhookUrl });
    await setFaults(url, { webhook_lost: 1 });
    await post(`${url}/v1/payments`, sale);
    await setFaults(url, { webhook_reordered: 1 });
    await Promise.all(Array.from({ length: 20 }, () => post(`${url}/v1/payments`, sale)));
    await expect.poll(() => ids.length, { timeout: 3_000 }).toBe(20);
    const events = (await get(`${url}/v1/events`)).body.data as { state: string; event: { id: string } }[];
    expect(events[0].state).toBe('kept');
    expect(ids).not.toEqual(events.slice(1).map(({ event }) => event.id));
  });
});

test('an outage refuses connections and ends by itself', async () => {
  const { url } = await simulator();
  expect((await post(`${url}/control/outage`, { for_ms: 400 })).status).toBe(202);
  await expect
    .poll(() => fetch(`${url}/healthz`).catch((error: Error) => error.message))
    .toBe('fetch failed');
  await expect
    .poll(
      () =>
        fetch(`${url}/healthz`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 3_000 },
    )
    .toBe(200);
});

test('what was asked for is counted by kind, and timed only where somebody wants to know', async () => {
  const { url } = await simulator();
  const traffic = async () => (await get(`${url}/control/traffic`)).body;
  const key = randomUUID();
  await post(`${url}/v1/payments`, authorization, key);
  await post(`${url}/v1/payments/${paymentId(key)}/captures`, {
    amount: '10000',
    currency: 'EUR',
    final: true,
  });
  await get(`${url}/v1/operations/${key}`);
  expect(await traffic()).toEqual({ requests: { payments: 1, captures: 1, query: 1 }, times_ms: [] });
  const init = { method: 'PUT', headers: JSON_TYPE, body: JSON.stringify({ times_kept: 1 }) };
  expect((await fetch(`${url}/control/traffic`, init)).status).toBe(200);
  await setFaults(url, { latency_ms: { p50: 50, p95: 50 } });
  const timed = randomUUID();
  await post(`${url}/v1/payments`, sale, timed);
  await post(`${url}/v1/payments`, sale);
  const { requests, times_ms } = await traffic();
  expect(requests).toEqual({ payments: 2 });
  expect(times_ms).toEqual([[timed, expect.any(Number)]]);
  expect(times_ms[0][1]).toBeGreaterThanOrEqual(45);
});

test('a stop waits for answers under way, and takes no new request', async () => {
  const started = await simulator();
  const { url } = started;
  await setFaults(url, { latency_ms: { p50: 300, p95: 300 } });
  const open = post(`${url}/v1/payments`, sale);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await started.stop();
  expect((await open).status).toBe(200);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed');
});

describe('as a process', () => {
  async function start(dataDir: string, port: number, args: string[]) {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, FLORIN_DATA_DIR: dataDir, FLORIN_SIMULATOR_PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    child.stderr.resume();
    await expect
      .poll(() => output.join(''), { timeout: 10_000 })
      .toContain('The payment simulator is ready.');
    return child;
  }

  test.each([[['adapters/psp/simulator/server/main.ts']], [['cli/main.ts', 'simulator']]])(
    'it forgets nothing when it is killed, and ends in order when it is asked to: %j',
    async (args) => {
      const folder = await temporaryFolder();
      cleanUps.push(() => rm(folder, { recursive: true }));
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const killed = await start(folder, port, args);
      cleanUps.push(() => Promise.resolve(killed.kill('SIGKILL')));
      const keys = Array.from({ length: 50 }, () => randomUUID());
      const answers = await Promise.all(keys.map((key) => post(`${url}/v1/payments`, sale, key)));
      killed.kill('SIGKILL');
      await once(killed, 'exit');
      const again = await start(folder, port, args);
      cleanUps.push(() => Promise.resolve(again.kill('SIGKILL')));
      for (const [index, key] of keys.entries())
        expect(await post(`${url}/v1/payments`, sale, key)).toEqual(answers[index]);
      expect((await get(`${url}/v1/settlement`)).body.data).toHaveLength(50);
      again.kill('SIGTERM');
      expect(await once(again, 'exit')).toEqual([0, null]);
      expect((await readdir(folder)).toSorted()).toEqual(['simulator.secret', 'simulator.sqlite']);
    },
  );

  test('it ends when its launcher is killed', async () => {
    const folder = await temporaryFolder();
    cleanUps.push(() => rm(folder, { recursive: true }));
    const port = await freePort();
    const launcher = await start(folder, port, ['bin/florin.cjs', 'simulator']);
    const health = () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ status }) => status,
        () => 0,
      );
    expect(await health()).toBe(200);
    launcher.kill('SIGKILL');
    await expect.poll(health, { timeout: 5_000 }).toBe(0);
    // Its last file is closed by then or in a moment.
    await expect.poll(() => readdir(folder)).toHaveLength(2);
  });

  test('a port that is taken is told in one line', async () => {
    const { port } = await simulator();
    const folder = await temporaryFolder();
    cleanUps.push(() => rm(folder, { recursive: true }));
    const env = { ...process.env, FLORIN_DATA_DIR: folder, FLORIN_SIMULATOR_PORT: String(port) };
    const ended = await new Promise<[unknown, string]>((resolve) => {
      const args = ['adapters/psp/simulator/server/main.ts'];
      execFile(process.execPath, args, { cwd: root, env }, (error, _, stderr) =>
        resolve([error?.code, stderr]),
      );
    });
    expect(ended).toEqual([2, expect.stringMatching(/^florin: the port .* FLORIN_SIMULATOR_PORT .*\n$/)]);
  });
});
