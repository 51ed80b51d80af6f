import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needs } from '../../../test/support/needs.ts';
import { freePort } from '../../../test/support/ports.ts';
import { PATIENT, authorization, newId, onto } from '../contract/calls.ts';
import { StripeAdapter } from './adapter.ts';

/** The one that this adapter was tried with; a later one may know a later API. */
const VERSION = 'v0.203.0';
const MODULE = `github.com/stripe/stripe-mock@${VERSION}`;
const root = resolve(import.meta.dirname, '../../..');
/** What Go brings is kept beside what npm brings. */
const folder = join(root, 'node_modules', '.cache', 'florin-stripe-mock', VERSION);
const INSTALL_MS_MAX = 300_000;
const START_MS_MAX = 20_000;

async function run(command: string, args: readonly string[], env: Record<string, string>): Promise<void> {
  const child = spawn(command, args, { env: { ...process.env, ...env } });
  let all = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (all += chunk));
  const code = await new Promise((settle, reject) => child.once('error', reject).once('close', settle));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${all}`);
}

/** False where it cannot be had: a machine without the network has nothing to try. */
async function installed(): Promise<boolean> {
  if (existsSync(join(folder, 'stripe-mock'))) return true;
  try {
    await mkdir(folder, { recursive: true });
    await run('go', ['install', MODULE], { GOBIN: folder });
    return true;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.log(`SKIPPED-NEEDS: stripe-mock (${String(error).split('\n')[0]})`);
    return false;
  }
}

interface Seen {
  readonly request: string;
  readonly status: number;
  readonly body: string;
}

/**
 * Stands between adapter and stripe-mock, which checks every request against Stripe's own description of its API, and
 * answers with fixtures that know nothing of what was asked before: so what it says of states is filled in here.
 */
async function between(target: number): Promise<{
  url: string;
  seen: Seen[];
  /** Laid over the objects that stripe-mock answers with. */
  overlay: Record<string, object>;
  close: () => Promise<void>;
}> {
  const seen: Seen[] = [];
  const overlay: Record<string, object> = {};
  const server = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const onward = httpRequest({ host: '127.0.0.1', port: target, method, path: url, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const status = answer.statusCode ?? 0;
        seen.push({ request: `${method} ${url?.split('?')[0]}`, status, body });
        const object = JSON.parse(body) as { object?: string };
        outgoing.writeHead(status, { 'content-type': 'application/json' });
        outgoing.end(JSON.stringify({ ...object, ...overlay[object.object ?? ''] }));
      });
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const close = (): Promise<void> => {
    server.closeAllConnections();
    return new Promise((settle) => server.close(() => settle()));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, overlay, close };
}

describe.runIf(needs('go'))('against stripe-mock', () => {
  let mock: ChildProcess | undefined;
  let proxy: Awaited<ReturnType<typeof between>> | undefined;
  let adapter: StripeAdapter | undefined;

  beforeAll(async () => {
    if (!(await installed())) return;
    const [port, httpsPort] = [await freePort(), await freePort()];
    const args = [
      '-http-port',
      String(port),
      '-https-port',
      String(httpsPort),
      '-strict-version-check=false',
    ];
    mock = spawn(join(folder, 'stripe-mock'), args, { stdio: 'ignore' });
    await listening(port);
    proxy = await between(port);
    const { url } = proxy;
    adapter = new StripeAdapter({
      url,
      secretKey: 'sk_test_123',
      webhookSecrets: [],
      returnUrl: 'https://a.example',
    });
  }, INSTALL_MS_MAX);

  afterAll(async () => {
    adapter?.close();
    await proxy?.close();
    mock?.kill();
  });

  async function listening(port: number): Promise<void> {
    const until = performance.now() + START_MS_MAX;
    while (performance.now() < until) {
      const isThere = await fetch(`http://127.0.0.1:${port}`).then(
        () => true,
        () => false,
      );
      if (isThere) return;
      await new Promise((settle) => setTimeout(settle, 50));
    }
    throw new Error('stripe-mock does not listen');
  }

  /** What every test of this file needs, or undefined where stripe-mock is not to be had. */
  function ready(intent: object) {
    if (adapter === undefined || proxy === undefined) return undefined;
    proxy.seen.length = 0;
    for (const name of Object.keys(proxy.overlay)) delete proxy.overlay[name];
    proxy.overlay.payment_intent = intent;
    return { adapter, seen: proxy.seen, overlay: proxy.overlay };
  }

  const asked = (seen: readonly Seen[]): string[] =>
    seen.map(({ request }) => request.replaceAll(/\/(pi|re)_\w+/g, '/:id'));
  const refusals = (seen: readonly Seen[]): Seen[] => seen.filter(({ status }) => status !== 200);

  test('an authorisation and a sale are what Stripe’s description allows', async (context) => {
    for (const capture of [false, true]) {
      const call = authorization('pm_card_visa', { capture });
      const state = ready({
        status: capture ? 'succeeded' : 'requires_capture',
        amount_capturable: 10_050,
        amount_received: 10_050,
        capture_method: capture ? 'automatic' : 'manual',
        metadata: { florin_operation: call.operation },
      });
      if (state === undefined) return context.skip();
      expect(await state.adapter.authorize(call, PATIENT)).toMatchObject({
        done: 'succeeded',
        amount: 10_050n,
      });
      expect(refusals(state.seen)).toEqual([]);
      expect(asked(state.seen)).toEqual(['POST /v1/payment_intents', 'POST /v1/payment_intents/:id/confirm']);
    }
  });

  test('so are a capture, a void, a refund, and going on', async (context) => {
    const call = authorization('pm_card_visa');
    const metadata = { florin_operation: call.operation };
    const state = ready({ status: 'requires_capture', amount: 10_050, metadata });
    if (state === undefined) return context.skip();
    const { seen, overlay, adapter: stripe } = state;
    await stripe.continue({ operation: call.operation, providerReference: 'pi_123', returned: '' }, PATIENT);
    await stripe.capture(onto(call, 'pi_123'), PATIENT);
    await stripe.void(onto(call, 'pi_123'), PATIENT);
    overlay.payment_intent = { status: 'succeeded', metadata };
    const refund = onto(call, 'pi_123', { amount: 30n });
    overlay.refund = { amount: 30, metadata: { florin_operation: refund.operation } };
    expect(await stripe.refund(refund, PATIENT)).toMatchObject({ done: 'succeeded', amount: 30n });
    expect(refusals(seen)).toEqual([]);
    expect(asked(seen)).toEqual([
      'GET /v1/payment_intents/:id',
      'POST /v1/payment_intents/:id/capture',
      'GET /v1/payment_intents/:id',
      'POST /v1/payment_intents/:id',
      'POST /v1/payment_intents/:id/cancel',
      'GET /v1/payment_intents/:id',
      'POST /v1/payment_intents/:id',
      'POST /v1/refunds',
    ]);
  });

  test('so are questions, and what closes a reference', async (context) => {
    const operation = newId();
    const state = ready({ metadata: { florin_operation: operation, florin_closed: 'true' } });
    if (state === undefined) return context.skip();
    const { seen, overlay, adapter: stripe } = state;
    for (const kind of ['authorize', 'capture', 'void', 'refund'] as const)
      for (const providerReference of ['', kind === 'refund' ? 're_123' : 'pi_123'])
        await stripe.query({ operation, kind, providerReference }, PATIENT);
    await stripe.query({ operation, kind: 'refund', providerReference: 'pi_123' }, PATIENT);
    overlay.search_result = { data: [] };
    overlay.list = { data: [] };
    const outcome = await stripe.void(onto({ ...authorization('pm_card_visa'), operation }, ''), PATIENT);
    expect(outcome).toMatchObject({ done: 'declined', code: 'operation_not_allowed' });
    expect(refusals(seen)).toEqual([]);
    expect(new Set(asked(seen))).toEqual(
      new Set([
        'GET /v1/payment_intents/search',
        'GET /v1/payment_intents',
        'GET /v1/payment_intents/:id',
        'GET /v1/refunds',
        'GET /v1/refunds/:id',
        'POST /v1/payment_intents',
        'POST /v1/payment_intents/:id/cancel',
      ]),
    );
  });

  test('so is the list of events, at its beginning and behind an event in either direction', async (context) => {
    const state = ready({});
    if (state === undefined) return context.skip();
    const { seen, overlay, adapter: stripe } = state;
    for (const cursor of ['', 'evt_123', 'evt_123 evt_122'])
      expect(await stripe.listEvents({ cursor, nowMs: 1_800_000_000_000 }, PATIENT)).toMatchObject({
        done: 'listed',
      });
    overlay.list = { data: [] };
    expect(await stripe.listEvents({ cursor: '', nowMs: 1_800_000_000_000 }, PATIENT)).toMatchObject({
      done: 'listed',
      events: [],
      cursor: '',
    });
    expect(refusals(seen)).toEqual([]);
    expect(new Set(asked(seen))).toEqual(new Set(['GET /v1/events']));
  });

  test('control: a field that Stripe does not describe is refused', async (context) => {
    const state = ready({});
    if (state === undefined || proxy === undefined) return context.skip();
    const answer = await fetch(`${proxy.url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_123', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'amount=100&currency=eur&florin=1',
    });
    expect(answer.status).toBe(400);
  });
});
