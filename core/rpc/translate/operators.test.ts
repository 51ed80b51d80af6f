import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { OperationSettlementSchema, Verdict } from '../../../gen/florin/payments/v1/operators_pb.ts';
import { factsOfPayment } from '../../kernel/payments/facts.ts';
import { OPERATION, PAYMENT } from '../testing/fakePayments.ts';
import { settleOperation } from './operators.ts';

const ID = '0190a3a0-0000-7000-8000-00000000000a';
const settle = (change: MessageInitShape<typeof OperationSettlementSchema>) =>
  settleOperation(
    create(OperationSettlementSchema, {
      id: ID,
      paymentIntentId: PAYMENT,
      operationId: OPERATION,
      verdict: Verdict.SEND_BACK,
      ...change,
    }),
  );

test('a settlement becomes a command, with all that it says', () => {
  expect(settle({ note: 'their support said so' })).toEqual({
    op: 'settleOperation',
    id: ID,
    intent: PAYMENT,
    operation: OPERATION,
    verdict: 'send_back',
    note: 'their support said so',
  });
});

test('the fields that the kernel names when a body differs are those of the contract', () => {
  const command = settle({});
  if (command.op === 'malformed') throw new Error(command.field);
  const names = OperationSettlementSchema.fields.map(({ name }) => name);
  expect(factsOfPayment(command).map(([field]) => field)).toEqual(names);
});

describe('a malformed settlement names its reason and its field', () => {
  test.each([
    ['MISSING_FIELD', 'operation_id', settle({ operationId: '' })],
    ['INVALID_UUID', 'payment_intent_id', settle({ paymentIntentId: 'mine' })],
    ['MISSING_FIELD', 'verdict', settle({ verdict: Verdict.UNSPECIFIED })],
    ['INVALID_VALUE', 'verdict', settle({ verdict: 9 as Verdict })],
    ['TOO_LONG', 'note', settle({ note: 'n'.repeat(257) })],
    ['INVALID_TEXT', 'note', settle({ note: 'a\0' })],
  ])('%s in %s', (reason, field, answer) => {
    expect(answer).toEqual({ op: 'malformed', reason, field });
  });
});
