import { CURRENCY } from './catalogue.ts';
import { type Florin, Open, type Payment, type Refund, Refused } from './florin.ts';
import type { Order, Orders, PaymentTry } from './orders.ts';

/** What became of a request to pay or to refund. */
export type Outcome =
  | 'done'
  /** Not possible as the order stands now: it is shown as it is. */
  | 'not_now'
  /** Nobody knows yet. The same is sent again by itself, and cannot be done twice. */
  | 'open'
  | { readonly problem: string };

/** Asks Florin for money, and for giving it back. What is asked is written down before it is sent. */
export class Cashier {
  readonly #orders: Orders;
  readonly #florin: Florin;
  /** Where the payer's bank sends the payer back to. */
  readonly #returnUrl: (orderId: string) => string;
  /** By their keys: a second click waits for the answer to the first. */
  readonly #underWay = new Map<string, Promise<Outcome>>();

  constructor(options: { orders: Orders; florin: Florin; returnUrl: (orderId: string) => string }) {
    this.#orders = options.orders;
    this.#florin = options.florin;
    this.#returnUrl = options.returnUrl;
  }

  /** Pays with the card behind a token, as the nth try of this order. */
  async pay(orderId: string, n: number, token: string): Promise<Outcome> {
    const begun = this.#orders.beginTry(orderId, n, (order) => this.#requestOf(order, token));
    return begun === undefined ? 'not_now' : this.#send(orderId, begun);
  }

  /**
   * The payer is back from the bank. What the browser brings is handed on, and proves nothing: Florin asks the provider, and
   * an event tells what came of it. Where that was faster, there is nothing left to do.
   */
  async cameBack(order: Order, query: string): Promise<void> {
    if (order.state !== 'at the bank' || order.payment === null) return;
    const key = `shop-${order.id}-back-${order.nextTry}`;
    const body = query === '' ? {} : { redirect_result: query };
    try {
      await this.#florin.post(`/v1/payment_intents/${order.payment}/confirm`, body, key);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Open)) throw error;
    }
  }

  /** Gives back, under a key that the form brings: sent twice, it is given back once. */
  async refund(orderId: string, key: string, cents: number): Promise<Outcome> {
    const begun = this.#orders.beginRefund(orderId, key, cents);
    return begun === undefined ? 'not_now' : this.#sendRefund(key, begun);
  }

  /**
   * Sends again what has no answer, and asks about what is not over: a webhook may be late, or lost with an endpoint that
   * was disabled. An order comes right without it, only later. Answers with what could not be asked.
   */
  async askAboutOpen(): Promise<string[]> {
    const { payments, refunds } = this.#orders.unsettled();
    const paths = [
      ...payments.map((id) => `/v1/payment_intents/${id}`),
      ...refunds.map((id) => `/v1/refunds/${id}`),
    ];
    const questions = [
      ...this.#orders.openTries().map(
        ({ orderId, ...begun }) =>
          () =>
            this.#send(orderId, begun),
      ),
      ...this.#orders.openRefunds().map(
        ({ key, ...begun }) =>
          () =>
            this.#sendRefund(key, begun),
      ),
      ...paths.map((path) => async () => this.#orders.believe(await this.#florin.get(path))),
    ];
    const failed: string[] = [];
    // One after the other, and each for itself: what cannot be asked holds up nothing else.
    for (const question of questions) await question().catch(({ message }: Error) => failed.push(message));
    return failed;
  }

  /** A first try makes the payment; after a decline the same payment is tried with another card. */
  #requestOf({ id, number, cents, payment }: Order, token: string): { path: string; body: object } {
    if (payment !== null)
      return { path: `/v1/payment_intents/${payment}/confirm`, body: { payment_method: token } };
    return {
      path: '/v1/payment_intents',
      body: {
        amount: cents,
        currency: CURRENCY,
        payment_method: token,
        confirm: true,
        // By this events find the order, also one whose answer was lost.
        reference: id,
        description: `Order ${number}`,
        return_url: this.#returnUrl(id),
      },
    };
  }

  #send(orderId: string, { n, path, body }: PaymentTry): Promise<Outcome> {
    const key = `shop-${orderId}-${n}`;
    return this.#once(key, {
      ask: () => this.#florin.post<Payment>(path, JSON.parse(body) as object, key),
      keep: (answer) => this.#orders.answered(orderId, n, answer),
    });
  }

  #sendRefund(key: string, { payment, cents }: { payment: string; cents: number }): Promise<Outcome> {
    const body = { payment_intent: payment, amount: cents };
    return this.#once(`shop-${key}`, {
      ask: () => this.#florin.post<Refund>('/v1/refunds', body, `shop-${key}`),
      keep: (answer) => this.#orders.refundAnswered(key, 'problem' in answer ? null : answer),
    });
  }

  #once<T>(key: string, request: Request<T>): Promise<Outcome> {
    const first = this.#underWay.get(key);
    if (first !== undefined) return first;
    const asked = outcomeOf(request).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return asked;
  }
}

interface Request<T> {
  readonly ask: () => Promise<T>;
  /** Makes the answer durable, or that it is refused for good. */
  readonly keep: (answer: T | { readonly problem: string }) => void;
}

async function outcomeOf<T>({ ask, keep }: Request<T>): Promise<Outcome> {
  try {
    keep(await ask());
    return 'done';
  } catch (error) {
    if (error instanceof Open) return 'open';
    if (!(error instanceof Refused)) throw error;
    const { message: problem } = error;
    keep({ problem });
    return { problem };
  }
}
