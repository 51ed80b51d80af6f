import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import type { RawWebhook } from '../../../core/processes/psp.ts';
import { freePort } from '../../../test/support/ports.ts';
import { describePspContract } from '../contract/contract.ts';
import { PATIENT, authorization, authorized, onto, settled } from '../contract/calls.ts';
import type { Driver, Subject, Truth } from '../contract/subject.ts';
import { SimulatorAdapter } from './adapter.ts';
import { signatureOf } from './server/signature.ts';
import { type Simulator, startSimulator } from './server/simulator.ts';

const SECRET = 'a secret of the tests';
const EVENT_MS_MAX = 5_000;

/** Where the simulator's webhooks arrive. */
class Receiver {
  readonly #server: Server;
  readonly webhooks: (RawWebhook & { event: { operation: string; type: string } })[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        const event = JSON.parse(body.toString()) as { operation: string; type: string };
        this.webhooks.push({ body, headers, event });
        response.end();
      });
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhooks`;
  }

  async wait(operation: string, type: string, count = 1): Promise<RawWebhook> {
    const until = performance.now() + EVENT_MS_MAX;
    while (performance.now() < until) {
      const found = this.webhooks.filter(({ event }) => event.operation === operation && event.type === type);
      if (found.length >= count) return { body: found[0].body, headers: found[0].headers };
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no webhook "${type}" about ${operation}`);
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface ReportLine {
  readonly number: number;
  readonly reference: string;
  readonly kind: Truth['kind'];
  readonly status: string;
  readonly decimal: string;
  readonly currency: string;
}

async function report(url: string): Promise<ReportLine[]> {
  const lines: ReportLine[] = [];
  for (;;) {
    const answer = await fetch(`${url}/v1/report?limit=1000&after=${lines.at(-1)?.number ?? 0}`);
    const { data } = (await answer.json()) as { data: ReportLine[] };
    lines.push(...data);
    if (data.length === 0) return lines;
  }
}

function driverOf(simulator: Simulator, receiver: Receiver): Driver {
  const { url } = simulator;
  return {
    tokens: {
      succeeds: 'pm_card_visa',
      declines: [
        ['pm_card_chargeDeclined', 'generic_decline', 'soft'],
        ['pm_card_visa_chargeDeclined', 'generic_decline', 'soft'],
        ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds', 'soft'],
        ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'soft'],
        ['pm_card_chargeDeclinedLostCard', 'lost_card', 'hard'],
        ['pm_card_chargeDeclinedStolenCard', 'stolen_card', 'hard'],
        ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'hard'],
        ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'hard'],
        ['pm_card_radarBlock', 'fraudulent', 'hard'],
        ['pm_there_is_no_such_token', 'invalid_account', 'hard'],
      ],
      challenges: 'pm_card_threeDSecure2Required',
      timeoutThenSuccess: 'pm_sim_timeout_then_success',
      neverArrives: 'pm_sim_timeout_never_arrived',
    },
    exponents: [
      { currency: 'JPY', amount: 1_050n, decimal: '1050' },
      { currency: 'EUR', amount: 1_050n, decimal: '10.50' },
      { currency: 'KWD', amount: 1_050n, decimal: '1.050' },
      { currency: 'ISK', amount: 7n, decimal: '7' },
      { currency: 'USD', amount: 7n, decimal: '0.07' },
      { currency: 'TND', amount: 7n, decimal: '0.007' },
    ],
    truth: async (operation) => {
      const line = (await report(url)).find(({ reference }) => reference === operation);
      if (line === undefined) return null;
      const { kind, decimal, currency } = line;
      const status = line.status === 'succeeded' || line.status === 'declined' ? line.status : 'open';
      return { kind, status, decimal, currency };
    },
    successes: async (kind) =>
      (await report(url)).filter((line) => line.kind === kind && line.status === 'succeeded').length,
    challenge: async (page, result) => {
      expect((await fetch(page)).status).toBe(200);
      const path = result === 'pass' ? 'complete' : 'fail';
      const answer = await fetch(`${page}/${path}`, { method: 'POST', redirect: 'manual' });
      expect([200, 303]).toContain(answer.status);
    },
    fault: async (fault) => {
      const body = fault === 'none' ? {} : { [fault]: 1 };
      expect((await control(url, body)).status).toBe(200);
    },
    webhook: (operation, kind) => receiver.wait(operation, kind),
    sign: (body, nowMs) => ({
      body,
      headers: { 'simulator-signature': signatureOf(SECRET, Buffer.from(body).toString(), nowMs) },
    }),
  };
}

function control(url: string, faults: object): Promise<Response> {
  return fetch(`${url}/control/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(faults),
  });
}

const receiver = new Receiver();
const simulator = await startSimulator({
  port: 0,
  file: ':memory:',
  secret: SECRET,
  webhookUrl: await receiver.open(),
  delays: { disputeMs: 100, refundFailureMs: 100, debitReturnMs: 100, lateSuccessMs: 300 },
});
const adapter = new SimulatorAdapter({ url: simulator.url, secrets: ['the one before', SECRET] });
const driver = driverOf(simulator, receiver);

afterAll(async () => {
  adapter.close();
  await simulator.stop();
  await receiver.close();
});

describePspContract('the simulator', async (): Promise<Subject> => {
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  return {
    adapter,
    driver,
    unreachable: new SimulatorAdapter({ url: nowhere, secrets: [SECRET] }),
    tearDown: () => Promise.resolve(),
  };
});

test('a success after the cancel: the void is answered as done, and the money comes all the same', async () => {
  const call = authorization('pm_sim_success_after_cancel');
  const first = await adapter.authorize(call, PATIENT);
  expect(first.done).toBe('accepted');
  const reference = first.done === 'accepted' ? first.providerReference : '';
  expect((await adapter.void(onto(call, reference), PATIENT)).done).toBe('succeeded');
  await receiver.wait(call.operation, 'authorized');
  expect(await settled(adapter, call)).toMatchObject({ done: 'succeeded', amount: call.amount });
  expect((await adapter.void(onto(call, reference), PATIENT)).done).toBe('succeeded');
});

test('a mismatch: the provider says that it charged another amount, and so do its books', async () => {
  const call = authorization('pm_sim_amount_mismatch', { capture: true });
  expect(await adapter.authorize(call, PATIENT)).toMatchObject({ done: 'succeeded', amount: 10_049n });
  expect(await driver.truth(call.operation)).toMatchObject({ decimal: '100.49' });
});

test('a webhook before the response has arrived when the answer does', async () => {
  const { call } = await authorized(adapter, 'pm_sim_webhook_before_response');
  const told = receiver.webhooks.filter(({ event }) => event.operation === call.operation);
  expect(told.map(({ event }) => event.type)).toEqual(['authorized']);
});

test('a webhook twice is one event, delivered twice under one key', async () => {
  const { call } = await authorized(adapter, 'pm_sim_webhook_twice');
  await receiver.wait(call.operation, 'authorized', 2);
  const keys = receiver.webhooks
    .filter(({ event }) => event.operation === call.operation)
    .map((webhook) => adapter.parseWebhook(webhook)[0].dedupeKey);
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(1);
});

test('a slow answer takes five seconds, and a deadline before that leaves it unknown', async () => {
  const call = authorization('pm_sim_slow_5s');
  const began = performance.now();
  expect((await adapter.authorize(call, { deadlineMs: 1_000 })).done).toBe('unknown');
  expect((await adapter.authorize(authorization('pm_sim_slow_5s'), PATIENT)).done).toBe('succeeded');
  expect(performance.now() - began).toBeGreaterThan(5_900);
  expect(await settled(adapter, call)).toMatchObject({ done: 'succeeded' });
});

test('a refund that fails later was a success before; then the query says that it was not done', async () => {
  const { call, reference } = await authorized(adapter, 'pm_card_refundFail', { capture: true });
  const refund = onto(call, reference);
  expect((await adapter.refund(refund, PATIENT)).done).toBe('succeeded');
  const [event] = adapter.parseWebhook(await receiver.wait(refund.operation, 'refund_failed'));
  expect(event).toMatchObject({ kind: 'refund_failed', money: { amount: call.amount } });
  const asked = { operation: refund.operation, kind: 'refund', providerReference: reference } as const;
  expect(await adapter.query(asked, PATIENT)).toMatchObject({ done: 'declined', code: 'invalid_account' });
});

test('a payment that is disputed later tells so, over what was captured', async () => {
  const { call, reference } = await authorized(adapter, 'pm_card_createDispute');
  await adapter.capture(onto(call, reference, { amount: 6_000n }), PATIENT);
  const [event] = adapter.parseWebhook(await receiver.wait(call.operation, 'dispute_opened'));
  expect(event).toMatchObject({ kind: 'dispute_opened', money: { amount: 6_000n, currency: 'EUR' } });
});

test('a debit that the payer’s bank calls back tells so, with what that costs', async () => {
  const call = authorization('pm_sim_debit_returned', { capture: true });
  expect((await adapter.authorize(call, PATIENT)).done).toBe('succeeded');
  const [event] = adapter.parseWebhook(await receiver.wait(call.operation, 'debit_returned'));
  expect(event).toMatchObject({
    operation: call.operation,
    kind: 'debit_returned',
    money: { amount: call.amount, currency: call.currency },
    cost: 400n,
  });
  const asked = { operation: call.operation, kind: 'sale', providerReference: '' } as const;
  expect(await adapter.query(asked, PATIENT)).toMatchObject({ done: 'declined', code: 'insufficient_funds' });
});

test('a provider that is down cuts connections: unknown, since the request was written', async () => {
  await control(simulator.url, { down: true });
  const call = authorization('pm_card_visa');
  expect((await adapter.authorize(call, PATIENT)).done).toBe('unknown');
  await control(simulator.url, {});
  expect(await driver.truth(call.operation)).toBeNull();
});

test('what is done but not visible yet is not found, and found later', async () => {
  await control(simulator.url, { visible_after_ms: 600, lost_reply: 1 });
  const call = authorization('pm_card_visa');
  expect((await adapter.authorize(call, PATIENT)).done).toBe('unknown');
  await control(simulator.url, { visible_after_ms: 600 });
  const asked = { operation: call.operation, kind: 'authorize', providerReference: '' } as const;
  expect((await adapter.query(asked, PATIENT)).done).toBe('not_found');
  expect((await settled(adapter, call)).done).toBe('succeeded');
  await control(simulator.url, {});
});

test.each([
  ['pm_card_visa', 'visa'],
  ['pm_card_mastercard', 'mastercard'],
  ['pm_card_visa_chargeDeclinedLostCard', 'visa'],
  ['pm_card_visage', ''],
  ['pm_card_bypassPending', ''],
  ['pm_sim_slow_5s', ''],
])('the token %s tells the brand "%s"', (token, brand) => {
  expect(new SimulatorAdapter({ url: 'http://127.0.0.1:1', secrets: [] }).brandOf(token)).toBe(brand);
});
