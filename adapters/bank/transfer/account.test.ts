import { expect, test } from 'vitest';
import { accountOf, plain } from './account.ts';

test.each([
  ['DE89370400440532013000/Anna Muster', 'DE89370400440532013000', 'Anna Muster'],
  ['GB82WEST12345698765432/A/B', 'GB82WEST12345698765432', 'A/B'],
  ['FR1420041010050500013M02606/Zoé Müller & Söhne', 'FR1420041010050500013M02606', 'Zoe Muller . Sohne'],
])('%s is an account', (text, iban, name) => {
  expect(accountOf(text)).toEqual({ iban, name });
});

test.each([
  'DE88370400440532013000/Anna Muster',
  'DE89370400440532013001/Anna Muster',
  'de89370400440532013000/Anna Muster',
  'DE89 3704 0044 0532 0130 00/Anna Muster',
  'DE89370400440532013000',
  'DE89370400440532013000/',
  'DE89370400440532013000/   ',
  `DE89370400440532013000/${'x'.repeat(71)}`,
  '/Anna Muster',
  '4111111111111111',
  '',
])('%s is none', (text) => {
  expect(accountOf(text)).toBeNull();
});

test('text is brought into the characters that every bank takes', () => {
  expect(plain('Übung <1> "x" & ß\n\u{1F600}', 140)).toBe('Ubung .1. .x. . ss..');
  expect(plain('x'.repeat(200), 140)).toHaveLength(140);
});
