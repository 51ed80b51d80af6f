import { setTimeout as wait } from 'node:timers/promises';
import { FlorinError, uuidv7 } from '../../../client/index.ts';
import { CaptureMethod, PaymentIntentState as State } from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { PaymentIntent, PaymentResult } from '../../../gen/florin/payments/v1/payments_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import type { Draw } from '../load/draw.ts';
import { connectPayments, type PaymentsClient, type Shop } from './client.ts';
import type { PaymentLedger } from './ledger.ts';

/** Between two tries against a core that is away. */
const AWAY_MS = 40;
/** After a refusal. */
const REFUSED_MS = 50;
/** What calls may last that nobody answers. */
const CALL_MS = 5_000;
/** How long a caller waits for providers before it goes on with whatever there is. */
const WAIT_MS_MAX = 1_500;
/** A caller that never learns of an outcome gives up; what became of it is seen afterwards. */
const GIVES_UP = 0.05;

/** By how often they come, in a hundred. */
const TOKENS: readonly (readonly [string, number])[] = [
  ['pm_card_visa', 63],
  ['pm_card_refundFail', 5],
  ['pm_card_createDispute', 3],
  ['pm_card_chargeDeclinedInsufficientFunds', 8],
  ['pm_card_chargeDeclinedLostCard', 3],
  ['pm_card_chargeDeclinedProcessingError', 5],
  ['pm_sim_webhook_twice', 3],
  ['pm_sim_webhook_before_response', 2],
  ['pm_sim_success_after_cancel', 1],
  ['pm_sim_slow_5s', 2],
  ['pm_sim_timeout_then_success', 2],
  ['pm_sim_timeout_never_arrived', 2],
  ['pm_sim_amount_mismatch', 1],
];

export interface PaymentLoad {
  /** Lets the calls under way end; rejects where a caller met something that no caller should. */
  stop(): Promise<void>;
}

/** Callers that pay, capture, cancel and refund whatever happens, and note what they send and what they are told. */
export function startPaymentLoad(options: {
  target: string;
  shops: readonly Shop[];
  ledger: PaymentLedger;
  draw: Draw;
  callers: number;
}): PaymentLoad {
  const { target, shops, ledger, draw, callers } = options;
  const client = connectPayments({ target, timeoutMs: CALL_MS, channels: 2, retry: { attemptsMax: 1 } });
  const standing = { isStopping: false };
  const all = Promise.all(
    Array.from({ length: callers }, async (_, index) => {
      const caller = new Caller({ client, shop: shops[index % shops.length], ledger, draw, standing });
      while (!standing.isStopping) await caller.pay();
    }),
  );
  // Met again by whoever stops the load.
  all.catch(() => undefined);
  return {
    stop: async () => {
      standing.isStopping = true;
      try {
        await all;
      } finally {
        client.close();
      }
    },
  };
}

interface CallerOptions {
  readonly client: PaymentsClient;
  readonly shop: Shop;
  readonly ledger: PaymentLedger;
  readonly draw: Draw;
  readonly standing: { isStopping: boolean };
}

/** What a merchant does, one payment after the other. */
class Caller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  async pay(): Promise<void> {
    const { shop, draw, ledger } = this.#options;
    const id = uuidv7();
    const isManual = draw.unit() < 0.35;
    const amount = BigInt(draw.from(100, 20_000));
    const paymentMethod = this.#method();
    ledger.payments++;
    const intent = await this.#ask(id, (client, waitMs) =>
      client.intents.createPaymentIntents({
        book: shop.book,
        paymentIntents: [
          {
            id,
            merchantId: shop.merchant,
            amount: { minorUnits: amount, asset: 'EUR' },
            captureMethod: isManual ? CaptureMethod.MANUAL : CaptureMethod.AUTOMATIC,
            paymentMethod,
            confirm: true,
          },
        ],
        waitMs,
      }),
    );
    if (intent === null) return;
    // Also in the middle of it: that is when it is hard.
    if (draw.unit() < 0.06) await this.#cancel(id);
    const { state } = intent;
    if (state === State.REQUIRES_PAYMENT_METHOD && draw.unit() < 0.7) await this.#confirm(id);
    if (state === State.REQUIRES_CAPTURE) await this.#finish(id, amount);
    // While it is processing a refund is refused, most likely, and done once where it is not.
    if (state === State.SUCCEEDED || state === State.PROCESSING) await this.#refund(id, amount);
  }

  async #finish(id: string, amount: bigint): Promise<void> {
    const { draw } = this.#options;
    const part = amount / 2n;
    switch (draw.from(0, 5)) {
      case 0:
        return;
      case 1:
        await this.#cancel(id);
        return;
      case 2:
        // Both at once: whichever comes first.
        await Promise.all([this.#capture(id, part, 'more'), this.#cancel(id)]);
        return;
      case 3:
        await this.#capture(id, part, 'more');
        await this.#capture(id, amount - part, 'final');
        break;
      case 4:
        await Promise.all([this.#capture(id, part, 'final'), this.#capture(id, amount, 'final')]);
        break;
      default:
        await this.#capture(id, undefined, 'final');
    }
    if (draw.unit() < 0.3) await this.#refund(id, part);
  }

  async #refund(id: string, amount: bigint): Promise<void> {
    const { draw } = this.#options;
    const roll = draw.unit();
    const most = (amount * 6n) / 10n;
    if (roll < 0.6) return;
    if (roll < 0.8) await Promise.all([this.#sendBack(id, most), this.#sendBack(id, most)]);
    else if (roll < 0.9) await this.#sendBack(id, undefined);
    else for (const part of [amount / 3n, amount / 3n, amount]) await this.#sendBack(id, part);
  }

  #confirm(id: string): Promise<PaymentIntent | null> {
    const { book } = this.#options.shop;
    const own = uuidv7();
    const confirmations = [{ id: own, paymentIntentId: id, paymentMethod: this.#method() }];
    return this.#ask(own, (client, waitMs) =>
      client.intents.confirmPaymentIntents({ book, confirmations, waitMs }),
    );
  }

  #capture(id: string, amount: bigint | undefined, kind: 'final' | 'more'): Promise<PaymentIntent | null> {
    const { book } = this.#options.shop;
    const own = uuidv7();
    const more = { final: kind === 'final', ...(amount === undefined ? {} : { amount }) };
    const captures = [{ id: own, paymentIntentId: id, ...more }];
    return this.#ask(own, (client, waitMs) =>
      client.intents.capturePaymentIntents({ book, captures, waitMs }),
    );
  }

  #cancel(id: string): Promise<PaymentIntent | null> {
    const { book } = this.#options.shop;
    const own = uuidv7();
    const cancellations = [{ id: own, paymentIntentId: id }];
    return this.#ask(own, (client, waitMs) =>
      client.intents.cancelPaymentIntents({ book, cancellations, waitMs }),
    );
  }

  #sendBack(id: string, amount: bigint | undefined): Promise<PaymentIntent | null> {
    const { book } = this.#options.shop;
    const own = uuidv7();
    const refunds = [{ id: own, paymentIntentId: id, ...(amount === undefined ? {} : { amount }) }];
    return this.#ask(own, (client, waitMs) => client.refunds.createRefunds({ book, refunds, waitMs }));
  }

  #method(): { type: PaymentMethodType; token: string } {
    let left = this.#options.draw.unit() * 100;
    const found = TOKENS.find(([, share]) => (left -= share) < 0) ?? TOKENS[0];
    // Everybody has a card of their own: one that declines may be tried fifteen times a month.
    return {
      type: PaymentMethodType.CARD,
      token: `${found[0]}.${Math.floor(this.#options.draw.unit() * 1e9)}`,
    };
  }

  /** Sends the same until it is answered, or is given up; the payment where it was changed and could be read. */
  async #ask(
    id: string,
    send: (client: PaymentsClient, waitMs: number) => Promise<{ results: PaymentResult[] }>,
  ): Promise<PaymentIntent | null> {
    const { client, shop, ledger, draw, standing } = this.#options;
    const waitMs = draw.unit() < 0.1 ? 0 : draw.from(1, WAIT_MS_MAX);
    let repeats = draw.unit() < 0.1 ? 1 : 0;
    for (;;) {
      ledger.sending(shop.book, id);
      try {
        const { results } = await send(client, waitMs);
        ledger.answered(id, results[0]);
        if (repeats-- > 0) continue;
        const { outcome } = results[0];
        if (outcome.case === 'changed') return outcome.value.paymentIntent ?? null;
        // There is no route while a provider is away: nobody asks for one as fast as that.
        await wait(REFUSED_MS);
        return null;
      } catch (error) {
        if (!(error instanceof FlorinError) || !EXPECTED.has(error.codeName)) throw error;
        ledger.unanswered++;
        await wait(AWAY_MS);
        if (standing.isStopping || draw.unit() < GIVES_UP) return null;
      }
    }
  }
}

/** What a caller may meet while a core or its database is away; anything else ends the load. */
const EXPECTED: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'CANCELLED',
]);
