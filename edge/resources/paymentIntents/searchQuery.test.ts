import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PaymentIntentState } from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { Problem } from '../../problems/problem.ts';
import { soughtBy } from './searchQuery.ts';

const NOTHING = { metadata: {}, states: [], currency: '', customerId: '' };
const { SUCCEEDED, PROCESSING, CONFLICTED } = PaymentIntentState;

test.each([
  ['metadata["order"]:"42"', { metadata: { order: '42' } }],
  [`metadata['order']:'it\\'s'`, { metadata: { order: "it's" } }],
  ['metadata["a AND b"]:"x\\"y\\\\z"', { metadata: { 'a AND b': 'x"y\\z' } }],
  ['metadata["__proto__"]:"x"', { metadata: Object.fromEntries([['__proto__', 'x']]) }],
  [' status:"succeeded" ', { states: [SUCCEEDED] }],
  ['status:"processing"', { states: [PROCESSING, CONFLICTED] }],
  ['currency:"eur"', { currency: 'EUR' }],
  ['customer:"cus_0190a000000070008000000000000001"', { customerId: '0190a000-0000-7000-8000-000000000001' }],
  [
    'metadata["a"]:"1"  AND  metadata["b"]:"" AND status:"succeeded" AND currency:\'USD\'',
    { metadata: { a: '1', b: '' }, states: [SUCCEEDED], currency: 'USD' },
  ],
])('%s is understood', (query, sought) => {
  expect(soughtBy(query)).toEqual({ ...NOTHING, ...sought });
});

test.each([
  ['', 'A clause is missing'],
  ['order', 'clauses like'],
  ['status:"succeeded" OR status:"canceled"', 'OR is not there'],
  ['-status:"succeeded"', 'Negation'],
  ['status:"succeeded" AND', 'clauses like'],
  ['status:"succeeded" AND ', 'clauses like'],
  ['status:"succeeded"AND currency:"eur"', 'clauses like'],
  ['status:"paid"', 'requires_payment_method'],
  ['status:succeeded', 'in quotes'],
  ['status:"succeeded', 'in quotes'],
  ['metadata["order"]:null', 'in quotes'],
  ['metadata["order"]~"4"', 'Parts of texts'],
  ['amount>1000', 'Parts of texts'],
  ['amount:"1000"', 'metadata, status, currency, customer'],
  ['metadata:"42"', 'by key'],
  ['status["a"]:"42"', 'Only metadata'],
  ['currency:"euro"', 'three letters'],
  ['customer:"mia"', 'cus_'],
  ['currency:"eur" AND currency:"usd"', 'twice'],
  [`metadata["${'k'.repeat(41)}"]:"1"`, '1 to 40'],
  ['metadata[""]:"1"', '1 to 40'],
  [Array.from({ length: 11 }, (_, n) => `metadata["${n}"]:"1"`).join(' AND '), 'at most 10'],
])('%s is refused in words', (query, words) => {
  const refusal = (): unknown => {
    try {
      return soughtBy(query);
    } catch (error) {
      return error;
    }
  };
  expect(refusal()).toMatchObject({ code: 'parameter_invalid', fields: { param: 'query' } });
  expect((refusal() as Problem).message).toContain(words);
});

test('whatever a merchant has written in metadata can be asked for, in quotes of either kind', () => {
  const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((text) => text.length <= 40);
  const value = fc.string({ unit: 'binary', maxLength: 250 });
  const quoted = (text: string, mark: string): string =>
    `${mark}${text.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`)}${mark}`;
  fc.assert(
    fc.property(key, value, fc.constantFrom('"', "'"), (name, text, mark) => {
      const { metadata } = soughtBy(`metadata[${quoted(name, mark)}]:${quoted(text, mark)}`);
      expect(Object.entries(metadata)).toEqual([[name, text]]);
    }),
  );
});
