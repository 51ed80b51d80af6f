import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connectFlorin } from '../../client/index.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { cashier } from '../support/payments/cashier.ts';
import { connectPayments, openShop, type PaymentsClient, type Shop } from '../support/payments/client.ts';
import { listRead } from '../support/payments/lists.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';

type Line = Record<string, string | number>;

const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

let processes: PaymentProcesses;
let client: PaymentsClient;
let shop: Shop;
let liar: Server | undefined;
const { paid, capture, refund, pay, standing } = cashier(() => ({ client, shop }));
const ARRIVES = { timeout: 30_000 };

beforeAll(async () => {
  processes = await startPaymentProcesses({ env: { FLORIN_PROVIDER_EVENTS_POLL_SECONDS: '1' } });
  const { simulator, core } = processes;
  client = connectPayments({ target: core.target, timeoutMs: 60_000 });
  shop = await openShop(client, 'shop', { settlementDays: 0 });
  await takeCodes(core.target, ['psp_receivable:simulator:EUR', 'expense:psp_fees:EUR']);
  const [sale, held, , returned] = await Promise.all([
    paid({ amount: 2_000n }),
    paid({ amount: 3_000n, manual: 'manual' }),
    pay({ token: 'pm_card_chargeDeclined' }),
    paid({ amount: 4_000n, token: 'pm_sim_debit_returned' }),
    paid({ amount: 5_000n, token: 'pm_sim_amount_mismatch' }),
  ]);
  await capture(held.id, { amount: 1_000n, final: false });
  await capture(held.id, { amount: 500n, final: true });
  await refund(sale.id, { amount: 300n });
  const { providerReference } = sale.attempts[0];
  await simulator.refundByHand(providerReference, { reference: 're_by_hand', amount: 200n });
  await simulator.dispute(held.attempts[0].providerReference, 'opened');
  await vi.waitFor(async () => {
    expect((await standing(sale.id)).counters?.refunded).toBe(500n);
    expect((await standing(held.id)).counters?.disputed).toBe(1_500n);
    expect((await standing(returned.id)).counters?.returned).toBe(4_000n);
  }, ARRIVES);
  await listRead(core.opsUrl);
}, 120_000);

afterAll(async () => {
  liar?.close();
  client?.close();
  await processes?.stop();
});

/** A caller has accounts of those names already, so that Florin's own are called otherwise. */
async function takeCodes(target: string, codes: readonly string[]): Promise<void> {
  const florin = connectFlorin({ target });
  try {
    const accounts = codes.map((code) => ({
      id: randomUUID(),
      code,
      asset: 'EUR',
      normalSide: NormalSide.DEBIT,
    }));
    await florin.accounts.createAccounts({ book: shop.book, accounts });
  } finally {
    florin.close();
  }
}

/** The simulator's report with changes of ours, at an address of its own. */
async function lying(change: (lines: Line[]) => Line[]): Promise<string> {
  liar?.close();
  liar = createServer((request, response) => {
    void fetch(`${processes.simulator.url}${request.url}`)
      .then((answer) => answer.json())
      .then((answer) => {
        const { data } = answer as { data: Line[] };
        response.end(JSON.stringify({ object: 'list', data: data.length === 0 ? data : change(data) }));
      });
  });
  await new Promise<void>((resolve) => void liar!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
}

interface Answer {
  readonly code: number;
  readonly lines: string[];
  readonly error: string;
}

function florin(args: readonly string[], simulator: string): Promise<Answer> {
  const { core } = processes;
  const env = {
    ...process.env,
    DATABASE_URL: core.databaseUrl,
    FLORIN_DATA_DIR: core.dataDir,
    FLORIN_PROVIDERS: 'simulator,bank_transfer',
    FLORIN_SIMULATOR_URL: simulator,
    FLORIN_BANK_FOLDER: core.dataDir,
    FLORIN_BANK_ACCOUNT: 'DE89370400440532013000/Chairs and more',
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, 'settlement', 'check', ...args], { env }, (error, out, err) => {
      const lines = out.trim().split('\n');
      resolve({ code: error === null ? 0 : Number(error.code), lines, error: err.trim() });
    });
  });
}

/** Of the day on which it began. */
async function check(simulator: string, ...more: string[]): Promise<Answer> {
  const answer = await fetch(`${processes.simulator.url}/v1/settlement?limit=1`);
  const { data } = (await answer.json()) as { data: { created_ms: number }[] };
  const day = new Date(data[0].created_ms).toISOString().slice(0, 10);
  return florin(['--provider', 'simulator', '--day', day, ...more], simulator);
}

test('the books say of a day what the provider’s report says, whatever kind of movement it was', async () => {
  const { code, lines, error } = await check(processes.simulator.url);
  expect(error).toBe('');
  expect(lines[0]).toMatch(/^simulator, \d{4}-\d\d-\d\d: \d lines, 4 payments: all agree$/);
  expect(lines.at(-1)).toMatch(/^ {2}EUR: the provider says (-?\d+ less \d+ in fees); the books say \1$/);
  expect(code).toBe(0);
});

test.each<[string, (lines: Line[]) => Line[], object]>([
  [
    'another amount',
    ([first, ...rest]) => [{ ...first, credit: '1999' }, ...rest],
    { provider: { gross: 1499 }, books: { gross: 1500 } },
  ],
  [
    'another fee',
    ([first, ...rest]) => [{ ...first, fee: '7' }, ...rest],
    { provider: { fee: 7 }, books: { fee: 34 } },
  ],
  ['no line of a payment', ([, ...rest]) => rest, { provider: { gross: -500 }, books: { gross: 1500 } }],
  [
    'a payment that is none of ours',
    ([first, ...rest]) => [
      first,
      ...rest,
      { ...first, reference: 'somebody', payment: 'pay_of_somebody', number: 99 },
    ],
    { book: null, payment_intent_id: null, provider_reference: 'pay_of_somebody' },
  ],
])('a report with %s is found', async (_what, change, difference) => {
  const isSale = ({ credit }: Line): boolean => credit === '2000';
  const sorted = (lines: Line[]): Line[] => [
    ...lines.filter(isSale),
    ...lines.filter((line) => !isSale(line)),
  ];
  const { code, lines } = await check(await lying((all) => change(sorted(all))), '--json');
  const told = JSON.parse(lines.at(-1) ?? '') as { ok: boolean; differences: object[] };
  expect(told.ok).toBe(false);
  expect(told.differences).toMatchObject([difference]);
  expect(code).toBe(1);
});

test('a report of which a line cannot be read, or that nobody answers with, agrees with nothing', async () => {
  const broken = await check(await lying(([first, ...rest]) => [{ ...first, fee: '-1' }, ...rest]));
  expect(broken.code).toBe(2);
  expect(broken.error).toContain('a line cannot be read');
  const away = await check('http://127.0.0.1:9');
  expect(away.code).toBe(2);
  expect(away.error).toContain('cannot be read: ECONNREFUSED');
});

test.each([
  [['--provider', 'simulator', '--day', '2026-02-30'], '--day is "2026-02-30"'],
  [['--provider', 'acme', '--day', '2026-02-28'], 'FLORIN_PROVIDERS has no "acme"'],
  [['--provider', 'bank_transfer', '--day', '2026-02-28'], 'has no settlement report'],
])('what cannot be checked is said: %s', async (args, said) => {
  const { code, error } = await florin(args, processes.simulator.url);
  expect(code).toBe(2);
  expect(error).toContain(said);
});
