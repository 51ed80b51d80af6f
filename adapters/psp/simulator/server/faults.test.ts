import { describe, expect, test } from 'vitest';
import { FaultPlan, type Faults, NO_FAULTS, RATES, readFaults } from './faults.ts';

function plan(faults: Partial<Faults>): FaultPlan {
  const made = new FaultPlan();
  made.replace({ ...NO_FAULTS, ...faults });
  return made;
}

const DRAWS = 20_000;
const count = (faults: Partial<Faults>): Map<string | null, number> => {
  const made = plan(faults);
  const counts = new Map<string | null, number>();
  for (let i = 0; i < DRAWS; i++) {
    const { fault } = made.ofRequest(`authorize ${i}`, 0);
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
  }
  return counts;
};

describe('the fate of a request', () => {
  test('is nothing bad as long as nothing was asked for', () => {
    expect(count({}).get(null)).toBe(DRAWS);
  });

  test('of a query alone is to be cut off where only queries are down', () => {
    const made = plan({ queries_down: true });
    expect(made.ofRequest('query 1', 0).fault).toBe('down');
    expect(made.ofRequest('authorize 1', 0).fault).toBeNull();
  });

  test('has the rates that were asked for', () => {
    const counts = count({ error_before: 0.1, lost_reply: 0.05, hang_after: 0.01 });
    const share = (name: string | null): number => (counts.get(name) ?? 0) / DRAWS;
    expect(share('error_before')).toBeCloseTo(0.1, 1.7);
    expect(share('lost_reply')).toBeCloseTo(0.05, 1.7);
    expect(share('hang_after')).toBeCloseTo(0.01, 2);
    expect(share('error_after')).toBe(0);
    expect(share(null)).toBeCloseTo(0.84, 1.7);
  });

  test('is the same for the same seed, reference and try, whatever comes between', () => {
    const faults = { error_before: 0.3, lost_reply: 0.3 };
    const [first, second] = [plan(faults), plan(faults)];
    const fates = (one: FaultPlan, names: number[]): string[] =>
      names
        .map((name) => [name, one.ofRequest(`authorize ${name}`, 0).fault] as const)
        .toSorted(([a], [b]) => a - b)
        .map(([name, fault]) => `${name} ${fault}`);
    const names = Array.from({ length: 100 }, (_, i) => i);
    expect(fates(second, names.toReversed())).toEqual(fates(first, names));
    expect(fates(plan({ ...faults, seed: 2 }), names)).not.toEqual(fates(plan(faults), names));
  });

  test('differs from try to try, so that one who tries again gets through', () => {
    const made = plan({ error_before: 0.5 });
    const fates = new Set(Array.from({ length: 20 }, () => made.ofRequest('authorize x', 0).fault));
    expect(fates).toEqual(new Set(['error_before', null]));
  });

  test('has latencies with the median and the 95th percentile that were asked for', () => {
    const made = plan({ latency_ms: { p50: 80, p95: 400 } });
    const sorted = Array.from({ length: DRAWS }, (_, i) => made.ofRequest(`q ${i}`, 0).latencyMs).toSorted(
      (a, b) => a - b,
    );
    expect(sorted[DRAWS * 0.5]).toBeGreaterThan(76);
    expect(sorted[DRAWS * 0.5]).toBeLessThan(84);
    expect(sorted[DRAWS * 0.95]).toBeGreaterThan(370);
    expect(sorted[DRAWS * 0.95]).toBeLessThan(430);
  });

  test('is 429 above the rate, and free again in the next second', () => {
    const made = plan({ requests_per_second: 2 });
    const at = (ms: number): string | null => made.ofRequest('authorize x', ms).fault;
    expect([at(0), at(10), at(999), at(1_000)]).toEqual([null, null, 'rate_limited', null]);
  });
});

describe('the fate of a webhook', () => {
  test('is one delivery at once, two for the card that asks for them', () => {
    expect(plan({}).ofWebhook('evt_1', 'succeeds')).toEqual({ copies: 1, delayMs: 0 });
    expect(plan({}).ofWebhook('evt_1', 'webhook_twice')).toEqual({ copies: 2, delayMs: 0 });
  });

  test('is lost, late, doubled or overtaken as was asked for', () => {
    const of = (faults: Partial<Faults>) => plan(faults).ofWebhook('evt_1', 'succeeds');
    expect(of({ webhook_lost: 1 }).copies).toBe(0);
    expect(of({ webhook_twice: 1 })).toEqual({ copies: 2, delayMs: 0 });
    expect(of({ webhook_late: 1, webhook_late_ms: 700 })).toEqual({ copies: 1, delayMs: 700 });
    expect(of({ webhook_reordered: 1 }).delayMs).toBeGreaterThan(0);
  });
});

test('settings name what they change, and everything else is as if nothing was asked for', () => {
  expect(readFaults({})).toEqual(NO_FAULTS);
  expect(readFaults({ seed: 7, down: true })).toEqual({ ...NO_FAULTS, seed: 7, down: true });
});

test.each([
  [[], 'object'],
  [null, 'object'],
  [{ eror_before: 1 }, 'eror_before'],
  [{ lost_reply: 1.1 }, 'from 0 to 1'],
  [{ lost_reply: '1' }, 'from 0 to 1'],
  [{ lost_reply: 0.6, error_after: 0.6 }, 'add up'],
  [{ seed: 0.5 }, 'seed'],
  [{ latency_ms: { p50: 80 } }, 'latency_ms'],
  [{ latency_ms: { p50: 80, p95: 8 } }, 'latency_ms'],
  [{ webhook_late_ms: -1 }, 'webhook_late_ms'],
  [{ visible_after_ms: 1e9 }, 'visible_after_ms'],
  [{ requests_per_second: -1 }, 'requests_per_second'],
  [{ down: 1 }, 'down'],
  [JSON.parse('{"__proto__":{"down":true}}'), '__proto__'],
])('settings that cannot be used are named: %j', (value, named) => {
  expect(readFaults(value)).toContain(named);
});

test('every rate can be set', () => {
  for (const rate of RATES) expect(readFaults({ [rate]: 1 })).toMatchObject({ [rate]: 1 });
});
