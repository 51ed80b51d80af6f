import { setTimeout as wait } from 'node:timers/promises';
import {
  connectFlorin,
  type Florin,
  FlorinError,
  type Outcome,
  type SingleAnswer,
} from '../../../client/index.ts';
import type { JournalPosition } from '../../../gen/florin/ledger/v1/journal_pb.ts';
import type { TransactionResult } from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { type LoadedBook, drawEnd, drawHold, drawTransfer, reversalOf } from './books.ts';
import type { Asked, ClientLedger } from './clientLedger.ts';
import type { Draw } from './draw.ts';

/** Between two tries against a core that is away. */
const AWAY_MS = 40;
/** Between two batches: a load is to be many calls in every state, not many transactions. */
const PACE_MS_MAX = 30;
/** What calls may last that nobody answers, milliseconds. */
const CALL_MS = 5_000;

export interface LoadOptions {
  readonly target: string;
  readonly books: readonly LoadedBook[];
  readonly ledger: ClientLedger;
  readonly draw: Draw;
  /** Callers of batches and callers of single transactions, for each book. Default 2 and 6. */
  readonly batchCallers?: number;
  readonly singleCallers?: number;
}

export interface Load {
  /** Lets the calls under way end; rejects where a caller met something that no caller should. */
  stop(): Promise<void>;
}

/** Callers that keep on calling whatever happens to the core, and note what they send and what they are told. */
export function startLoad(options: LoadOptions): Load {
  const { target, books, ledger, draw, batchCallers = 2, singleCallers = 6 } = options;
  // A try that fails is noted, and repeated by the callers themselves: every answer shall count.
  const florin = connectFlorin({ target, timeoutMs: CALL_MS, retry: { attemptsMax: 1 } });
  const patient = connectFlorin({ target, timeoutMs: CALL_MS, retry: { attemptsMax: 20 } });
  const eager = { florin, tries: 'one' } as const;
  const lasting = { florin: patient, tries: 'many' } as const;
  const standing = { isStopping: false };
  const running = books.flatMap((book) => [
    ...Array.from({ length: batchCallers }, () =>
      callBatches({ florin, tries: 'one', book, ledger, draw, standing }),
    ),
    ...Array.from({ length: singleCallers }, (_, i) =>
      callSingles({ ...(i % 2 === 0 ? eager : lasting), book, ledger, draw, standing }),
    ),
  ]);
  const all = Promise.all(running);
  // Met again by whoever stops the load.
  all.catch(() => undefined);
  return {
    stop: async () => {
      standing.isStopping = true;
      try {
        await all;
      } finally {
        florin.close();
        patient.close();
      }
    },
  };
}

interface Caller {
  readonly florin: Florin;
  /** How often that client may try one call. */
  readonly tries: 'one' | 'many';
  readonly book: LoadedBook;
  readonly ledger: ClientLedger;
  readonly draw: Draw;
  readonly standing: { isStopping: boolean };
}

async function callBatches({ florin, book, ledger, draw, standing }: Caller): Promise<void> {
  let batch: Asked[] = [];
  while (!standing.isStopping) {
    // After a failure the same again, or something new: both happen out there.
    if (batch.length === 0) batch = Array.from({ length: draw.from(1, 120) }, () => drawTransfer(draw, book));
    if (draw.unit() < 0.1) batch.push(batch[draw.from(0, batch.length - 1)]);
    const failure = await sendBatch({ florin, ledger, book: book.name, batch });
    if (failure === null || draw.unit() < GIVES_UP[failure]) batch = [];
    await wait(failure === null ? draw.from(0, PACE_MS_MAX) : AWAY_MS);
  }
}

/** What is never sent shall stay little: a core that is away for seconds refuses thousands of calls. */
const GIVES_UP = { none: 0.02, unknown: 0.5 };

/** Sends items of one kind as one call; tells how it failed, if it did. */
export async function sendBatch(call: {
  florin: Florin;
  ledger: ClientLedger;
  book: string;
  batch: readonly Asked[];
}): Promise<Outcome | null> {
  const { ledger, book, batch } = call;
  ledger.sending(book, batch);
  try {
    const { position, results } = await batchOf(call.florin, book, batch);
    ledger.positioned(position);
    batch.forEach((asked, i) => ledger.answered(asked.item.id, results[i]));
    return null;
  } catch (error) {
    return failed(ledger, batch, error);
  }
}

function batchOf(
  { transactions }: Florin,
  book: string,
  batch: readonly Asked[],
): Promise<{ position?: JournalPosition | undefined; results: TransactionResult[] }> {
  const { op } = batch[0];
  switch (op) {
    case 'create':
      return transactions.createTransactions({ book, transactions: itemsOf(batch, op) });
    case 'post':
      return transactions.postTransactions({ book, posts: itemsOf(batch, op) });
    case 'void':
      return transactions.voidTransactions({ book, voids: itemsOf(batch, op) });
    case 'reverse':
      return transactions.reverseTransactions({ book, reversals: itemsOf(batch, op) });
  }
}

type ItemOf<Op extends Asked['op']> = Extract<Asked, { op: Op }>['item'];

function itemsOf<Op extends Asked['op']>(batch: readonly Asked[], op: Op): ItemOf<Op>[] {
  return batch.map((asked) => {
    if (asked.op !== op) throw new Error('a batch has items of one kind');
    return asked.item as ItemOf<Op>;
  });
}

/** One after the other: a transfer that may be reversed, or a hold and what becomes of it. */
async function callSingles(caller: Caller): Promise<void> {
  const { book, draw, standing } = caller;
  while (!standing.isStopping) {
    const isHold = draw.unit() < 0.5;
    const first = isHold ? drawHold(draw, book) : drawTransfer(draw, book);
    const isBooked = await sendSingle(caller, first);
    if (!isBooked) continue;
    const { id } = first.item;
    const { amount } = first.item.postings[0];
    if (isHold) for (const next of drawEnd(draw, { id, amount })) await sendSingle(caller, next);
    else if (draw.unit() < 0.3) await sendSingle(caller, reversalOf({ id, amount }));
  }
}

/** Sends one item until it is answered, or is given up; true where it was booked. */
async function sendSingle(
  { florin, tries, book, ledger, draw, standing }: Caller,
  asked: Asked,
): Promise<boolean> {
  for (;;) {
    ledger.sending(book.name, [asked], tries);
    try {
      const { outcome } = await single(florin, book.name, asked);
      ledger.answered(asked.item.id, { outcome });
      return outcome.case === 'booked';
    } catch (error) {
      const failure = failed(ledger, [asked], error);
      await wait(AWAY_MS);
      if (standing.isStopping || draw.unit() < GIVES_UP[failure]) return false;
    }
  }
}

function single(
  { transactions }: Florin,
  book: string,
  asked: Asked,
): Promise<SingleAnswer<TransactionResult['outcome']>> {
  switch (asked.op) {
    case 'create':
      return transactions.createTransaction(book, asked.item);
    case 'post':
      return transactions.postTransaction(book, asked.item);
    case 'void':
      return transactions.voidTransaction(book, asked.item);
    case 'reverse':
      return transactions.reverseTransaction(book, asked.item);
  }
}

/** What a caller may meet while a core or its database is away; anything else ends the test. */
const EXPECTED = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'CANCELLED']);

function failed(ledger: ClientLedger, batch: readonly Asked[], error: unknown): Outcome {
  if (!(error instanceof FlorinError) || !EXPECTED.has(error.codeName)) throw error;
  ledger.failed(batch, error.outcome, error.reason ?? error.rawMessage);
  return error.outcome;
}
