import { apply as applyToLedger } from './ledger/apply.ts';
import { EventType, HEADER } from './ledger/layout.ts';
import { applyPayment } from './payments/apply.ts';
import type { PaymentChange } from './payments/change.ts';
import type { ShardState } from './shardState.ts';

/** Brings the state past one event, of the ledger or of payments. It cannot refuse: what an event says has happened. */
export function apply(state: ShardState, view: DataView, at: number, blockTimeUs: number): void {
  if (view.getUint8(at + HEADER.type) !== EventType.payment)
    return applyToLedger(state, view, at, blockTimeUs);
  applyChange(state, view, at);
}

/** The same of an event of payments that was just decided: its change need not be read. */
export function applyChange(state: ShardState, view: DataView, at: number, change?: PaymentChange): void {
  const seq = state.nextSeq++;
  state.applying = true;
  applyPayment(state, view, at, seq, change);
  state.applying = false;
}
