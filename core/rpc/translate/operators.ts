import type { OperationSettlement } from '../../../gen/florin/payments/v1/operators_pb.ts';
import type { SettleOperation } from '../../kernel/payments/commands.ts';
import type { Malformed } from '../../shard/service.ts';
import { Check } from './check.ts';
import { NOTE_CHARACTERS_MAX } from './paymentLimits.ts';
import { VERDICTS, wordOf } from './paymentNames.ts';
import { textOf } from './payments.ts';

export function settleOperation(item: OperationSettlement): SettleOperation | Malformed {
  const check = new Check();
  const verdict = wordOf(VERDICTS, item.verdict);
  const command: SettleOperation = {
    op: 'settleOperation',
    id: check.newId(item.id, 'id'),
    intent: check.uuid(item.paymentIntentId, 'payment_intent_id'),
    operation: check.uuid(item.operationId, 'operation_id'),
    verdict: verdict ?? 'ask_again',
    note: '',
  };
  if (verdict === undefined) check.no(item.verdict === 0 ? 'MISSING_FIELD' : 'INVALID_VALUE', 'verdict');
  command.note = textOf(item.note, 'note', NOTE_CHARACTERS_MAX, check);
  return check.fault ?? command;
}
