import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RefusalSchema } from '../../../gen/florin/errors/v1/refusal_pb.ts';
import type { AccountResultSchema } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import type { JournalPositionSchema } from '../../../gen/florin/ledger/v1/journal_pb.ts';
import type {
  AccountEffectSchema,
  TransactionResultSchema,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { REFUSALS } from '../../kernel/ledger/refusals.ts';
import type { Effect, Outcome, Position, Refused } from '../../shard/service.ts';

export function position(at: Position): MessageInitShape<typeof JournalPositionSchema> {
  return {
    shard: at.shard,
    epoch: BigInt(at.epoch),
    seq: BigInt(at.seq),
    height: BigInt(at.height),
    blockHash: at.blockHash,
  };
}

export function accountResult(outcome: Outcome): MessageInitShape<typeof AccountResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  return { outcome: { case: 'done', value: { seq: BigInt(outcome.seq), replayed: outcome.replayed } } };
}

export function transactionResult(outcome: Outcome): MessageInitShape<typeof TransactionResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  const effects = outcome.effects.map(({ debit, credit }) => ({
    debit: effect(debit),
    credit: effect(credit),
  }));
  return {
    outcome: { case: 'booked', value: { seq: BigInt(outcome.seq), replayed: outcome.replayed, effects } },
  };
}

function effect({ version, posted, available }: Effect): MessageInitShape<typeof AccountEffectSchema> {
  return { version, postedBalance: posted, availableBalance: available };
}

export function refusal(refused: Refused): MessageInitShape<typeof RefusalSchema> {
  const { reason, field, account, remembered, replayed } = refused;
  return {
    reason,
    message: REFUSALS[reason].text,
    field,
    ...(refused.posting >= 0 ? { posting: refused.posting } : {}),
    accountId: account,
    remembered,
    seq: BigInt(refused.seq),
    replayed,
  };
}
