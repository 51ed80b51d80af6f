import { setTimeout as wait } from 'node:timers/promises';
import { type FlorinClient, type SingleAnswer, connectFlorin } from '../../client/index.ts';
import { OperationKind, OperationState } from '../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import {
  CaptureMethod,
  type PaymentIntent,
  PaymentIntentState,
  type PaymentResult,
} from '../../gen/florin/payments/v1/payments_pb.ts';
import { reaching } from '../core.ts';
import { isNotFound, problemOf } from '../coreErrors.ts';
import { refused } from '../problem.ts';
import {
  againId,
  CALLS,
  CURRENCY,
  isSlow,
  MERCHANTS,
  type Order,
  ORDERS,
  paymentId,
  SHOP,
  type Step,
  stepId,
} from './story.ts';

const CALL_TIMEOUT_MS = 10_000;
/** Most answers take milliseconds. One that was under way when a start was cut short is asked about for some seconds. */
const PROVIDER_MS_MAX = 12_000;
const AVAILABLE_MS_MAX = 5_000;
const POLL_MS = 100;
/** How often, and how far apart, a payment is asked for again that did not reach its provider. */
const AGAIN_MAX = 8;
const AGAIN_MS = 2_000;
const DESCRIPTION = 'Payments of two merchants, by the payment simulator';

type Client = Pick<FlorinClient, 'books' | 'merchants' | 'paymentIntents' | 'refunds' | 'balances'>;
type Answer = SingleAnswer<PaymentResult['outcome']>;

export interface TellOptions {
  /** Host and port of the core's gRPC. */
  readonly target: string;
  readonly onProgress?: (progress: { callsDone: number; callCount: number }) => void;
}

/**
 * Makes the sample's payments, each once however often it is told: what was done before is answered again. Fails where a
 * payment that has more to come still waits for its provider; told again later it goes on there.
 */
export async function tellShop({ target, onProgress }: TellOptions): Promise<void> {
  const client = connectFlorin({ ...reaching(target), timeoutMs: CALL_TIMEOUT_MS });
  let callsDone = 0;
  const count = (): void => onProgress?.({ callsDone: (callsDone += 1), callCount: CALLS });
  try {
    await openShop(client);
    const told = await Promise.allSettled(ORDERS.map((order) => tellOrder(client, order, count)));
    for (const one of told) if (one.status === 'rejected') throw one.reason;
  } catch (error) {
    throw problemOf(error, target);
  } finally {
    client.close();
  }
}

async function openShop(client: Client): Promise<void> {
  try {
    await client.books.getBook({ name: SHOP });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.books.createBook({ name: SHOP, description: DESCRIPTION });
  }
  const { results } = await client.merchants.createMerchants({
    book: SHOP,
    merchants: Object.values(MERCHANTS),
  });
  for (const { outcome } of results)
    if (outcome.case !== 'done') throw refused(`a merchant was refused with ${outcome.value?.reason}`);
}

async function tellOrder(client: Client, order: Order, count: () => void): Promise<void> {
  let payment = await arrived(client, order, settled(order, await createdOf(client, order)));
  count();
  for (const [index, step] of order.steps.entries()) {
    if (payment === undefined || payment.state === PaymentIntentState.PROCESSING)
      throw refused(`the payment of order ${order.order} still waits for its provider`);
    if (step.do === 'refund' && step.amount === undefined) await untilAvailable(client, order);
    payment = settled(order, await take(client, order, step, stepId(order.order, index + 1)));
    count();
  }
}

/** One that was made before is waited for in any case: it may have been lost with the start that was cut short. */
async function createdOf(client: Client, order: Order): Promise<Answer> {
  const answer = await create(client, order, isSlow(order) ? 0 : PROVIDER_MS_MAX);
  const { outcome } = answer;
  const isKnown = outcome.case === 'changed' && outcome.value.paymentIntent !== undefined;
  if (isKnown || outcome.case !== 'changed' || !outcome.value.replayed) return answer;
  return create(client, order, PROVIDER_MS_MAX);
}

/** What never reached the provider, because a start was cut short before, is asked for again. */
async function arrived(
  client: Client,
  order: Order,
  payment: PaymentIntent | undefined,
): Promise<PaymentIntent | undefined> {
  let now = payment;
  for (let time = 1; time <= AGAIN_MAX && now !== undefined && isLost(now); time++) {
    await wait(AGAIN_MS);
    const step = { do: 'confirm', token: order.token } as const;
    now = settled(order, await take(client, order, step, againId(order.order, time)));
  }
  return now;
}

/** Nothing was sent, nobody was there to send it to, or the provider says that it never arrived. */
function isLost({ state, operations }: PaymentIntent): boolean {
  if (state !== PaymentIntentState.REQUIRES_PAYMENT_METHOD) return false;
  const last = operations.findLast(({ kind }) => kind !== OperationKind.VOID);
  if (last === undefined || last.state === OperationState.NOT_SENT) return true;
  return last.state === OperationState.FAILED && last.declineCode === '';
}

function create({ paymentIntents }: Client, order: Order, waitMs: number): Promise<Answer> {
  const { order: number, of, what, amount, how } = order;
  const payment = {
    id: paymentId(number),
    merchantId: MERCHANTS[of].id,
    amount: { minorUnits: amount, asset: CURRENCY[of] },
    captureMethod: how === 'manual' ? CaptureMethod.MANUAL : CaptureMethod.AUTOMATIC,
    paymentMethod: card(order.token),
    confirm: how !== 'unconfirmed',
    reference: `order ${number}`,
    description: what,
    // A month, so that what is open stands for a while.
    expiresAfterSeconds: 2_592_000n,
  };
  return paymentIntents.createPaymentIntent(SHOP, payment, { waitMs });
}

function take(
  { paymentIntents, refunds }: Client,
  { order }: Order,
  step: Step,
  id: string,
): Promise<Answer> {
  const about = { id, paymentIntentId: paymentId(order) };
  const options = { waitMs: PROVIDER_MS_MAX };
  switch (step.do) {
    case 'capture': {
      const { amount, more } = step;
      const capture = { ...about, ...(amount === undefined ? {} : { amount }), final: more === undefined };
      return paymentIntents.capturePaymentIntent(SHOP, capture, options);
    }
    case 'refund': {
      const { amount } = step;
      return refunds.createRefund(SHOP, { ...about, ...(amount === undefined ? {} : { amount }) }, options);
    }
    case 'cancel':
      return paymentIntents.cancelPaymentIntent(SHOP, about, options);
    case 'confirm':
      return paymentIntents.confirmPaymentIntent(
        SHOP,
        { ...about, paymentMethod: card(step.token) },
        options,
      );
  }
}

const card = (token: string) => ({ type: PaymentMethodType.CARD, token });

/** The payment as it stands; undefined where nobody waited for it or it could not be read. */
function settled({ order }: Order, { outcome }: Answer): PaymentIntent | undefined {
  if (outcome.case === 'changed') return outcome.value.paymentIntent;
  throw refused(`the payment of order ${order} was refused with ${outcome.value?.reason}`);
}

/**
 * Fees are kept, so a refund in full takes more than the payment has brought: it needs other money of the merchant's. A
 * refund that is refused stays refused, so this comes first.
 */
async function untilAvailable({ balances }: Client, { order, of, amount }: Order): Promise<void> {
  const code = `m:${MERCHANTS[of].id}:available:${CURRENCY[of]}`;
  const until = performance.now() + AVAILABLE_MS_MAX;
  while (performance.now() < until) {
    try {
      const { balance } = await balances.getBalance({
        book: SHOP,
        account: { case: 'code', value: code },
        freshness: { latest: true, waitMs: AVAILABLE_MS_MAX },
      });
      if (balance !== undefined && balance.postedBalance >= amount) return;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    await wait(POLL_MS);
  }
  throw refused(`the merchant of order ${order} has no money yet to give back`);
}
