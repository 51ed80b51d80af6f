import { expect, test } from 'vitest';
import { compared } from '../faults/bus.ts';
import { edgeFaults } from '../faults/edge.ts';
import { EdgeLedger } from '../support/edgeLoad.ts';
import { hasNats } from '../support/nats.ts';
import { seedOfRun } from '../support/load/draw.ts';

const SEED = seedOfRun();
const FOR_MS = 10_000;
/** What nobody knows is asked about after 5 s and after 30 s; later only where the provider was away long. */
const HEAL_MS_MAX = 180_000;

test(
  `edges, core, provider and Postgres may die under merchants' load: what a key was told stays, and is done once (seed ${SEED})`,
  async () => {
    const lines: string[] = [];
    const { findings, kills, ledger, truth, inboxes } = await edgeFaults({
      seed: SEED,
      forMs: FOR_MS,
      healMsMax: HEAL_MS_MAX,
      tell: (line) => lines.push(line),
    });
    if (findings.length > 0) console.log(lines.join('\n'));
    expect(findings).toEqual([]);
    expect(Object.values(kills).reduce((sum, times) => sum + times, 0)).toBeGreaterThan(0);
    expect(ledger.statuses.get(200)).toBeGreaterThan(20);
    expect(truth.captured).toBeGreaterThan(0n);
    if (hasNats()) expect(inboxes).toBeGreaterThan(100);
  },
  FOR_MS + 2 * HEAL_MS_MAX,
);

test('control: an event that is lost, doubled, out of order or from nowhere is found', () => {
  const expected = ['3:1', '3:2', '5:4'];
  expect(compared('S', expected, ['3:1', '5:4', '3:2'])).toEqual([]);
  expect(compared('S', expected, ['3:1', '3:2'])).toEqual(['S 5:4 never came to the inbox']);
  expect(compared('S', expected, ['3:1', '3:2', '3:2', '5:4'])).toEqual(['S 3:2 came 2 times']);
  expect(compared('S', expected, ['3:2', '3:1', '5:4'])).toEqual(['S 3:1 came behind 2']);
  expect(compared('S', expected, ['3:1', '3:2', '5:4', '5:5'])).toEqual(['S 5:5 is of no journal']);
});

test('control: a key that is told something else, or as if for the first time, is found', () => {
  const ledger = new EdgeLedger();
  const keyed = ledger.sending({ merchant: 0, key: 'k', path: '/v1/refunds', body: {} });
  const reply = (text: string, replayed: boolean) => ({
    status: 200,
    text,
    body: {},
    headers: new Headers(replayed ? { 'idempotent-replayed': 'true' } : {}),
  });
  ledger.answered(keyed, reply('a', false));
  ledger.answered(keyed, reply('a', true));
  expect(ledger.findings).toEqual([]);
  ledger.answered(keyed, reply('b', true));
  ledger.answered(keyed, reply('a', false));
  expect(ledger.findings).toHaveLength(2);
});
