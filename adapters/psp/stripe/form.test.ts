import { expect, test } from 'vitest';
import { encodeForm } from './form.ts';

test('nests by brackets, as Stripe’s own examples do', () => {
  expect(
    encodeForm({
      amount: 1_099n,
      currency: 'eur',
      confirm: false,
      payment_method_types: ['card', 'link'],
      metadata: { order_id: '6735' },
      payment_method_options: { card: { request_three_d_secure: 'any' } },
    }),
  ).toBe(
    'amount=1099&currency=eur&confirm=false&payment_method_types[0]=card&payment_method_types[1]=link' +
      '&metadata[order_id]=6735&payment_method_options[card][request_three_d_secure]=any',
  );
});

test('leaves out what is undefined, and writes what is empty, since that unsets', () => {
  expect(encodeForm({ a: undefined, b: '', c: { d: undefined, e: '' } })).toBe('b=&c[e]=');
  expect(encodeForm({})).toBe('');
  expect(encodeForm({ a: [], b: {} })).toBe('');
});

test('encodes names and values, so that neither can add a field', () => {
  expect(encodeForm({ 'a&b': 'x=y&z[0]=1 +', metadata: { 'k]=1&amount': 'ü' } })).toBe(
    'a%26b=x%3Dy%26z%5B0%5D%3D1%20%2B&metadata[k%5D%3D1%26amount]=%C3%BC',
  );
});

test('half a surrogate pair is replaced, not thrown', () => {
  expect(encodeForm({ a: '\ud800' })).toBe('a=%EF%BF%BD');
});

test('what was encoded is what a reader of forms gets', () => {
  const read = new URLSearchParams(encodeForm({ return_url: 'https://a.example/?b=c&d', expand: ['x.y'] }));
  expect([...read]).toEqual([
    ['return_url', 'https://a.example/?b=c&d'],
    ['expand[0]', 'x.y'],
  ]);
});
