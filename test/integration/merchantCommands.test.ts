import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TRIGGERS } from '../../cli/merchant/trigger.ts';
import { makeKey, startTestEdge, type TestEdge } from '../support/edge.ts';
import { connectPayments, openShop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { isSignedWith, type Receiver, startReceiver } from '../support/receiver.ts';

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

let processes: PaymentProcesses;
let edge: TestEdge;
let receiver: Receiver;
let asKey: string[];

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  const opening = connectPayments({ target });
  const shop = await openShop(opening, 'shop');
  opening.close();
  edge = await startTestEdge(target);
  receiver = await startReceiver();
  asKey = ['--key', (await makeKey(target, shop)).secret, '--url', edge.url];
});

afterAll(async () => {
  await receiver?.stop();
  await edge?.stop();
  await processes?.stop();
});

const florin = (...args: string[]) => promisify(execFile)(process.execPath, [cli, ...args, ...asKey]);

/** A command that runs until it is stopped; the lines that it has printed. */
function running(...args: string[]): { lines: string[]; stop: () => Promise<void> } {
  const child: ChildProcess = spawn(process.execPath, [cli, ...args, ...asKey], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  return {
    lines,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

test('each event that can be triggered happens, and is tailed and forwarded', async () => {
  const listening = running('listen', '--forward-to', `${receiver.url}/hooks`);
  await vi.waitFor(() => expect(listening.lines).toHaveLength(1), { timeout: 20_000 });
  const tailing = running('events', 'tail', '--limit', '0');
  const secret = listening.lines[0].replace('Webhooks are signed with ', '');
  for (const event of TRIGGERS) {
    const { stdout } = await florin('trigger', event);
    expect(stdout).toMatch(new RegExp(`^${event}: (pi|re|cus|pm|plink)_[0-9a-f]{32}\n$`));
  }
  await vi.waitFor(() => expect(receiver.types()).toEqual(expect.arrayContaining([...TRIGGERS])), {
    timeout: 30_000,
  });
  for (const received of receiver.received) expect(isSignedWith(secret, received)).toBe(true);
  await vi.waitFor(() => {
    const tailed = tailing.lines.map((line) => line.split('  ')[2]);
    for (const event of TRIGGERS) expect(tailed).toContain(event);
  });
  await Promise.all([listening.stop(), tailing.stop()]);
}, 120_000);

test('what is no event, no key and no edge is told in one line', async () => {
  await expect(florin('trigger', 'payment_intent.exploded')).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('florin: "payment_intent.exploded" cannot be made: it is one of'),
  });
  const run = promisify(execFile);
  await expect(
    run(process.execPath, [cli, 'trigger', 'customer.created', '--key', 'sk_test_x', '--url', edge.url]),
  ).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('api_key_invalid') });
  await expect(
    run(process.execPath, [cli, 'trigger', 'customer.created', '--key', 'k', '--url', 'http://127.0.0.1:1']),
  ).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('no edge at http://127.0.0.1:1') });
});
