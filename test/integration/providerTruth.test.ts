import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { providerTruth } from '../../cli/operate/verify/providerTruth.ts';
import { connectFlorin, uuidv7 } from '../../client/index.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import { connectPayments, openShop } from '../support/payments/client.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';

type Line = Record<string, string | number>;

let processes: PaymentProcesses;
let liar: Server | undefined;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const { target } = processes.core;
  const opening = connectPayments({ target });
  const { book, merchant: merchantId } = await openShop(opening, 'shop');
  opening.close();
  const florin = connectFlorin({ target });
  const pay = async (token: string) => {
    const paymentMethod = { type: PaymentMethodType.CARD, token };
    const amount = { minorUnits: 2_000n, asset: 'EUR' };
    const payment = { id: uuidv7(), merchantId, amount, paymentMethod, confirm: true };
    await florin.paymentIntents.createPaymentIntent(book, payment, { waitMs: 20_000 });
    return payment.id;
  };
  const paid = await Promise.all(['pm_card_visa', 'pm_card_visa', 'pm_card_visa'].map(pay));
  await pay('pm_card_chargeDeclined');
  await florin.refunds.createRefund(
    book,
    { id: uuidv7(), paymentIntentId: paid[0], amount: 500n },
    { waitMs: 20_000 },
  );
  florin.close();
});

afterAll(async () => {
  liar?.close();
  await processes?.stop();
});

/** The simulator's report with changes of ours, at an address of its own. */
async function lying(change: (lines: Line[]) => Line[]): Promise<string> {
  const answer = await fetch(`${processes.simulator.url}/v1/report?limit=1000`);
  const { data } = (await answer.json()) as { data: Line[] };
  const body = JSON.stringify({ data: change(data) });
  liar?.close();
  liar = createServer((_, response) => void response.end(body));
  await new Promise<void>((resolve) => void liar!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
}

const compared = (simulator: string) =>
  providerTruth({ urls: [processes.core.databaseUrl], simulator, eventsMs: 0 });

test('a provider of which the books tell the truth is found to agree', async () => {
  expect(await compared(processes.simulator.url)).toEqual({ operations: 5, findings: [] });
});

test.each<[string, (lines: Line[]) => Line[], string]>([
  [
    'another amount',
    ([first, ...rest]) => [{ ...first, amount: '1999' }, ...rest],
    'the provider did 1999 EUR',
  ],
  [
    'another currency',
    ([first, ...rest]) => [{ ...first, currency: 'JPY' }, ...rest],
    'the provider did 2000 JPY',
  ],
  [
    'something else',
    ([first, ...rest]) => [{ ...first, kind: 'capture' }, ...rest],
    'the books call it sale',
  ],
  [
    'nothing, but declined it',
    ([first, ...rest]) => [{ ...first, status: 'declined' }, ...rest],
    'the books say that it was done, the provider says declined',
  ],
  ['nothing', ([, ...rest]) => rest, 'the provider does not know it'],
  [
    'what was never asked',
    ([first, ...rest]) => [first, ...rest, { ...first, reference: uuidv7() }],
    'no journal says so',
  ],
  [
    'what was declined',
    (lines) => lines.map((line) => ({ ...line, status: 'succeeded' })),
    'the provider did it, the books say failed',
  ],
])('a provider that did %s is found', async (_what, change, said) => {
  const { findings } = await compared(await lying(change));
  expect(findings).toEqual([expect.stringContaining(said)]);
});

test('where no simulator answers nothing is said to agree', async () => {
  await expect(compared('http://127.0.0.1:9')).rejects.toThrow('no payment simulator answers');
});
