import type { Block } from '../../core/journal/block.ts';
import { apply } from '../../core/kernel/apply.ts';
import { eachEvent, viewOf } from '../../core/kernel/ledger/body.ts';
import { EventType } from '../../core/kernel/ledger/layout.ts';
import { LedgerState } from '../../core/kernel/ledger/state.ts';
import { AssetTable } from '../../core/kernel/money/assets.ts';
import { type PaymentChange, changeAt } from '../../core/kernel/payments/change.ts';
import { PaymentsState } from '../../core/kernel/payments/state.ts';
import { describeState } from './describeState.ts';

/** What a replay makes of a journal, and what each event of payments says by its bytes. */
export function replayedPayments(blocks: readonly Block[]) {
  const state = Object.assign(new LedgerState({ seed: 1, assets: new AssetTable() }), {
    payments: new PaymentsState(),
  });
  const changes = new Map<number, PaymentChange>();
  for (const { body, blockTimeUs } of blocks) {
    const view = viewOf(body);
    eachEvent(view, (type, at) => {
      if (type === EventType.payment) changes.set(state.nextSeq, changeAt(view, at));
      apply(state, view, at, blockTimeUs);
    });
  }
  return { state, changes };
}

/** Everything that decisions about payments rest on, as JSON that a person can read and a golden file can keep. */
export function describePayments(state: ReturnType<typeof replayedPayments>['state']): unknown {
  const { intents, merchants, customers, paymentMethods, apiKeys, paymentLinks, operations } = state.payments;
  const described = {
    ledger: describeState(state),
    intents: [...intents.values()],
    merchants: [...merchants.values()],
    customers: [...customers.values()],
    payment_methods: [...paymentMethods.values()],
    api_keys: [...apiKeys.values()],
    payment_links: [...paymentLinks.values()],
    operations: Object.fromEntries(operations),
  };
  return JSON.parse(
    JSON.stringify(described, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  );
}
