import { describe, expect, test } from 'vitest';
import type { Uuid } from '../../../core/processes/psp.ts';
import { modificationOutcomeOf, paymentOutcomeOf } from './answers.ts';

const OPERATION = '01900000-0000-7000-8000-000000000001' as Uuid;
const OTHER = '01900000-0000-7000-8000-000000000002';

// Recorded shapes, as the documentation of Checkout 71 has them.
const AUTHORISED = {
  additionalData: { cvcResult: '1 Matches', authCode: '065696', cardSummary: '1111' },
  pspReference: 'NC6HT9CRT65ZGN82',
  resultCode: 'Authorised',
  amount: { currency: 'EUR', value: 1000 },
  merchantReference: OPERATION,
  paymentMethod: { brand: 'visa', type: 'scheme' },
};
const REFUSED = {
  pspReference: 'KHQC5N7G84BLNK43',
  refusalReason: 'Not enough balance',
  resultCode: 'Refused',
  refusalReasonCode: '12',
  merchantReference: OPERATION,
};
const REDIRECT = {
  resultCode: 'RedirectShopper',
  action: {
    paymentMethodType: 'scheme',
    url: 'https://checkoutshopper-test.adyen.com/checkoutshopper/threeDS/redirect?MD=M2R',
    method: 'GET',
    type: 'redirect',
  },
};
const RECEIVED = {
  merchantAccount: 'FlorinTestECOM',
  paymentPspReference: 'NC6HT9CRT65ZGN82',
  pspReference: 'KHQC5N7G84BLNK43',
  reference: OPERATION,
  status: 'received',
  amount: { currency: 'EUR', value: 1000 },
};
const INVALID_AMOUNT = {
  status: 422,
  errorCode: '137',
  message: 'Invalid amount specified',
  errorType: 'validation',
  pspReference: '8835511210681324',
};

const text = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));
const paid = (body: unknown, status = 200) =>
  paymentOutcomeOf({ got: 'answer', status, body: text(body) }, OPERATION);
const modified = (body: unknown, status = 201) =>
  modificationOutcomeOf({ got: 'answer', status, body: text(body) }, OPERATION);

describe('a payment', () => {
  test('that says everything is a success', () => {
    expect(paid(AUTHORISED)).toEqual({
      done: 'succeeded',
      amount: 1_000n,
      currency: 'EUR',
      providerReference: 'NC6HT9CRT65ZGN82',
      cost: null,
      expiresAtMs: null,
    });
  });

  test.each([
    ['no JSON', '<html>'],
    ['cut JSON', JSON.stringify(AUTHORISED).slice(0, -4)],
    ['null', 'null'],
    ['a list', '[]'],
    ['another operation', { ...AUTHORISED, merchantReference: OTHER }],
    ['no operation', { ...AUTHORISED, merchantReference: undefined }],
    ['no reference', { ...AUTHORISED, pspReference: undefined }],
    ['a reference that is a path', { ...AUTHORISED, pspReference: '../x' }],
    ['no amount', { ...AUTHORISED, amount: undefined }],
    ['an amount as text', { ...AUTHORISED, amount: { currency: 'EUR', value: '1000' } }],
    ['an amount of nothing', { ...AUTHORISED, amount: { currency: 'EUR', value: 0 } }],
    ['a part of a peso', { ...AUTHORISED, amount: { currency: 'CLP', value: 1050 } }],
    ['a currency without digits', { ...AUTHORISED, amount: { currency: 'XTS', value: 1000 } }],
    ['a result that we do not know', { ...AUTHORISED, resultCode: 'Probably' }],
    ['no result', { ...AUTHORISED, resultCode: undefined }],
    ['native 3DS, which is never asked for', { ...AUTHORISED, resultCode: 'IdentifyShopper' }],
    ['a redirect by form', { ...REDIRECT, action: { ...REDIRECT.action, method: 'POST', data: {} } }],
    ['a redirect without an address', { ...REDIRECT, action: { type: 'redirect' } }],
    ['a redirect to a script', { ...REDIRECT, action: { ...REDIRECT.action, url: 'javascript:x' } }],
    ['a redirect without an action', { resultCode: 'RedirectShopper' }],
  ])('that cannot be read is unknown, also with status 200: %s', (_, body) => {
    expect(paid(body).done).toBe('unknown');
  });

  test('that another amount was authorised of says that amount', () => {
    expect(paid({ ...AUTHORISED, amount: { currency: 'USD', value: 999 } })).toMatchObject({
      amount: 999n,
      currency: 'USD',
    });
  });

  test('that was refused says why, in our word and in theirs', () => {
    expect(paid(REFUSED)).toEqual({
      done: 'declined',
      code: 'insufficient_funds',
      providerCode: 'Refused 12',
      providerReference: 'KHQC5N7G84BLNK43',
    });
    expect(paid({ ...REFUSED, resultCode: 'Error', refusalReasonCode: '4' })).toMatchObject({
      code: 'processing_error',
    });
    expect(paid({ ...REFUSED, resultCode: 'Error', refusalReasonCode: undefined })).toMatchObject({
      code: 'processing_error',
      providerCode: 'Error',
    });
    expect(paid({ ...REFUSED, resultCode: 'Cancelled', refusalReasonCode: 'x'.repeat(99) })).toMatchObject({
      code: 'generic_decline',
      providerCode: 'Cancelled',
    });
    expect(paid({ ...REFUSED, merchantReference: OTHER }).done).toBe('unknown');
  });

  test('that waits for the payer has the address, and no reference yet', () => {
    expect(paid(REDIRECT)).toEqual({
      done: 'requires_action',
      providerReference: '',
      action: { type: 'redirect', url: REDIRECT.action.url },
    });
  });

  test.each(['Pending', 'Received'])('whose outcome comes later is taken in: %s', (resultCode) => {
    const { pspReference } = AUTHORISED;
    expect(paid({ pspReference, resultCode })).toEqual({ done: 'accepted', providerReference: pspReference });
  });
});

describe('a modification', () => {
  test('that was received is taken in, and no success', () => {
    expect(modified(RECEIVED)).toEqual({ done: 'accepted', providerReference: 'KHQC5N7G84BLNK43' });
    expect(modified(RECEIVED, 200).done).toBe('accepted');
  });

  test.each([
    ['another operation', { ...RECEIVED, reference: OTHER }],
    ['no operation', { ...RECEIVED, reference: undefined }],
    ['another status', { ...RECEIVED, status: 'done' }],
    ['no reference', { ...RECEIVED, pspReference: '' }],
    ['no JSON', 'ok'],
  ])('that cannot be read is unknown: %s', (_, body) => {
    expect(modified(body).done).toBe('unknown');
  });
});

describe('an error', () => {
  test.each([301, 400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504])(
    'with status %i that is not Adyen’s own is unknown',
    (status) => {
      for (const body of [
        '<html>',
        '{}',
        '[]',
        { error: 'x' },
        { ...INVALID_AMOUNT, status: 418 },
        { status },
      ])
        expect(paid(body, status).done, text(body)).toBe('unknown');
    },
  );

  test('of the request proves that it was not done', () => {
    expect(paid(INVALID_AMOUNT, 422)).toEqual({
      done: 'declined',
      code: 'amount_not_allowed',
      providerCode: 'error 137',
      providerReference: '8835511210681324',
    });
    const malformed = { ...INVALID_AMOUNT, status: 400, errorCode: '702', pspReference: undefined };
    expect(modified(malformed, 400)).toMatchObject({ done: 'declined', code: 'operation_not_allowed' });
  });

  test('of the credentials or of too much proves that it was not let in', () => {
    for (const status of [401, 403, 429]) {
      const body = { status, errorCode: '010', message: 'Not allowed', errorType: 'security' };
      expect(paid(body, status)).toEqual({ done: 'not_sent', why: `answered with ${status}, error 010` });
    }
  });

  test('that another try is in progress, that it is locked, or that is internal proves nothing', () => {
    expect(paid({ ...INVALID_AMOUNT, errorCode: '704' }, 422).done).toBe('unknown');
    expect(paid({ ...INVALID_AMOUNT, status: 409 }, 409).done).toBe('unknown');
    expect(paid({ ...INVALID_AMOUNT, errorType: 'internal' }, 422).done).toBe('unknown');
    for (const status of [500, 502, 503])
      expect(paid({ ...INVALID_AMOUNT, status }, status).done).toBe('unknown');
  });
});
