import { toJson } from '@bufbuild/protobuf';
import { FlorinError, uuidv7 } from '../../../client/index.ts';
import { OperationKind } from '../../../gen/florin/payments/v1/operations_pb.ts';
import {
  type PaymentChanged,
  PaymentChangedSchema,
  PaymentIntentState as State,
} from '../../../gen/florin/payments/v1/payments_pb.ts';
import type { ProviderTruth, ReportLine } from '../simulator.ts';
import { card, cashier, changed, intentOf, reasonOf } from './cashier.ts';
import { connectPayments, type PaymentsClient, type Shop } from './client.ts';

/** Where callers do the same at the same time. Nobody else may ask the provider for anything meanwhile. */
export interface RaceCourse {
  /** host:port of the core's gRPC. */
  readonly target: string;
  readonly shop: Shop;
  readonly simulator: ProviderTruth;
  /** How many races are over, each time another tenth of them is. */
  readonly tell: (over: number) => void;
}

/** Connections, each of a client of its own; callers use them in turn. */
const CONNECTIONS = 10;
/** Keys at once, each with all its callers; and refund rounds, which have two callers each. */
const CONFIRM_LANES = 2;
const REFUND_LANES = 20;
/** For a provider that answers at once: nobody's wait may end before it has. */
const WAIT_MS = 30_000;
const CALL_MS_MAX = 60_000;

/**
 * So many identical confirms at once, on each of so many payments: what is not one charge and one answer. Of the shop
 * nothing may be settled on the day itself: a payment whose money becomes available meanwhile is told of as it stands.
 */
export async function raceConfirms(
  course: RaceCourse,
  { keys, callers }: { keys: number; callers: number },
): Promise<string[]> {
  const { shop, simulator } = course;
  const before = (await simulator.report()).length;
  const found: string[] = [];
  const confirmed = new Set<string>();
  await withClients(course.target, async (clients) => {
    await inLanes({ lanes: CONFIRM_LANES, times: keys, tell: course.tell }, async () => {
      const id = uuidv7();
      const amount = { minorUnits: 4_321n, asset: 'EUR' };
      const paymentIntents = [{ id, merchantId: shop.merchant, amount }];
      await clients[0].intents.createPaymentIntents({ book: shop.book, paymentIntents });
      const confirmation = { id: uuidv7(), paymentIntentId: id, paymentMethod: card('pm_card_visa') };
      const request = { book: shop.book, confirmations: [confirmation], waitMs: WAIT_MS };
      const answers = await Promise.allSettled(
        Array.from({ length: callers }, async (_, caller) => {
          const { intents } = clients[caller % clients.length];
          return changed((await intents.confirmPaymentIntents(request)).results[0]);
        }),
      );
      const operation = oneCharge(answers, (what) => found.push(`payment ${id}: ${what}`));
      if (operation !== undefined) confirmed.add(operation);
    });
  });
  const charges = (await simulator.report()).slice(before);
  return [...found, ...notDoneOnce(charges, { kind: 'sale', asked: confirmed, times: keys })];
}

/** What was charged, as all answers say it, or undefined where they do not. */
function oneCharge(
  answers: readonly PromiseSettledResult<PaymentChanged>[],
  say: (what: string) => void,
): string | undefined {
  const given: PaymentChanged[] = [];
  for (const answer of answers)
    if (answer.status === 'fulfilled') given.push(answer.value);
    else say(`a confirm was not answered: ${nameOf(answer.reason)}`);
  const firsts = given.filter(({ replayed }) => !replayed).length;
  if (firsts !== 1) say(`${firsts} of ${given.length} confirms were the first`);
  // Whoever comes later is told the same in all else.
  const told = new Set(given.map((one) => written({ ...one, replayed: false })));
  if (told.size > 1) say(`${told.size} different answers: ${[...told].join(' and ')}`);
  if (given.length === 0) return undefined;
  const { state, attempts, counters } = intentOf(given[0]);
  if (state !== State.SUCCEEDED || counters?.captured !== 4_321n)
    say(`it is in state ${state}, and captured ${counters?.captured}`);
  if (attempts.length !== 1) say(`${attempts.length} attempts`);
  return attempts.at(0)?.operationId;
}

function written(answer: PaymentChanged): string {
  return JSON.stringify(toJson(PaymentChangedSchema, answer));
}

/**
 * So many rounds of two refunds of 60 on 100 at once: where not exactly one of the two passes. The shop's merchant is
 * settled on the day itself, so that the money is there.
 */
export async function raceRefunds(course: RaceCourse, { rounds }: { rounds: number }): Promise<string[]> {
  const { shop, simulator } = course;
  const found: string[] = [];
  const passed = new Set<string>();
  let before = 0;
  await withClients(course.target, async (clients) => {
    const { paid, refund, standing } = cashier(() => ({ client: clients[0], shop }));
    // The merchant can afford it: a payment of 100 brings less than 60 after fees.
    await paid({ amount: 10_000n + 100n * BigInt(rounds) });
    before = (await simulator.report()).length;
    await inLanes({ lanes: REFUND_LANES, times: rounds, tell: course.tell }, async () => {
      const { id } = await paid({ amount: 100n });
      const answers = await Promise.all(
        [0, 1].map(async (caller) => {
          const through = clients[(passed.size * 2 + caller) % clients.length];
          return reasonOf(await refund(id, { amount: 60n, through }));
        }),
      );
      const told = answers.toSorted().join(' and ');
      if (told !== 'EXCEEDS_CAPTURED and changed') found.push(`payment ${id}: ${told}`);
      const { counters, operations } = await standing(id);
      if (counters?.refunded !== 60n || counters.refunding !== 0n)
        found.push(`payment ${id}: refunded ${counters?.refunded}, and ${counters?.refunding} under way`);
      for (const one of operations) if (one.kind === OperationKind.REFUND) passed.add(one.id);
    });
  });
  const done = (await simulator.report()).slice(before).filter(({ kind }) => kind === 'refund');
  return [...found, ...notDoneOnce(done, { kind: 'refund', asked: passed, times: rounds })];
}

/** Where the provider has not done exactly what it was asked for, each once. */
function notDoneOnce(
  done: readonly ReportLine[],
  { kind, asked, times }: { kind: string; asked: ReadonlySet<string>; times: number },
): string[] {
  const found: string[] = [];
  if (done.length !== times) found.push(`the provider has done ${done.length} operations, not ${times}`);
  if (asked.size !== times) found.push(`${asked.size} operations were told of, not ${times}`);
  for (const line of done) {
    if (line.kind !== kind || line.status !== 'succeeded')
      found.push(`${line.kind} ${line.reference} is ${line.status}`);
    if (!asked.has(line.reference))
      found.push(`${line.kind} ${line.reference} was done, and no caller knows`);
  }
  return found;
}

async function withClients(
  target: string,
  body: (clients: readonly PaymentsClient[]) => Promise<void>,
): Promise<void> {
  const clients = Array.from({ length: CONNECTIONS }, () =>
    connectPayments({ target, timeoutMs: CALL_MS_MAX }),
  );
  try {
    await body(clients);
  } finally {
    for (const client of clients) client.close();
  }
}

/** Does something so many times, so many at once. */
async function inLanes(
  { lanes, times, tell }: { lanes: number; times: number; tell: (over: number) => void },
  once: () => Promise<void>,
): Promise<void> {
  const tenth = Math.ceil(times / 10);
  let left = times;
  let over = 0;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      await once();
      if (++over % tenth === 0) tell(over);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function nameOf(error: unknown): string {
  return error instanceof FlorinError ? `${error.codeName} ${error.message}` : String(error);
}
