import type { MessageInitShape } from '@bufbuild/protobuf';
import type { JournalPositionSchema } from '../../../gen/florin/ledger/v1/journal_pb.ts';
import type { PaymentResultSchema } from '../../../gen/florin/payments/v1/payments_pb.ts';
import { BATCH_ITEMS_MAX } from '../../kernel/ledger/limits.ts';
import type { PaymentRequest } from '../../kernel/payments/commands.ts';
import { CallRefused, type Malformed, type PaymentAnswer, type PaymentOutcome } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { position } from '../translate/answers.ts';
import { paymentIntent, paymentResult } from '../translate/paymentAnswers.ts';
import type { Grounds } from './grounds.ts';
import { checkedBook } from './names.ts';
import { checkedWait, Waits } from './waits.ts';

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
  const told = { position: position(answer.position) };
  if (asked === 0) {
    return { ...told, results: answer.outcomes.map((outcome) => paymentResult(reworded(outcome))) };
  }
  const waits = new Waits(grounds, { book: batch.book, waitMs: asked }, call);
  const results = answer.outcomes.map(async (outcome) => {
    if (!outcome.done) return paymentResult(reworded(outcome));
    // Durable it is in any case: where the payment intent cannot be read, the answer goes without.
    const intent = await waits.resting(outcome.subject).catch((): null => null);
    return paymentResult(outcome, intent === null ? undefined : paymentIntent(intent, batch.book));
  });
  try {
    return { ...told, results: await Promise.all(results) };
  } finally {
    waits.close();
  }
}
