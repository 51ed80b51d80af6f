import { expect, test } from 'vitest';
import { runSeed } from './runSeed.ts';
import { SABOTAGES } from './sabotages.ts';

const SEEDS = 250;

test('no seed charges twice, loses a charge, or leaves a payment without an owner and a next date', async () => {
  for (let seed = 0; seed < SEEDS; seed++)
    expect({ seed, found: await runSeed(seed) }).toEqual({ seed, found: [] });
});

test.for(Object.entries(SABOTAGES))('finds the defect: %s', async ([, make]) => {
  for (let seed = 0; seed < 40; seed++) {
    const found = await runSeed(seed, make()).catch((error: Error) => [error.message]);
    if (found.length > 0) return;
  }
  expect.unreachable('forty seeds have not found it');
});
