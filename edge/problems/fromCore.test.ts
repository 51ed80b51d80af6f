import { create } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RefusalSchema } from '../../gen/florin/errors/v1/refusal_pb.ts';
import { CODE, FlorinError } from '../../client/index.ts';
import { callProblem, isStranger, refusalProblem } from './fromCore.ts';

/** Reasons that the core gives to what an edge asks of it, as the contract tells them. */
function reasonsOf(...files: readonly string[]): string[] {
  const told = files.flatMap((file) => {
    const text = readFileSync(new URL(`../../proto/florin/${file}`, import.meta.url), 'utf8');
    const comments = text.replaceAll(/\n\s*\/\/ ?/g, ' ');
    return [...comments.matchAll(/Refusals:([^;]*?)rpc /g)].flatMap(
      ([, list]) => list.match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? [],
    );
  });
  return [...new Set(told)];
}

test('every reason that the contract names for what merchants ask has a code of its own', () => {
  const reasons = reasonsOf(
    'payments/v1/payment_intents.proto',
    'payments/v1/payment_links.proto',
    'payments/v1/refunds.proto',
    'payments/v1/stored_payment_methods.proto',
  ).filter(
    // A key is of the mode of its merchant, and so is what it makes.
    (reason) =>
      reason !== 'MODE_MISMATCH' &&
      reason !== 'MERCHANT_NOT_FOUND' &&
      reason !== 'INVALID_ARGUMENT' &&
      reason !== 'NOT_FOUND',
  );
  expect(reasons.length).toBeGreaterThan(18);
  const untold = reasons.filter((reason) => {
    const { code } = refusalProblem(create(RefusalSchema, { reason, message: 'x', field: 'id' }));
    return code === 'parameter_invalid';
  });
  expect(untold).toEqual([]);
});

test('fields of the contract are told as parameters of the API', () => {
  const problem = refusalProblem(
    create(RefusalSchema, { reason: 'AMOUNT_TOO_SMALL', message: 'm', field: 'amount.minor_units' }),
  );
  expect(problem).toMatchObject({
    code: 'amount_too_small',
    status: 400,
    fields: { param: 'amount', detail: 'm' },
  });
});

test.each([CODE.UNAUTHENTICATED, CODE.PERMISSION_DENIED])(
  'a core that does not know the edge (%i) is away for whoever asks, and tells nobody why',
  (code) => {
    const error = new FlorinError({ code, message: 'no certificate of dns:edge.internal', outcome: 'none' });
    expect(callProblem(error)).toMatchObject({
      code: 'unavailable',
      status: 503,
      fields: { retryAfterSeconds: 30 },
    });
    expect(JSON.stringify(callProblem(error)?.fields)).not.toContain('certificate');
    expect(isStranger(error)).toBe(true);
    expect(isStranger(new FlorinError({ code: CODE.UNAVAILABLE, message: 'x', outcome: 'none' }))).toBe(
      false,
    );
  },
);
