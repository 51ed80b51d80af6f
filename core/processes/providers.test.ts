import { expect, test } from 'vitest';
import { Guard } from './guard.ts';
import { Provider, type OnCall } from './providers.ts';
import type { PspAdapter, QueryOutcome } from './psp.ts';
import type { Uuid } from '../kernel/ledger/commands.ts';

const QUERY = { operation: '0' as Uuid, kind: 'sale', providerReference: '' } as const;

function failing(guard?: Guard) {
  const seen: string[] = [];
  const onCall: OnCall = (_, said) => void seen.push(said.done);
  const query = (): Promise<QueryOutcome> => {
    throw new TypeError('no such field');
  };
  const adapter = { name: 'broken', query } as unknown as PspAdapter;
  return { seen, provider: new Provider(adapter, { ...(guard === undefined ? {} : { guard }), onCall }) };
}

test('an adapter that throws has proven nothing, and the routing hears of it', async () => {
  const { seen, provider } = failing();
  expect(await provider.query(QUERY)).toEqual({
    done: 'unknown',
    why: 'the adapter failed: no such field',
  });
  expect(seen).toEqual(['unknown']);
});

test('its breaker opens as if the provider had been silent', async () => {
  const guard = new Guard({ nowMs: () => 0 });
  const { seen, provider } = failing(guard);
  for (let n = 0; n < 40; n++) await provider.query(QUERY);
  expect(guard.isUp('query')).toBe(false);
  // What was held back was not asked, so it says nothing about the provider.
  expect(seen.length).toBeLessThan(40);
});
