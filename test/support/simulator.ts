import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.ts';

const PROGRAM = fileURLToPath(new URL('../../adapters/psp/simulator/server/main.ts', import.meta.url));
/** A start on this machine while the other tests run. */
const READY_MS_MAX = 30_000;
const PAGE = 1_000;

const DISPUTE_STATES = new Map<string, DisputeLine['state']>([
  ['dispute_opened', 'open'],
  ['dispute_won', 'won'],
  ['dispute_lost', 'lost'],
]);

/** An operation as the provider has it: the truth that the books are compared with. */
export interface ReportLine {
  readonly reference: string;
  readonly kind: string;
  /** 'succeeded', 'declined', 'pending' or 'requires_action'. */
  readonly status: string;
  /** "pay_..", of the payment that it acted on. */
  readonly payment: string;
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
  readonly cost: bigint;
  readonly code: string;
}

/** A movement of money as the provider settles it. */
export interface SettlementLine {
  readonly type: string;
  /** Of the operation that moved it; of a dispute, of the payment. */
  readonly reference: string;
  readonly currency: string;
  /** Minor units, each 0 or more. */
  readonly credit: bigint;
  readonly debit: bigint;
  readonly fee: bigint;
}

/** What a payer's bank has contested, as it stands. */
export interface DisputeLine {
  /** "dp_..", as the events name it. */
  readonly reference: string;
  readonly state: 'open' | 'won' | 'lost';
  /** Minor units. */
  readonly amount: bigint;
}

/** What a provider says of itself. */
export interface ProviderTruth {
  /** Every operation, in the order in which it was done. */
  report(): Promise<ReportLine[]>;
  /** Every movement of money, in order. */
  settlement(): Promise<SettlementLine[]>;
  /** Every dispute that it has told of, or will. */
  disputes(): Promise<DisputeLine[]>;
  /** Events whose webhook was not taken yet and is sent again. */
  untaken(): Promise<number>;
  /** Events of which it tells in its list alone: their webhooks were lost. */
  lost(): Promise<number>;
}

export interface TestSimulator extends ProviderTruth {
  /** "http://127.0.0.1:7430". */
  readonly url: string;
  readonly pid: number;
  /** SIGKILL, and gone when it settles. */
  kill(): Promise<void>;
  /** The same simulator again, after its end: same port, same database, no faults. */
  restart(): Promise<void>;
  /** Replaces what goes wrong: see adapters/psp/simulator/server/faults.ts. {}: nothing. */
  faults(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** What the payer's bank does to the payment "pay_.."; false where it is not the time for that. */
  dispute(payment: string, move: 'opened' | 'won' | 'lost'): Promise<boolean>;
  /** Refunds as somebody would at its own pages, under that reference; false where there is not so much. */
  refundByHand(payment: string, refund: { reference: string; amount: bigint }): Promise<boolean>;
  /** Ends it; everything is removed. */
  stop(): Promise<void>;
}

/** The payment simulator in a process of its own, with a database of its own. Without webhooks nobody hears of events. */
export async function startTestSimulator(webhooks?: {
  readonly url: string;
  readonly secret: string;
}): Promise<TestSimulator> {
  const dataDir = mkdtempSync(join(tmpdir(), 'florin-simulator-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const heard =
    webhooks === undefined
      ? {}
      : {
          FLORIN_SIMULATOR_WEBHOOK_URL: webhooks.url,
          FLORIN_SIMULATOR_WEBHOOK_SECRET: webhooks.secret,
        };
  let child: ChildProcess;
  const launch = async (): Promise<void> => {
    let printed = '';
    // Its standard input is a pipe of ours: it ends with us however we end.
    child = spawn(process.execPath, [PROGRAM, '--until-input-ends'], {
      env: { HOME: dataDir, FLORIN_DATA_DIR: dataDir, FLORIN_SIMULATOR_PORT: String(port), ...heard },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await untilAnswers(url, child, () => printed);
  };
  const endBy = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  await launch();
  return {
    url,
    get pid() {
      return child.pid!;
    },
    kill: () => endBy('SIGKILL'),
    restart: launch,
    faults: async (settings) => {
      const response = await fetch(`${url}/control/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(settings),
      });
      if (response.status !== 200) throw new Error(await response.text());
      await response.body?.cancel();
    },
    refundByHand: async (payment, { reference, amount }) => {
      const response = await fetch(`${url}/control/payments/${payment}/refund`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reference, amount: amount.toString() }),
      });
      await response.body?.cancel();
      if (response.status !== 200 && response.status !== 409)
        throw new Error(`a refund was answered with ${response.status}`);
      return response.status === 200;
    },
    dispute: async (payment, move) => {
      const response = await fetch(`${url}/control/payments/${payment}/dispute`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ move }),
      });
      await response.body?.cancel();
      if (response.status !== 200 && response.status !== 409)
        throw new Error(`a dispute was answered with ${response.status}`);
      return response.status === 200;
    },
    ...truthAt(url),
    stop: async () => {
      // Callers that still wait for an answer would keep it for as long as they do.
      await endBy('SIGKILL');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** What the simulator at an address says. */
export function truthAt(url: string): ProviderTruth {
  return {
    report: async () => {
      const rows = await everyRow<Record<keyof ReportLine, string>>(`${url}/v1/report`);
      return rows.map((row) => ({ ...row, amount: BigInt(row.amount), cost: BigInt(row.cost) }));
    },
    settlement: async () => {
      const rows = await everyRow<Record<keyof SettlementLine, string>>(`${url}/v1/settlement`);
      return rows.map((row) => ({
        ...row,
        credit: BigInt(row.credit),
        debit: BigInt(row.debit),
        fee: BigInt(row.fee),
      }));
    },
    disputes: async () => {
      const events = await everyRow<{ event: Record<'type' | 'dispute' | 'amount', string> }>(
        `${url}/control/events`,
      );
      const last = new Map<string, DisputeLine>();
      for (const { event } of events) {
        const state = DISPUTE_STATES.get(event.type);
        if (state === undefined) continue;
        const { dispute: reference, amount } = event;
        last.set(reference, { reference, state, amount: BigInt(amount) });
      }
      return [...last.values()];
    },
    untaken: async () => {
      const events = await everyRow<{ state: string }>(`${url}/control/events`);
      return events.filter(({ state }) => state === 'waiting').length;
    },
    lost: async () => {
      const events = await everyRow<{ state: string }>(`${url}/control/events`);
      return events.filter(({ state }) => state === 'kept').length;
    },
  };
}

async function everyRow<Row>(url: string): Promise<Row[]> {
  const rows: (Row & { number: number })[] = [];
  for (;;) {
    const response = await fetch(`${url}?after=${rows.at(-1)?.number ?? 0}&limit=${PAGE}`);
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
    const { data } = (await response.json()) as { data: (Row & { number: number })[] };
    rows.push(...data);
    if (data.length < PAGE) return rows;
  }
}

async function untilAnswers(url: string, child: ChildProcess, printed: () => string): Promise<void> {
  const until = performance.now() + READY_MS_MAX;
  while (performance.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the simulator ended while starting:\n${printed()}`);
    const response = await fetch(`${url}/healthz`).catch(() => null);
    await response?.body?.cancel();
    if (response?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the simulator was not ready in time:\n${printed()}`);
}
