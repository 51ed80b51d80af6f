import { expect, test } from 'vitest';
import { readId } from './shape.ts';

test('an id is taken as the core has it and as merchants see it', () => {
  const uuid = '9e56a8f1-3964-87d6-942c-b1ff37abc710';
  expect(readId('pi_9e56a8f1396487d6942cb1ff37abc710')).toBe(uuid);
  expect(readId('acct_9e56a8f1396487d6942cb1ff37abc710')).toBe(uuid);
  expect(readId(uuid)).toBe(uuid);
});

test.each([
  'pi_9e56a8f1396487d6942cb1ff37abc71',
  '9e56a8f1396487d6942cb1ff37abc710',
  'evt_0000000000f20700addabb9628f4354a0',
])('what is neither stays as it is, for the core to refuse: %s', (text) => expect(readId(text)).toBe(text));
