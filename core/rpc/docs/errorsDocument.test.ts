import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REFUSALS } from '../../kernel/ledger/refusals.ts';
import { errorsDocument } from './errorsDocument.ts';

test('docs/errors.md is what the registry generates', () => {
  const committed = readFileSync(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8');
  expect(committed, 'run: node bin/node.cjs core/rpc/docs/generateErrors.ts').toBe(errorsDocument());
});

test('every reason has one row, and no number is used twice', () => {
  const document = errorsDocument();
  for (const [reason, { number }] of Object.entries(REFUSALS)) {
    expect(document.split(`| \`${reason}\` | ${number} |`)).toHaveLength(2);
  }
  const numbers = Object.values(REFUSALS).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
});
