import { LedgerState } from './ledger/state.ts';
import { PaymentsState } from './payments/state.ts';

/** Everything that decisions of one shard rest on. Only apply.ts and loading change it. */
export class ShardState extends LedgerState {
  readonly payments = new PaymentsState();
}
