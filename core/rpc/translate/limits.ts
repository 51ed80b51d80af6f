import type { Limits } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import type { LimitValues } from '../../kernel/ledger/commands.ts';

/** The four limits in the kernel's order. protobuf holds each to int64, so every value is one. */
export function limitValues(limits: Limits | undefined): LimitValues {
  return [
    limits?.postedFloor ?? null,
    limits?.postedCeiling ?? null,
    limits?.availableFloor ?? null,
    limits?.availableCeiling ?? null,
  ];
}
