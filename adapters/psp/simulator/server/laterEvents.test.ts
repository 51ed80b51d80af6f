import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { paymentId } from './model.ts';
import { type Simulator, startSimulator } from './simulator.ts';

const simulators: Simulator[] = [];
afterEach(async () => {
  for (const one of simulators.splice(0)) await one.stop();
});

/** A payment of 100.00, and what may be asked about it. */
async function charged() {
  const started = await startSimulator({ port: 0, file: ':memory:', secret: 'a secret of the tests' });
  simulators.push(started);
  const { url } = started;
  const key = randomUUID();
  const post = async (path: string, body: object, own: string = randomUUID()): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': own };
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    await answer.body?.cancel();
    return answer.status;
  };
  const sale = { token: 'pm_card_visa', amount: '10000', currency: 'EUR', capture: true };
  expect(await post('/v1/payments', sale, key)).toBe(200);
  return {
    dispute: (move: string) => post(`/control/payments/${paymentId(key)}/dispute`, { move }),
    refund: (amount: string) => post(`/v1/payments/${paymentId(key)}/refunds`, { amount, currency: 'EUR' }),
    lines: async () => {
      const { data } = (await (await fetch(`${url}/v1/settlement`)).json()) as {
        data: Record<string, string>[];
      };
      return data.slice(1).map(({ type, credit, debit }) => [type, credit, debit]);
    },
  };
}

describe('a dispute', () => {
  test('is opened once, and ends once after that', async () => {
    for (const end of ['won', 'lost']) {
      const { dispute } = await charged();
      expect([await dispute(end), await dispute('opened'), await dispute('opened')]).toEqual([409, 200, 409]);
      expect([await dispute(end), await dispute('won'), await dispute('lost')]).toEqual([200, 409, 409]);
    }
  });

  test('that is won brings back what was withdrawn, whatever the payer has got besides', async () => {
    const { dispute, refund, lines } = await charged();
    expect([await dispute('opened'), await refund('3000'), await dispute('won')]).toEqual([200, 200, 200]);
    expect(await lines()).toEqual([
      ['dispute', '0', '10000'],
      ['refund', '0', '3000'],
      ['dispute_won', '10000', '0'],
    ]);
  });

  test('is over what was not sent back before', async () => {
    const { dispute, refund, lines } = await charged();
    expect([await refund('3000'), await dispute('opened')]).toEqual([200, 200]);
    expect((await lines()).at(-1)).toEqual(['dispute', '0', '7000']);
  });
});
