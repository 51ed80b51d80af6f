import { expect, test } from 'vitest';
import type { Uuid } from '../ledger/commands.ts';
import { chart, chartId, derivedId } from './chart.ts';

test('an id of the chart, or one that is derived, is the same in every run and release: it stands in journals', () => {
  expect(chartId('income:fees:EUR')).toBe('f10e1a00-af62-80a3-bfc6-d7c2b1f6f7e4');
  expect(chart.incomeFees('EUR').id).toBe('f10e1a00-af62-80a3-bfc6-d7c2b1f6f7e4');
  const stamped = '0190a000-0000-7000-8000-000000000011' as Uuid;
  // Stamp and version of its parent, and the mix behind them.
  expect(derivedId(stamped, 'captured')).toMatch(/^0190a000-0000-7cff-.28d-032b17764816$/);
  const random = '0190a000-0000-4000-8000-000000000011' as Uuid;
  expect(derivedId(random, 'captured')).toBe('f10e1a00-1387-8c04-aac2-5b32214122b7');
});
