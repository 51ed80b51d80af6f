import { afterAll, expect, test } from 'vitest';
import { PATIENT, authorization, succeeded } from '../contract/calls.ts';
import { SimulatorAdapter } from './adapter.ts';
import { startSimulator } from './server/simulator.ts';

const SALES = 1_050;
const CALLERS = 25;
const NOON_MS = Date.UTC(2026, 10, 27, 12);

const simulator = await startSimulator({
  port: 0,
  file: ':memory:',
  secret: 'unused',
  clock: () => NOON_MS,
});
const adapter = new SimulatorAdapter({ url: simulator.url, secrets: [], connections: CALLERS });
afterAll(async () => {
  adapter.close();
  await simulator.stop();
});

test('a report of more than a page has each movement once', async () => {
  let left = SALES;
  const sell = async (): Promise<void> => {
    while (left-- > 0)
      succeeded(await adapter.authorize(authorization('pm_card_visa', { capture: true }), PATIENT));
  };
  await Promise.all(Array.from({ length: CALLERS }, sell));
  const operations: string[] = [];
  const pages: number[] = [];
  for (let cursor = ''; ;) {
    const said = await adapter.settlement({ day: '2026-11-27', cursor }, PATIENT);
    if (said.done !== 'settlement') throw new Error(said.why);
    operations.push(...said.lines.map(({ operation }) => operation));
    pages.push(said.lines.length);
    if (!said.isMore) break;
    cursor = said.cursor;
  }
  expect(pages).toEqual([1_000, 50]);
  expect(new Set(operations).size).toBe(SALES);
});
