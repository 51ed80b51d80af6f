import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { PaymentLink } from '../../kernel/payments/edgeModel.ts';
import type { Customer, Intent, StoredMethod } from '../../kernel/payments/model.ts';
import type { RequestOrigin } from '../../kernel/payments/told.ts';
import type { WebhookEndpoint } from '../../kernel/payments/webhookModel.ts';
import {
  customerOf,
  draftOf,
  evolve,
  intentOf,
  paymentLinkOf,
  paymentMethodOf,
  webhookEndpointOf,
} from '../../kernel/payments/evolve.ts';
import { Origins } from './origins.ts';
import { changeOf, isOfIntent } from './paymentFold.ts';
import {
  type AsOf,
  type BookRef,
  type Page,
  type Reader,
  marked,
  moment,
  pageOf,
  us,
  withWatermark,
} from './reading.ts';

/** What a merchant was told, with what it is about as that stood right after and right before. */
export interface ToldEvent {
  shard: number;
  bookNumber: number;
  /** The book's name. */
  book: string;
  merchant: Uuid;
  seq: number;
  index: number;
  type: string;
  /** '' where it is about the object itself. */
  about: string;
  bookedUs: number;
  /** '' where no command of its own led to it. */
  commandId: string;
  /** The request of a merchant that led to it; null for none. */
  origin: RequestOrigin | null;
  object: ToldObject;
  /** null where the event began it. */
  previous: ToldObject | null;
}

export type ToldObject =
  | { of: 'intent'; intent: Intent }
  | { of: 'customer'; customer: Customer }
  | { of: 'paymentMethod'; paymentMethod: StoredMethod }
  | { of: 'paymentLink'; paymentLink: PaymentLink }
  | { of: 'webhookEndpoint'; webhookEndpoint: WebhookEndpoint };

/** Where something told stands; its merchant and book lead to it. */
export interface ToldKey {
  bookNumber: number;
  merchant: string;
  seq: number;
  index: number;
}

/**
 * With the events of the subject that are needed: of an intent all up to the one that is told, of anything else that one
 * and the one before, for each says all of its subject.
 */
const withSubject = (told: string): string => `
  SELECT t.shard, t.book_no, book.name AS book, t.merchant_id, t.seq AS told_seq, t.index, t.type, t.about, ${us('t.booked_at')} AS booked_us,
         t.subject_seq, e.seq, e.id AS command_id, e.subject_id, e.change
  FROM (${told}) AS t
  JOIN florin.adopted_books AS book ON book.number = t.book_no
  JOIN florin.payment_events AS e ON e.shard = t.shard AND e.subject_seq = t.subject_seq AND e.seq <= t.seq
    AND (t.subject = 2 OR e.seq >= coalesce((
      SELECT max(before.seq) FROM florin.payment_events AS before
      WHERE before.shard = t.shard AND before.subject_seq = t.subject_seq AND before.seq < t.seq), 0))`;

const BY_KEYS = `
  ${withSubject(`
    SELECT told.* FROM unnest($1::integer[], $2::uuid[], $3::bigint[], $4::smallint[]) AS k (book_no, merchant_id, seq, index)
    JOIN florin.told_events AS told USING (book_no, merchant_id, seq, index)`)}
  ORDER BY t.seq, t.index, e.seq`;

/** Those of the keys that are there, on one server; in no order. One that is not whole keeps back no other. */
export async function toldEventsAt(
  reader: Reader,
  keys: readonly ToldKey[],
  onBroken: (event: { seq: number; index: number }, error: Error) => void,
): Promise<ToldEvent[]> {
  const found = await reader.query<ToldSql>(BY_KEYS, [
    keys.map(({ bookNumber }) => bookNumber),
    keys.map(({ merchant }) => merchant),
    keys.map(({ seq }) => seq),
    keys.map(({ index }) => index),
  ]);
  return byEvent(found.rows).flatMap((rows) => {
    try {
      return [eventOf(rows)];
    } catch (error) {
      onBroken({ seq: Number(rows[0].told_seq), index: rows[0].index }, error as Error);
      return [];
    }
  });
}

const ONE = withWatermark(
  `${withSubject('SELECT * FROM florin.told_events WHERE book_no = $2 AND merchant_id = $3::uuid AND seq = $4 AND index = $5')} ORDER BY e.seq`,
);

export async function getToldEvent(
  reader: Reader,
  book: BookRef,
  { merchant, seq, index }: Omit<ToldKey, 'bookNumber'>,
): Promise<AsOf<ToldEvent | null>> {
  const found = await reader.query<ToldSql>(ONE, [book.shard, book.book, merchant, seq, index]);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: toldOf(rows)[0] ?? null };
}

export interface ToldFilter {
  merchant: string;
  /** None: all. */
  types: readonly string[];
  /** Told before, or after, this one; null for no bound. */
  before: Pick<ToldKey, 'seq' | 'index'> | null;
  after: Pick<ToldKey, 'seq' | 'index'> | null;
  /** Told at or after, microseconds since 1970; null for no bound. */
  fromUs: number | null;
  /** Told before. */
  untilUs: number | null;
  limit: number;
}

/** Newest first; with `after` those that are closest to it. */
export async function listToldEvents(
  reader: Reader,
  book: BookRef,
  { merchant, types, before, after, fromUs, untilUs, limit }: ToldFilter,
): Promise<AsOf<Page<ToldEvent>>> {
  const values: unknown[] = [book.shard, book.book, limit + 1, merchant];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['book_no = $2', 'merchant_id = $4::uuid'];
  if (types.length > 0) conditions.push(`type = ANY (${given(types)}::text[])`);
  if (before !== null)
    conditions.push(`(seq, index) < (${given(before.seq)}::bigint, ${given(before.index)}::smallint)`);
  if (after !== null)
    conditions.push(`(seq, index) > (${given(after.seq)}::bigint, ${given(after.index)}::smallint)`);
  if (fromUs !== null) conditions.push(`booked_at >= ${moment(given(fromUs))}`);
  if (untilUs !== null) conditions.push(`booked_at < ${moment(given(untilUs))}`);
  const direction = after === null ? 'DESC' : 'ASC';
  const told = `
    SELECT * FROM florin.told_events WHERE ${conditions.join(' AND ')}
    ORDER BY book_no ${direction}, merchant_id ${direction}, seq ${direction}, index ${direction} LIMIT $3`;
  const list = withWatermark(`${withSubject(told)} ORDER BY t.seq ${direction}, t.index ${direction}, e.seq`);
  const found = await reader.query<ToldSql>(list, values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  const page = pageOf(toldOf(rows), limit);
  return { asOfSeq, value: after === null ? page : { ...page, rows: page.rows.toReversed() } };
}

const FIRST_MISSING = `
  SELECT min(k.place)::integer - 1 AS place
  FROM unnest($3::bigint[], $4::smallint[]) WITH ORDINALITY AS k (seq, index, place)
  WHERE NOT EXISTS (SELECT FROM florin.told_events AS t WHERE t.book_no = $1 AND t.merchant_id = $2::uuid AND t.seq = k.seq AND t.index = k.index)`;

/** The first of these that the merchant was not told, by its place among them; null for none. */
export async function firstMissingEvent(
  reader: Reader,
  bookNumber: number,
  merchant: string,
  events: readonly Pick<ToldKey, 'seq' | 'index'>[],
): Promise<number | null> {
  const found = await reader.query<{ place: number | null }>(FIRST_MISSING, [
    bookNumber,
    merchant,
    events.map(({ seq }) => seq),
    events.map(({ index }) => index),
  ]);
  return found.rows[0].place;
}

interface ToldSql {
  as_of_seq: string;
  shard: number;
  book_no: number;
  book: string;
  merchant_id: string;
  told_seq: string;
  index: number;
  type: string;
  about: string | null;
  booked_us: string;
  subject_seq: string;
  seq: string | null;
  command_id: string | null;
  subject_id: string;
  change: string;
}

/** In the order in which they first come; the rows of each lie in the order of the subject's events. */
function byEvent(rows: readonly ToldSql[]): ToldSql[][] {
  const told = new Map<string, ToldSql[]>();
  for (const row of rows) {
    const key = `${row.book_no} ${row.merchant_id} ${row.told_seq} ${row.index}`;
    const of = told.get(key);
    if (of === undefined) told.set(key, [row]);
    else of.push(row);
  }
  return [...told.values()];
}

const toldOf = (rows: readonly ToldSql[]): ToldEvent[] => byEvent(rows).map(eventOf);

function eventOf(rows: readonly ToldSql[]): ToldEvent {
  const row = rows.at(-1)!;
  const { shard, book_no: bookNumber, book, index, type } = row;
  return {
    shard,
    bookNumber,
    book,
    merchant: row.merchant_id as Uuid,
    seq: Number(row.told_seq),
    index,
    type,
    about: row.about ?? '',
    bookedUs: Number(row.booked_us),
    commandId: row.command_id ?? '',
    ...sayingsOf(rows),
  };
}

type Sayings = Pick<ToldEvent, 'origin' | 'object' | 'previous'>;

function sayingsOf(rows: readonly ToldSql[]): Sayings {
  const last = rows.at(-1)!;
  const change = changeOf(last);
  if (isOfIntent(change)) return intentsOf(rows);
  const before = rows.at(-2);
  const object = objectOf(last);
  // Of a merchant's endpoints the event before is perhaps another one's.
  return {
    origin: 'origin' in change ? (change.origin ?? null) : null,
    object,
    previous: before === undefined || object.of === 'webhookEndpoint' ? null : objectOf(before),
  };
}

function intentsOf(rows: readonly ToldSql[]): Sayings {
  let intent: Intent | null = null;
  let previous: Intent | null = null;
  const origins = new Origins();
  for (const [place, row] of rows.entries()) {
    const change = changeOf(row);
    if (isOfIntent(change)) origins.pass(change, intent);
    if (change.name === 'intent_created') {
      intent = intentOf(change, whoseOf(row));
      continue;
    }
    if (intent === null || !isOfIntent(change))
      throw new Error(`the events of payment ${row.subject_id} are not whole: run "florin verify"`);
    if (place === rows.length - 1) previous = draftOf(intent);
    evolve(intent, change, Number(row.seq));
  }
  if (intent === null) throw new Error('a payment without events');
  return {
    origin: origins.last,
    object: { of: 'intent', intent },
    previous: previous === null ? null : { of: 'intent', intent: previous },
  };
}

function objectOf(row: ToldSql): ToldObject {
  const change = changeOf(row);
  const seq = Number(row.seq);
  if ('customer' in change) return { of: 'customer', customer: customerOf(change, whoseOf(row), seq) };
  if ('paymentMethod' in change)
    return { of: 'paymentMethod', paymentMethod: paymentMethodOf(change, whoseOf(row), seq) };
  if ('paymentLink' in change)
    return { of: 'paymentLink', paymentLink: paymentLinkOf(change, whoseOf(row), seq) };
  if ('endpoint' in change)
    return { of: 'webhookEndpoint', webhookEndpoint: webhookEndpointOf(change.endpoint) };
  throw new Error(`event ${row.seq} is of nothing that is told: run "florin verify"`);
}

function whoseOf(row: ToldSql): { id: Uuid; book: number; seq: number } {
  return { id: row.subject_id as Uuid, book: row.book_no, seq: Number(row.subject_seq) };
}
