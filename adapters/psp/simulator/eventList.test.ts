import { afterEach, expect, test } from 'vitest';
import type { Listed } from '../../../core/processes/psp.ts';
import { PATIENT, authorized } from '../contract/calls.ts';
import { SimulatorAdapter } from './adapter.ts';
import { NO_FAULTS } from './server/faults.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from './server/simulator.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

async function open(
  more: Partial<SimulatorOptions> = {},
): Promise<{ simulator: Simulator; adapter: SimulatorAdapter }> {
  const simulator = await startSimulator({ port: 0, file: ':memory:', secret: 'unused', ...more });
  const adapter = new SimulatorAdapter({ url: simulator.url, secrets: [] });
  undo.push(
    () => simulator.stop(),
    () => adapter.close(),
  );
  return { simulator, adapter };
}

async function page(adapter: SimulatorAdapter, cursor: string): Promise<Listed> {
  const said = await adapter.listEvents({ cursor, nowMs: 0 }, PATIENT);
  expect(said).toMatchObject({ done: 'listed' });
  return said as Listed;
}

const operationsOf = ({ events }: Listed): string[] => events.map(({ operation }) => operation);

test('a simulator that has begun anew, with other numbers, is read from its beginning', async () => {
  const before = await open();
  for (let n = 0; n < 3; n++) await authorized(before.adapter, 'pm_card_visa');
  const { cursor } = await page(before.adapter, '');
  expect(cursor).toMatch(/^3:evt_/);
  const after = await open();
  const calls = [];
  for (let n = 0; n < 4; n++) calls.push((await authorized(after.adapter, 'pm_card_visa')).call.operation);
  const said = await page(after.adapter, cursor);
  expect(said.isAnew).toBe(true);
  expect(operationsOf(said)).toEqual(calls);
});

test('the fault "listed late" shows an event only after a while, among those that were shown before', async () => {
  let nowMs = 1_700_000_000_000;
  const faults = { ...NO_FAULTS, listed_late: 0.5, listed_late_ms: 3_000 };
  const { adapter } = await open({ faults, clock: () => nowMs });
  const calls: string[] = [];
  for (let n = 0; n < 20; n++) calls.push((await authorized(adapter, 'pm_card_visa')).call.operation);
  const early = operationsOf(await page(adapter, ''));
  expect(early.length).toBeGreaterThan(0);
  expect(early.length).toBeLessThan(20);
  nowMs += 3_000;
  expect(operationsOf(await page(adapter, ''))).toEqual(calls);
});
