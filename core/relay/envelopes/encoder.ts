import { create, toBinary } from '@bufbuild/protobuf';
import { EnvelopeSchema } from '../../../gen/florin/events/v1/envelopes_pb.ts';
import type { Block } from '../../journal/block.ts';
import {
  ACCOUNT_CHANGED,
  ACCOUNT_CLOSED,
  ACCOUNT_OPENED,
  EventType,
  PAYMENT,
  POSTING,
  TX,
} from '../../kernel/ledger/layout.ts';
import { type PaymentChange, Subject, changeAt, subjectAt } from '../../kernel/payments/change.ts';
import { EventCursor, parts } from '../../readmodels/projection/cursor.ts';
import { timestamp } from '../../rpc/translate/rows.ts';
import { STREAM_NAMES, type StreamName, typeOf } from '../streams.ts';
import { BackwardWriter } from './backwardWriter.ts';
import type { ShardNames } from './names.ts';
import { type Said, accountChanged, accountClosed, accountOpened, paymentEvent } from './payloads.ts';
import { TRANSACTION_EVENTS, writeTransactionEnvelope } from './transactionEnvelope.ts';

/** An event that leaves. */
export interface Leaving {
  readonly stream: StreamName;
  readonly id: string;
  readonly type: string;
  readonly shard: number;
  readonly seq: number;
  readonly bookedUs: number;
  readonly book: string;
  /** A florin.events.v1.Envelope. */
  readonly bytes: Uint8Array;
}

/** How far a stream of a shard is. */
export interface Cursor {
  /** Only what comes behind this seq. */
  readonly after: number;
  /** The last event of the stream up to there; 0 for none. */
  readonly previous: number;
}

export type Cursors = Readonly<Partial<Record<StreamName, Cursor>>>;

/** What of a journal's events stays within Florin. */
const STAYS: ReadonlySet<number> = new Set([
  Subject.idempotencyRecord,
  Subject.apiKey,
  Subject.webhookLog,
  Subject.paymentLink,
]);

/** The stream of an event; null where it does not leave. */
export function streamOf(cursor: EventCursor): StreamName | null {
  switch (cursor.type) {
    case EventType.transaction:
    case EventType.accountOpened:
    case EventType.accountChanged:
    case EventType.accountClosed:
      return 'SETTLEMENT';
    case EventType.payment:
      return STAYS.has(cursor.u32(PAYMENT.subject)) ? null : 'NOTIFICATION';
    default:
      return null;
  }
}

/** Calls back for each event of a block. */
export function eachEvent(block: Block, visit: (cursor: EventCursor) => void): void {
  const cursor = new EventCursor(block.body);
  cursor.enterBlock(block);
  for (cursor.seq = block.firstSeq; cursor.at < block.body.length; cursor.seq++) {
    visit(cursor);
    cursor.at += cursor.length;
  }
}

/** Makes envelopes of blocks of one shard, those of the streams that are asked for and behind their cursors. */
export async function encodeBlocks(
  blocks: readonly Block[],
  cursors: Cursors,
  names: ShardNames,
): Promise<Leaving[]> {
  const isWanted = (cursor: EventCursor): StreamName | null => {
    const stream = streamOf(cursor);
    const from = stream === null ? undefined : cursors[stream];
    return from === undefined || cursor.seq <= from.after ? null : stream;
  };
  const changes = new Map<number, PaymentChange>();
  names.turn();
  await names.load(namesIn(blocks, { isWanted, names, changes }));
  const previous = Object.fromEntries(STREAM_NAMES.map((stream) => [stream, cursors[stream]?.previous ?? 0]));
  const leaving: Leaving[] = [];
  const writer = new BackwardWriter();
  for (const block of blocks)
    eachEvent(block, (cursor) => {
      const stream = isWanted(cursor);
      if (stream === null) return;
      const one = encode(cursor, {
        stream,
        names,
        writer,
        change: changes.get(cursor.seq),
        previousSeq: previous[stream],
      });
      previous[stream] = cursor.seq;
      leaving.push(one);
    });
  return leaving;
}

/** What the events name and is not known yet. */
function namesIn(
  blocks: readonly Block[],
  {
    isWanted,
    names,
    changes,
  }: {
    isWanted: (cursor: EventCursor) => StreamName | null;
    names: ShardNames;
    /** Filled with what payment events say, so that their JSON is read once. */
    changes: Map<number, PaymentChange>;
  },
) {
  const wanted = { accounts: new Set<number>(), intents: new Set<number>(), books: new Set<number>() };
  const account = (number: number): void => {
    if (!names.hasAccount(number)) wanted.accounts.add(number);
  };
  const visit = (cursor: EventCursor): void => {
    if (isWanted(cursor) === null) return;
    const book = bookOf(cursor);
    if (!names.hasBook(book)) wanted.books.add(book);
    switch (cursor.type) {
      case EventType.transaction: {
        const { flags, view } = cursor;
        const first = parts.postings(cursor, flags);
        const end = first + cursor.u16(TX.postings) * parts.stride(flags);
        for (let at = first; at < end; at += parts.stride(flags)) {
          account(view.getUint32(at + POSTING.debitAccount, true));
          account(view.getUint32(at + POSTING.creditAccount, true));
        }
        return;
      }
      case EventType.accountChanged:
        account(cursor.u32(ACCOUNT_CHANGED.account));
        return;
      case EventType.accountClosed:
        account(cursor.u32(ACCOUNT_CLOSED.account));
        return;
      case EventType.payment: {
        const change = changeAt(cursor.view, cursor.at);
        changes.set(cursor.seq, change);
        if (!('after' in change)) return;
        const intent = subjectAt(cursor.view, cursor.at, cursor.seq).seq;
        if (names.hasIntent(intent) || change.name === 'intent_created')
          names.learn(intent, cursor.seq, change);
        else wanted.intents.add(intent);
      }
    }
  };
  for (const block of blocks) eachEvent(block, visit);
  return wanted;
}

interface Ground {
  readonly stream: StreamName;
  readonly names: ShardNames;
  readonly writer: BackwardWriter;
  readonly change: PaymentChange | undefined;
  readonly previousSeq: number;
}

function encode(cursor: EventCursor, { stream, names, writer, change, previousSeq }: Ground): Leaving {
  const { shard, seq, bookedUs } = cursor;
  const book = names.book(bookOf(cursor));
  const id = `${shard}:${seq}`;
  const leaving = { stream, id, shard, seq, bookedUs, book };
  if (cursor.type === EventType.transaction) {
    const type = typeOf(stream, TRANSACTION_EVENTS[cursor.u8(TX.kind)]);
    writeTransactionEnvelope(writer, cursor, names, { id, type, previousSeq, book });
    return { ...leaving, type, bytes: writer.taken() };
  }
  const said = saidBy(cursor, { names, book, change });
  const type = typeOf(stream, said.event);
  const envelope = create(EnvelopeSchema, {
    id,
    source: `/florin/books/${book}`,
    specversion: '1.0',
    type,
    time: timestamp(bookedUs),
    subject: said.subject,
    shard,
    seq: BigInt(seq),
    previousSeq: BigInt(previousSeq),
    book,
    payload: said.payload,
  });
  return { ...leaving, type, bytes: toBinary(EnvelopeSchema, envelope) };
}

function saidBy(
  cursor: EventCursor,
  { names, book, change }: { names: ShardNames; book: string; change: PaymentChange | undefined },
): Said {
  switch (cursor.type) {
    case EventType.accountOpened:
      return accountOpened(cursor, book);
    case EventType.accountChanged:
      return accountChanged(cursor, names);
    case EventType.accountClosed:
      return accountClosed(cursor, names);
  }
  const said = change === undefined ? null : paymentEvent(cursor, change, { names, book });
  if (said === null) throw new Error(`event ${cursor.seq} of shard ${cursor.shard} does not leave`);
  return said;
}

/** Each kind of event has its book elsewhere; those that leave have it at one of these places. */
function bookOf(cursor: EventCursor): number {
  switch (cursor.type) {
    case EventType.transaction:
      return cursor.u32(TX.book);
    case EventType.accountOpened:
      return cursor.u32(ACCOUNT_OPENED.book);
    case EventType.accountChanged:
      return cursor.u32(ACCOUNT_CHANGED.book);
    case EventType.accountClosed:
      return cursor.u32(ACCOUNT_CLOSED.book);
    default:
      return cursor.u32(PAYMENT.book);
  }
}
