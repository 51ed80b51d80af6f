import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { WebhookEndpoint } from '../../kernel/payments/webhookModel.ts';
import {
  type AsOf,
  type BookRef,
  type Page,
  type Reader,
  marked,
  moment,
  numberOrNull,
  pageOf,
  us,
  withWatermark,
} from './reading.ts';
import type { ToldKey } from './toldEvents.ts';

/** A webhook endpoint among all. */
export interface EndpointKey {
  shard: number;
  bookNumber: number;
  merchant: string;
  /** The endpoint's number. */
  endpoint: number;
}

const WAITING = `
  SELECT w.shard, w.book_no, w.merchant_id, w.number AS endpoint, ${us('d.next_at')} AS next_us
  FROM florin.webhook_endpoints AS w
  CROSS JOIN LATERAL (
    SELECT d.next_at FROM florin.webhook_deliveries AS d
    WHERE d.shard = w.shard AND d.book_no = w.book_no AND d.merchant_id = w.merchant_id AND d.endpoint = w.number AND d.next_at IS NOT NULL
    ORDER BY d.next_at LIMIT 1
  ) AS d
  WHERE w.state = 'enabled' AND w.deleted_at IS NULL`;

/** The endpoints of one server that are enabled and for which something is to be tried, and when the first of it is. */
export async function waitingEndpoints(reader: Reader): Promise<(EndpointKey & { dueUs: number })[]> {
  const found = await reader.query<EndpointKeySql & { next_us: string }>(WAITING);
  return found.rows.map((row) => ({ ...endpointKeyOf(row), dueUs: Number(row.next_us) }));
}

/** What endpoints that are enabled are to be told by now. */
export interface Backlog {
  due: number;
  /** Since when the oldest of it is due; null for none. */
  oldestUs: number | null;
}

const BACKLOG = `
  SELECT count(*)::integer AS due, ${us('min(d.next_at)')} AS oldest_us
  FROM florin.webhook_endpoints AS w
  JOIN florin.webhook_deliveries AS d
    ON d.shard = w.shard AND d.book_no = w.book_no AND d.merchant_id = w.merchant_id AND d.endpoint = w.number AND d.next_at <= ${moment('$1')}
  WHERE w.state = 'enabled' AND w.deleted_at IS NULL`;

/** Of one server. */
export async function deliveryBacklog(reader: Reader, nowUs: number): Promise<Backlog> {
  const found = await reader.query<{ due: number; oldest_us: string | null }>(BACKLOG, [nowUs]);
  const [{ due, oldest_us: oldest }] = found.rows;
  return { due, oldestUs: numberOrNull(oldest) };
}

/** Where a delivery stands among those that an endpoint is still to be told: in the order of their moments. */
export interface QueuePlace {
  dueUs: number;
  seq: number;
  index: number;
}

export interface Queue extends EndpointKey {
  /** Only what comes behind it. */
  behind: QueuePlace;
}

export interface DueDelivery extends EndpointKey {
  key: ToldKey;
  /** The event that asked for it: the one that is told, or the last resend. */
  askedSeq: number;
  /** Since then. */
  tries: number;
  dueUs: number;
  webhookEndpoint: WebhookEndpoint;
}

const ENABLED = `
  SELECT k.place, w.id, w.url, w.mode, w.events, w.description, w.metadata, w.api_version, w.secret_generation,
         ${us('w.old_secret_until')} AS old_secret_until_us, ${us('w.created_at')} AS created_us, w.version
  FROM unnest($1::integer[], $2::uuid[], $3::smallint[]) WITH ORDINALITY AS k (book_no, merchant_id, endpoint, place)
  JOIN florin.webhook_endpoints AS w
    ON w.book_no = k.book_no AND w.merchant_id = k.merchant_id AND w.number = k.endpoint AND w.state = 'enabled' AND w.deleted_at IS NULL`;

const DUE = `
  SELECT k.place, d.seq, d.index, d.asked_seq, d.tries, ${us('d.next_at')} AS next_us
  FROM unnest($1::smallint[], $2::integer[], $3::uuid[], $4::smallint[], $5::bigint[], $6::bigint[], $7::smallint[])
    WITH ORDINALITY AS k (shard, book_no, merchant_id, endpoint, behind_us, behind_seq, behind_index, place)
  CROSS JOIN LATERAL (
    SELECT d.seq, d.index, d.asked_seq, d.tries, d.next_at FROM florin.webhook_deliveries AS d
    WHERE d.shard = k.shard AND d.book_no = k.book_no AND d.merchant_id = k.merchant_id AND d.endpoint = k.endpoint AND d.next_at IS NOT NULL
      AND (d.next_at, d.seq, d.index) > (${moment('k.behind_us')}, k.behind_seq, k.behind_index)
    ORDER BY d.next_at, d.seq, d.index LIMIT $8
  ) AS d
  ORDER BY d.next_at, d.seq, d.index`;

/** What endpoints that are enabled are still to be told, the earliest first and at most that many of each; due or not yet. */
export async function pendingDeliveries(
  reader: Reader,
  queues: readonly Queue[],
  eachMost: number,
): Promise<DueDelivery[]> {
  const keys = [
    queues.map(({ bookNumber }) => bookNumber),
    queues.map(({ merchant }) => merchant),
    queues.map(({ endpoint }) => endpoint),
  ];
  const { rows: endpoints } = await reader.query<EnabledSql>(ENABLED, keys);
  const enabled = new Map(endpoints.map((row) => [row.place, row]));
  const found = await reader.query<DueSql>(DUE, [
    queues.map(({ shard }) => shard),
    ...keys,
    queues.map(({ behind }) => behind.dueUs),
    queues.map(({ behind }) => behind.seq),
    queues.map(({ behind }) => behind.index),
    eachMost,
  ]);
  const endpointOf = new Map([...enabled].map(([place, row]) => [place, endpointIn(row, queues)]));
  return found.rows.flatMap(({ place, seq, index, asked_seq, tries, next_us }) => {
    const webhookEndpoint = endpointOf.get(place);
    if (webhookEndpoint === undefined) return [];
    const { shard, bookNumber, merchant, endpoint } = queues[Number(place) - 1];
    const key = { bookNumber, merchant, seq: Number(seq), index };
    const standing = { askedSeq: Number(asked_seq), tries, dueUs: Number(next_us) };
    return [{ shard, bookNumber, merchant, endpoint, key, ...standing, webhookEndpoint }];
  });
}

function endpointIn(row: EnabledSql, queues: readonly Queue[]): WebhookEndpoint {
  return {
    id: row.id as Uuid,
    number: queues[Number(row.place) - 1].endpoint,
    url: row.url,
    mode: row.mode,
    events: row.events.split(' '),
    description: row.description ?? '',
    metadata: row.metadata ?? {},
    apiVersion: row.api_version,
    state: 'enabled',
    disabledReason: '',
    secretGeneration: row.secret_generation,
    oldSecretUntilUs: Number(row.old_secret_until_us ?? 0),
    createdUs: Number(row.created_us),
    version: Number(row.version),
  };
}

const SINCE_ASKED = `
  SELECT EXISTS (
    SELECT FROM florin.webhook_attempts AS a
    WHERE a.book_no = d.book_no AND a.merchant_id = d.merchant_id AND a.endpoint = d.endpoint
      AND a.log_seq > d.asked_seq AND a.status BETWEEN 200 AND 299
  ) AS has_taken
  FROM florin.webhook_deliveries AS d
  WHERE d.book_no = $1 AND d.merchant_id = $2::uuid AND d.endpoint = $3 AND d.seq = $4 AND d.index = $5 AND d.asked_seq = $6`;

/** Whether an endpoint has taken anything since that was asked for by that event; null where it was asked for anew since then. */
export async function hasTakenSince(
  reader: Reader,
  endpoint: number,
  { bookNumber, merchant, seq, index, askedSeq }: ToldKey & { askedSeq: number },
): Promise<boolean | null> {
  const values = [bookNumber, merchant, endpoint, seq, index, askedSeq];
  const found = await reader.query<{ has_taken: boolean }>(SINCE_ASKED, values);
  return found.rows[0]?.has_taken ?? null;
}

export interface DeliveryStanding {
  seq: number;
  index: number;
  type: string;
  state: 'pending' | 'delivered' | 'failed';
  toldUs: number;
  nextUs: number | null;
  deliveredUs: number | null;
  tries: number;
  lastStatus: number;
}

export interface DeliveryFilter {
  merchant: string;
  endpoint: number;
  /** null: any. */
  state: DeliveryStanding['state'] | null;
  before: Pick<ToldKey, 'seq' | 'index'> | null;
  limit: number;
}

const STATES = {
  pending: 'd.next_at IS NOT NULL',
  delivered: 'd.delivered_at IS NOT NULL',
  failed: 'd.next_at IS NULL AND d.delivered_at IS NULL',
} as const;

/** Newest event first. */
export async function listDeliveries(
  reader: Reader,
  book: BookRef,
  { merchant, endpoint, state, before, limit }: DeliveryFilter,
): Promise<AsOf<Page<DeliveryStanding>>> {
  const values: unknown[] = [book.shard, book.book, limit + 1, merchant, endpoint];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['d.book_no = $2', 'd.merchant_id = $4::uuid', 'd.endpoint = $5'];
  if (state !== null) conditions.push(STATES[state]);
  if (before !== null)
    conditions.push(`(d.seq, d.index) < (${given(before.seq)}::bigint, ${given(before.index)}::smallint)`);
  const list = withWatermark(`
    SELECT d.seq, d.index, t.type, ${us('d.told_at')} AS told_us, ${us('d.next_at')} AS next_us, ${us('d.delivered_at')} AS delivered_us,
           d.tries, d.last_status
    FROM florin.webhook_deliveries AS d JOIN florin.told_events AS t USING (book_no, merchant_id, seq, index)
    WHERE ${conditions.join(' AND ')}
    ORDER BY d.seq DESC, d.index DESC LIMIT $3`);
  const found = await reader.query<StandingSql>(list, values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(rows.map(standingOf), limit) };
}

export interface AttemptRecord {
  endpoint: number;
  seq: number;
  index: number;
  try: number;
  startedUs: number;
  tookMs: number;
  status: number;
  error: string;
  excerpt: string;
  logSeq: number;
  place: number;
}

export interface AttemptFilter {
  merchant: string;
  /** null: any, of the event. */
  endpoint: number | null;
  /** null: any, at the endpoint. */
  event: Pick<ToldKey, 'seq' | 'index'> | null;
  before: { logSeq: number; place: number } | null;
  limit: number;
}

/** Newest first. */
export async function listAttempts(
  reader: Reader,
  book: BookRef,
  { merchant, endpoint, event, before, limit }: AttemptFilter,
): Promise<AsOf<Page<AttemptRecord>>> {
  const values: unknown[] = [book.shard, book.book, limit + 1, merchant];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['book_no = $2', 'merchant_id = $4::uuid'];
  if (endpoint !== null) conditions.push(`endpoint = ${given(endpoint)}::smallint`);
  if (event !== null)
    conditions.push(`seq = ${given(event.seq)}::bigint AND index = ${given(event.index)}::smallint`);
  if (before !== null)
    conditions.push(`(log_seq, place) < (${given(before.logSeq)}::bigint, ${given(before.place)}::smallint)`);
  const list = withWatermark(`
    SELECT endpoint, seq, index, try, ${us('started_at')} AS started_us, took_ms, status, error, excerpt, log_seq, place
    FROM florin.webhook_attempts WHERE ${conditions.join(' AND ')}
    ORDER BY log_seq DESC, place DESC LIMIT $3`);
  const found = await reader.query<AttemptSql>(list, values);
  const { asOfSeq, value: rows } = marked(found.rows, (row) => row.seq !== null);
  return { asOfSeq, value: pageOf(rows.map(attemptOf), limit) };
}

interface EndpointKeySql {
  shard: number;
  book_no: number;
  merchant_id: string;
  endpoint: number;
}

interface DueSql {
  place: string;
  seq: string;
  index: number;
  asked_seq: string;
  tries: number;
  next_us: string;
}

interface EnabledSql {
  place: string;
  id: string;
  url: string;
  mode: WebhookEndpoint['mode'];
  events: string;
  description: string | null;
  metadata: Record<string, string> | null;
  api_version: string;
  secret_generation: number;
  old_secret_until_us: string | null;
  created_us: string;
  version: string;
}

interface StandingSql {
  as_of_seq: string;
  seq: string;
  index: number;
  type: string;
  told_us: string;
  next_us: string | null;
  delivered_us: string | null;
  tries: number;
  last_status: number | null;
}

interface AttemptSql {
  as_of_seq: string;
  endpoint: number;
  seq: string;
  index: number;
  try: number;
  started_us: string;
  took_ms: number;
  status: number;
  error: string | null;
  excerpt: string | null;
  log_seq: string;
  place: number;
}

function endpointKeyOf({ shard, book_no: bookNumber, merchant_id: merchant, endpoint }: EndpointKeySql) {
  return { shard, bookNumber, merchant, endpoint };
}

function standingOf(row: StandingSql): DeliveryStanding {
  const deliveredUs = numberOrNull(row.delivered_us);
  const nextUs = numberOrNull(row.next_us);
  return {
    seq: Number(row.seq),
    index: row.index,
    type: row.type,
    state: deliveredUs !== null ? 'delivered' : nextUs !== null ? 'pending' : 'failed',
    toldUs: Number(row.told_us),
    nextUs,
    deliveredUs,
    tries: row.tries,
    lastStatus: row.last_status ?? 0,
  };
}

function attemptOf(row: AttemptSql): AttemptRecord {
  return {
    endpoint: row.endpoint,
    seq: Number(row.seq),
    index: row.index,
    try: row.try,
    startedUs: Number(row.started_us),
    tookMs: row.took_ms,
    status: row.status,
    error: row.error ?? '',
    excerpt: row.excerpt ?? '',
    logSeq: Number(row.log_seq),
    place: row.place,
  };
}
