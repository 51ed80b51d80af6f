import { setTimeout as sleep } from 'node:timers/promises';
import {
  CODE,
  type FlorinClient,
  FlorinError,
  type NewPaymentIntentInit,
  type SingleAnswer,
  uuidv7,
} from '../../client/index.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  type PaymentChanged,
  type PaymentIntent,
  PaymentIntentState,
  type PaymentResult,
} from '../../gen/florin/payments/v1/payments_pb.ts';
import { nowMs } from '../measure/clock.ts';
import { Latencies } from '../measure/latencies.ts';
import { WrongAnswer } from './answers.ts';
import type { Arrivals } from './arrivals.ts';
import type { Section, Until } from './callers.ts';
import type { Draw } from './draw.ts';

/** A card that the provider takes at once. */
const CARD = { type: PaymentMethodType.CARD, token: 'pm_card_visa' } as const;
/** The longest that a payment may take to come to rest; the provider answers within milliseconds. */
const WAIT_MS = 30_000;
/** A call that was turned away is made again after this long. */
const PAUSE_MS = 5;
/** Minor units. */
const AMOUNT_LEAST = 100;
const AMOUNTS = 50_000;

export interface PaymentsOptions {
  readonly client: FlorinClient;
  readonly book: string;
  readonly merchants: readonly string[];
  readonly draw: Draw;
}

/** How late a confirmation was begun, which is the load generator's doing, and how long it took from then. */
export interface ConfirmationTime {
  readonly lateMs: number;
  readonly tookMs: number;
}

/** What of a payment intent a scenario has its own way. */
type Wanted = Pick<NewPaymentIntentInit & object, 'captureMethod' | 'confirm' | 'expiresAfterSeconds'>;

/** Payments as a shop makes them, through the client that gathers single calls: create, confirm, wait for the outcome. */
export class PaymentLoad {
  readonly #options: PaymentsOptions;
  #turnedAway = 0;

  constructor(options: PaymentsOptions) {
    this.#options = options;
  }

  /** Closed loop: so many callers, each with one payment under way. */
  async closed(callers: number, until: Until): Promise<Section> {
    const latencies = new Latencies();
    const before = this.#turnedAway;
    const began = nowMs();
    const caller = async (): Promise<void> => {
      while (!until.isOver(latencies.count)) {
        const beganMs = nowMs();
        await this.#pay();
        latencies.add(nowMs() - beganMs);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return this.#section(latencies, { began, before });
  }

  /** Open loop: a payment begins whenever one is due, however the ones before fare; its time counts from then. */
  async open(arrivals: Arrivals): Promise<Section> {
    const latencies = new Latencies();
    const before = this.#turnedAway;
    const began = nowMs();
    await arrivals.each(async (dueMs) => {
      await this.#pay();
      latencies.add(nowMs() - dueMs);
    });
    return this.#section(latencies, { began, before });
  }

  /** The same of payments that were made before, by the reference at the provider. */
  async openConfirmations(
    arrivals: Arrivals,
    ids: readonly string[],
  ): Promise<Map<string, ConfirmationTime>> {
    const times = new Map<string, ConfirmationTime>();
    let next = 0;
    await arrivals.each(async (dueMs) => {
      const beganMs = nowMs();
      const { operations } = await this.confirm(ids[next++]);
      times.set(operations[0].id, { lateMs: beganMs - dueMs, tookMs: nowMs() - beganMs });
    });
    return times;
  }

  /** A payment intent as it is made: drawn amount and merchant, a method, and whatever else is wanted. */
  drawn(more: Wanted = {}) {
    const { draw, merchants } = this.#options;
    const minorUnits = BigInt(AMOUNT_LEAST + draw.below(AMOUNTS));
    return {
      id: uuidv7(),
      merchantId: merchants[draw.below(merchants.length)],
      amount: { minorUnits, asset: 'EUR' },
      paymentMethod: CARD,
      ...more,
    };
  }

  /** Makes a payment intent that is not asked of any provider yet; its id. */
  async create(): Promise<string> {
    const { client, book } = this.#options;
    const intent = this.drawn();
    await this.#changed(() => client.paymentIntents.createPaymentIntent(book, intent));
    return intent.id;
  }

  /** Confirms one and waits until it rests; it must have succeeded. */
  async confirm(paymentIntentId: string): Promise<PaymentIntent> {
    const { client, book } = this.#options;
    const confirmation = { id: uuidv7(), paymentIntentId };
    const { paymentIntent } = await this.#changed(() =>
      client.paymentIntents.confirmPaymentIntent(book, confirmation, { waitMs: WAIT_MS }),
    );
    if (paymentIntent?.state === PaymentIntentState.SUCCEEDED) return paymentIntent;
    const state = paymentIntent === undefined ? 'unread' : `in state ${paymentIntent.state}`;
    throw new WrongAnswer(`payment ${paymentIntentId} is ${state}`);
  }

  async #pay(): Promise<void> {
    await this.confirm(await this.create());
  }

  /**
   * Makes so many at once, all alike, and with `waitMs` waits until each rests in `state`. Rejects where one was refused
   * or rests elsewhere.
   */
  async batch(count: number, wanted: Wanted, rest?: { state: PaymentIntentState }): Promise<void> {
    const { client, book } = this.#options;
    const paymentIntents = Array.from({ length: count }, () => this.drawn(wanted));
    const waitMs = rest === undefined ? 0 : WAIT_MS;
    const { results } = await this.#untilRoom(() =>
      client.paymentIntents.createPaymentIntents({ book, paymentIntents, waitMs }),
    );
    for (const { outcome } of results) {
      const { paymentIntent } = changeOf(outcome);
      if (rest !== undefined && paymentIntent?.state !== rest.state)
        throw new WrongAnswer(`a payment is in state ${paymentIntent?.state} and not in ${rest.state}`);
    }
  }

  async #changed(call: () => Promise<SingleAnswer<PaymentResult['outcome']>>): Promise<PaymentChanged> {
    return changeOf((await this.#untilRoom(call)).outcome);
  }

  async #untilRoom<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof FlorinError && error.code === CODE.RESOURCE_EXHAUSTED)) throw error;
        this.#turnedAway += 1;
        await sleep(PAUSE_MS);
      }
    }
  }

  #section(latencies: Latencies, { began, before }: { began: number; before: number }): Section {
    return {
      booked: latencies.count,
      calls: latencies.count,
      seconds: (nowMs() - began) / 1_000,
      latencies,
      turnedAway: this.#turnedAway - before,
    };
  }
}

/** A replay is right: the client repeats calls whose outcome it does not know. */
function changeOf(outcome: PaymentResult['outcome']): PaymentChanged {
  if (outcome.case === 'changed') return outcome.value;
  throw new WrongAnswer(outcome.case === 'refused' ? outcome.value.reason : 'no outcome');
}
