import type { Uuid } from '../../../core/kernel/ledger/commands.ts';
import type { EventKind, RecordEvent } from '../../../core/kernel/payments/commands.ts';
import { PaymentsRig, intentOf, merchant } from '../paymentsRig.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const NO_FEES = { fees: [], taxPpm: 0 };

/** One payment of a new merchant, and what a review does with it. */
export async function started(
  more: Parameters<typeof intentOf>[2] = {},
  shopMore: Parameters<typeof merchant>[1] = {},
) {
  const r = await PaymentsRig.start(1);
  const shop = r.id();
  const id = r.id();
  const [alpha] = r.psps;
  const tell = (kind: EventKind, operation: Uuid, more: Partial<RecordEvent> = {}) => {
    const about = { intent: id, operation, provider: alpha.name, kind } as const;
    return r.send({
      op: 'recordEvent',
      id: r.id(),
      ...about,
      payment: '',
      occurredUs: 0,
      proof: null,
      moved: null,
      ...more,
    });
  };
  const begin = () => r.send(merchant(shop, shopMore), intentOf(id, shop, { confirm: true, ...more }));
  return { r, shop, id, alpha, tell, begin };
}
