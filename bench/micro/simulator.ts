/**
 * How many sales a second the payment simulator takes, in a process of its own:
 *   node bin/node.cjs bench/micro/simulator.ts [seconds] [callers] [adapter] [webhooks]
 * With "adapter" the calls go through the adapter instead of through sockets that only look for the end of an answer;
 * with "webhooks" each sale's event is sent as well, to this process.
 * Seen on 2 cores, callers included, 64 callers: 10,900 sales/s and 14,800 a CPU second of the simulator; through the
 * adapter 9,700/s; with webhooks 8,000/s and 2,800 webhooks/s beside them, the rest later.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SimulatorAdapter } from '../../adapters/psp/simulator/adapter.ts';
import type { AuthorizeCall } from '../../core/processes/psp.ts';

const [seconds = '5', callers = '64', ...more] = process.argv.slice(2);
const through = more.includes('adapter') ? 'adapter' : 'sockets';
const PORT = 7439;
/** Of Linux, on every architecture that Node is built for. */
const TICKS_A_SECOND = 100;

let webhooks = 0;
const receiver = createServer((request, response) => {
  request.resume();
  webhooks++;
  response.end();
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
const folder = await mkdtemp(join(tmpdir(), 'florin-simulator-'));
const child = spawn(process.execPath, ['adapters/psp/simulator/server/main.ts'], {
  cwd: join(import.meta.dirname, '../..'),
  env: {
    FLORIN_DATA_DIR: folder,
    FLORIN_SIMULATOR_PORT: String(PORT),
    FLORIN_SIMULATOR_WEBHOOK_URL: more.includes('webhooks') ? webhookUrl : '',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const url = `http://127.0.0.1:${PORT}`;
while (
  !(await fetch(`${url}/healthz`).then(
    () => true,
    () => false,
  ))
)
  await sleep(50);

const over = { isOver: false };
let done = 0;
const latencies: number[] = [];

function cpuSeconds(): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

async function throughAdapter(adapter: SimulatorAdapter): Promise<void> {
  while (!over.isOver) {
    const began = performance.now();
    const operation = randomUUID() as AuthorizeCall['operation'];
    const outcome = await adapter.authorize(
      {
        operation,
        payment: operation,
        token: 'pm_card_visa',
        amount: 10_000n,
        currency: 'EUR',
        method: 'card',
        capture: true,
        returnUrl: '',
        statementDescriptor: '',
      },
      { deadlineMs: 10_000 },
    );
    if (outcome.done !== 'succeeded') throw new Error(JSON.stringify(outcome));
    latencies.push(performance.now() - began);
    done++;
  }
}

async function throughSocket(): Promise<void> {
  const socket = connect(PORT, '127.0.0.1');
  socket.setNoDelay();
  const body = '{"token":"pm_card_visa","amount":"10000","currency":"EUR","capture":true}';
  while (!over.isOver) {
    const began = performance.now();
    socket.write(
      `POST /v1/payments HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n` +
        `idempotency-key: ${randomUUID()}\r\n\r\n${body}`,
    );
    if (!(await answered(socket)).startsWith('HTTP/1.1 200')) throw new Error('no success');
    latencies.push(performance.now() - began);
    done++;
  }
  socket.destroy();
}

/** The answers are small, and end as no header does. */
function answered(socket: Socket): Promise<string> {
  let text = '';
  return new Promise((resolve) => {
    const take = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!text.endsWith('}')) return;
      socket.off('data', take);
      resolve(text);
    };
    socket.on('data', take);
  });
}

const adapter = new SimulatorAdapter({ url, secrets: [], connections: Number(callers) });
const running = Array.from({ length: Number(callers) }, () =>
  through === 'adapter' ? throughAdapter(adapter) : throughSocket(),
);
// The first moments are for V8.
await sleep(2_000);
done = 0;
latencies.length = 0;
webhooks = 0;
const [began, cpuBefore] = [performance.now(), cpuSeconds()];
await sleep(Number(seconds) * 1_000);
const [took, cpu] = [(performance.now() - began) / 1_000, cpuSeconds() - cpuBefore];
over.isOver = true;
const figures = {
  through,
  callers: Number(callers),
  salesASecond: Math.round(done / took),
  salesACpuSecond: Math.round(done / cpu),
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
  webhooksASecond: Math.round(webhooks / took),
};
await Promise.all(running);
adapter.close();
child.kill('SIGTERM');
receiver.close();
receiver.closeAllConnections();
rmSync(folder, { recursive: true });
console.log(JSON.stringify(figures));

function percentile(share: number): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  return Number(sorted[Math.floor(sorted.length * share)].toFixed(2));
}
