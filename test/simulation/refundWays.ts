import type { PaymentsRig } from './paymentsRig.ts';
import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import type { CreateIntent, PaymentCommand } from '../../core/kernel/payments/commands.ts';
import { REFUND_METADATA_CHARACTERS_MAX } from '../../core/kernel/payments/decideRequest.ts';

export interface Scene {
  r: PaymentsRig;
  shop: Uuid;
  /** Creates an intent and lets it come to rest. */
  make: (more?: Partial<CreateIntent>) => Promise<Uuid>;
}

export interface Way {
  /** What is refused, and something close to it that is not. */
  refused: PaymentCommand;
  control: PaymentCommand;
}

/** How what is said of a refund is refused. */
export const REFUND_WAYS: Readonly<Record<string, (scene: Scene) => Promise<Way>>> = {
  REFUND_NOT_FOUND: async ({ r, make }) => {
    const [intent, other] = [await make({ confirm: true }), await make({ confirm: true })];
    const [refund, elsewhere] = [r.id(), r.id()];
    await r.send(
      { op: 'refundIntent', id: refund, intent, amount: 5n },
      { op: 'refundIntent', id: elsewhere, intent: other, amount: 5n },
    );
    const update = { op: 'updateRefund', intent, metadata: { a: 'b' } } as const;
    return {
      refused: { ...update, id: r.id(), refund: elsewhere },
      control: { ...update, id: r.id(), refund },
    };
  },
  REFUND_METADATA_EXHAUSTED: async ({ r, make }) => {
    const intent = await make({ confirm: true });
    const [refund, other] = [r.id(), r.id()];
    const long = { a: 'x'.repeat(REFUND_METADATA_CHARACTERS_MAX - 2) };
    await r.send(
      { op: 'refundIntent', id: refund, intent, amount: 5n },
      { op: 'refundIntent', id: other, intent, amount: 5n, metadata: { a: '' } },
    );
    const update = { op: 'updateRefund', intent, refund } as const;
    return {
      refused: { ...update, id: r.id(), metadata: { ...long, b: '' } },
      control: { ...update, id: r.id(), metadata: long },
    };
  },
};
