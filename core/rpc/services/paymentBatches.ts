import type { MessageInitShape } from '@bufbuild/protobuf';
import type { JournalPositionSchema } from '../../../gen/florin/ledger/v1/journal_pb.ts';
import type {
  PaymentIntentSchema,
  PaymentResultSchema,
} from '../../../gen/florin/payments/v1/payments_pb.ts';
import { BATCH_ITEMS_MAX } from '../../kernel/ledger/limits.ts';
import type { PaymentRequest } from '../../kernel/payments/commands.ts';
import type { Intent } from '../../kernel/payments/model.ts';
import { CallRefused, type Malformed, type PaymentAnswer, type PaymentOutcome } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { BadField } from '../errors/badField.ts';
import { position } from '../translate/answers.ts';
import { paymentIntent, paymentResult } from '../translate/paymentAnswers.ts';
import { WAIT_MS_MAX } from '../translate/paymentLimits.ts';
import type { Grounds } from './grounds.ts';
import { checkedBook } from './names.ts';

interface Batch<Item> {
  book: string;
  items: readonly Item[];
  /** The name of the request's repeated field. */
  field: string;
  translate: (item: Item) => PaymentRequest | Malformed;
}

/** Checks a batch as a whole, translates its items one by one, and submits them. */
export async function submitPayments<Item>(
  { payments, metrics }: Grounds,
  { book, items, field, translate }: Batch<Item>,
  call: Call,
): Promise<PaymentAnswer> {
  const name = checkedBook(book);
  if (items.length < 1 || items.length > BATCH_ITEMS_MAX) throw new CallRefused('BATCH_SIZE', { field });
  const answer = await payments.submitPayments(name, items.map(translate), { deadlineUs: call.deadlineUs });
  for (const outcome of answer.outcomes) if (!outcome.done) metrics.refused(outcome.reason, 1);
  return answer;
}

interface WaitingBatch<Item> extends Batch<Item> {
  waitMs: number;
  /** Brings an outcome into the words of the item. */
  reworded?: (outcome: PaymentOutcome) => PaymentOutcome;
}

/** The same, and the answer: with the payment intents at rest where the caller waits for that. */
export async function changePayments<Item>(
  grounds: Grounds,
  { waitMs, reworded = (outcome) => outcome, ...batch }: WaitingBatch<Item>,
  call: Call,
): Promise<{
  position: MessageInitShape<typeof JournalPositionSchema>;
  results: MessageInitShape<typeof PaymentResultSchema>[];
}> {
  const asked = checkedWait(waitMs);
  const answer = await submitPayments(grounds, batch, call);
  const results = answer.outcomes.map(async (outcome) => {
    if (!outcome.done || asked === 0) return paymentResult(reworded(outcome));
    return paymentResult(
      outcome,
      await restingOf(grounds, { book: batch.book, outcome, waitMs: asked }, call),
    );
  });
  return { position: position(answer.position), results: await Promise.all(results) };
}

/** Durable it is in any case: where the payment intent cannot be read, the answer goes without. */
async function restingOf(
  grounds: Grounds,
  { book, outcome, waitMs }: { book: string; outcome: PaymentOutcome & { done: true }; waitMs: number },
  call: Call,
): Promise<MessageInitShape<typeof PaymentIntentSchema> | undefined> {
  const { subject } = outcome;
  const wait = waitWithin(grounds, waitMs, call);
  const intent = await grounds.payments.restingIntent(book, subject, wait).catch((): null => null);
  return intent === null ? undefined : paymentIntent(intent, book);
}

/** What an answer needs to reach the caller before its deadline: encoding thousands of items, and the way. */
const ANSWER_MS = 50;

/** A wait that ends before the caller's deadline, so that there is an answer and not only an error. */
export function waitWithin({ clock }: Grounds, waitMs: number, call: Call): number {
  const leftMs = (call.deadlineUs - clock.monotonicUs()) / 1000 - ANSWER_MS;
  return Math.floor(Math.max(0, Math.min(waitMs, leftMs)));
}

export function checkedWait(waitMs: number): number {
  if (waitMs < 0 || waitMs > WAIT_MS_MAX)
    throw new BadField('wait_ms', 'INVALID_VALUE', `wait_ms: from 0 to ${WAIT_MS_MAX}.`);
  return waitMs;
}

/** Each intent as soon as it is at rest, in the groups in which they came to it. */
export async function* asTheyRest(
  waits: readonly Promise<{ id: string; intent: Intent | null }>[],
): AsyncGenerator<{ id: string; intent: Intent | null }[]> {
  let ready: { id: string; intent: Intent | null }[] = [];
  let failed: { error: unknown } | undefined;
  let left = waits.length;
  let wake = (): void => undefined;
  for (const wait of waits)
    wait.then(
      (one) => {
        ready.push(one);
        wake();
      },
      (error: unknown) => {
        failed ??= { error };
        wake();
      },
    );
  while (left > 0) {
    if (ready.length === 0 && failed === undefined)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    if (failed !== undefined) throw failed.error;
    const group = ready;
    ready = [];
    left -= group.length;
    yield group;
  }
}
