import { setTimeout as wait } from 'node:timers/promises';
import { uuidv7 } from '../../../client/index.ts';
import {
  CaptureMethod,
  type PaymentChanged,
  type PaymentIntent,
  type PaymentIntentState as State,
  type PaymentResult,
} from '../../../gen/florin/payments/v1/payments_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import type { PaymentsClient, Shop } from './client.ts';

/** An answer of the provider that nobody waits for any more, and the first questions about it. */
const UNKNOWN_MS_MAX = 60_000;

export const card = (token: string) => ({ type: PaymentMethodType.CARD, token });

interface Asked {
  readonly id?: string;
  readonly amount?: bigint;
  readonly token?: string;
  readonly manual?: 'manual';
  readonly of?: Shop;
  readonly waitMs?: number;
}

export function changed({ outcome }: PaymentResult): PaymentChanged {
  if (outcome.case !== 'changed')
    throw new Error(`refused: ${outcome.value?.reason} ${outcome.value?.field}`);
  return outcome.value;
}

export function intentOf({ paymentIntent }: PaymentChanged): PaymentIntent {
  if (paymentIntent === undefined) throw new Error('the answer came without the payment intent');
  return paymentIntent;
}

export function reasonOf({ outcome }: PaymentResult): string {
  return outcome.case === 'refused' ? outcome.value.reason : 'changed';
}

/** What a shop asks for, one call at a time, each with a wait for the provider; `of` names another shop. */
export function cashier(at: () => { client: PaymentsClient; shop: Shop }) {
  /** Creates a payment and confirms it. */
  async function pay(asked: Asked = {}): Promise<PaymentChanged> {
    const { client, shop } = at();
    const {
      id = uuidv7(),
      amount = 10_000n,
      token = 'pm_card_visa',
      manual,
      of = shop,
      waitMs = 30_000,
    } = asked;
    const { results } = await client.intents.createPaymentIntents({
      book: of.book,
      paymentIntents: [
        {
          id,
          merchantId: of.merchant,
          amount: { minorUnits: amount, asset: 'EUR' },
          captureMethod: manual === undefined ? CaptureMethod.AUTOMATIC : CaptureMethod.MANUAL,
          paymentMethod: card(token),
          confirm: true,
        },
      ],
      waitMs,
    });
    return changed(results[0]);
  }

  async function paid(asked: Asked = {}): Promise<PaymentIntent> {
    return intentOf(await pay(asked));
  }

  async function confirm(id: string, token?: string, own = uuidv7()): Promise<PaymentResult> {
    const { client, shop } = at();
    const confirmations = [
      { id: own, paymentIntentId: id, ...(token === undefined ? {} : { paymentMethod: card(token) }) },
    ];
    const answer = await client.intents.confirmPaymentIntents({
      book: shop.book,
      confirmations,
      waitMs: 30_000,
    });
    return answer.results[0];
  }

  async function capture(
    id: string,
    more: { id?: string; amount?: bigint; final?: boolean; of?: Shop } = {},
  ): Promise<PaymentResult> {
    const { client, shop } = at();
    const { of = shop, ...item } = more;
    const captures = [{ id: uuidv7(), paymentIntentId: id, ...item }];
    const answer = await client.intents.capturePaymentIntents({ book: of.book, captures, waitMs: 30_000 });
    return answer.results[0];
  }

  async function refund(
    id: string,
    more: { id?: string; amount?: bigint; of?: Shop; through?: PaymentsClient } = {},
  ): Promise<PaymentResult> {
    const { client, shop } = at();
    const { of = shop, through = client, ...item } = more;
    const refunds = [{ id: uuidv7(), paymentIntentId: id, ...item }];
    const answer = await through.refunds.createRefunds({ book: of.book, refunds, waitMs: 30_000 });
    return answer.results[0];
  }

  async function cancel(id: string): Promise<PaymentResult> {
    const { client, shop } = at();
    const cancellations = [{ id: uuidv7(), paymentIntentId: id }];
    const answer = await client.intents.cancelPaymentIntents({
      book: shop.book,
      cancellations,
      waitMs: 30_000,
    });
    return answer.results[0];
  }

  async function standing(
    id: string,
    { waitMs = 0, of = at().shop }: { waitMs?: number; of?: Shop } = {},
  ): Promise<PaymentIntent> {
    const { client } = at();
    const stream = client.intents.awaitPaymentIntents({ book: of.book, paymentIntentIds: [id], waitMs });
    for await (const { paymentIntents } of stream) if (paymentIntents.length > 0) return paymentIntents[0];
    throw new Error(`no payment intent ${id}`);
  }

  /** Waits until it is in that state, past the time that one call may wait. */
  async function comesTo(id: string, state: State): Promise<PaymentIntent> {
    const until = performance.now() + UNKNOWN_MS_MAX;
    for (;;) {
      const intent = await standing(id, { waitMs: 5_000 });
      if (intent.state === state) return intent;
      if (performance.now() > until)
        throw new Error(`payment ${id} is in state ${intent.state} and not ${state}`);
      await wait(100);
    }
  }

  return { pay, paid, confirm, capture, refund, cancel, standing, comesTo };
}
