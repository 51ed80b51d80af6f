import type { Reader } from './queries/reading.ts';

/** One request that reached an edge. Empty texts stand for none. */
export interface RequestLog {
  /** The UUIDv7 in the request's id, canonical. */
  readonly id: string;
  /** The book of its API key; '' for no good one. */
  readonly book: string;
  /** null where there was no good key, as are the next two. */
  readonly merchant: string | null;
  readonly mode: 'test' | 'live' | null;
  readonly apiKey: string | null;
  readonly method: string;
  readonly route: string;
  readonly path: string;
  readonly status: number;
  readonly problemCode: string;
  readonly param: string;
  readonly objectId: string;
  readonly idempotencyKey: string;
  readonly apiVersion: string;
  readonly tookUs: number;
  readonly address: string;
  readonly userAgent: string;
}

export interface RequestLogFilter {
  /** '' for every book. */
  readonly book: string;
  readonly merchant: string | null;
  readonly status: { readonly min: number; readonly max: number };
  readonly pathPrefix: string;
  /** '' for every one. */
  readonly route: string;
  /** null for every one. */
  readonly id: string | null;
  /** The least id. */
  readonly from: string;
  /** The id behind the greatest one; null for none. */
  readonly before: string | null;
  /** The id before the least one; null for none. */
  readonly after: string | null;
  readonly order: 'newest first' | 'oldest first';
  readonly limit: number;
}

/** Rows that one statement deletes: few enough that nobody waits for it. */
const FORGOTTEN_AT_ONCE = 10_000;
/** Statements a turn; what is left goes in the next one. */
const FORGET_STEPS_MAX = 100;

// In the order of ids, so that two edges that send the same rows do not wait for each other in a circle.
const WRITE = `
INSERT INTO florin.request_logs (id, merchant_id, api_key_id, took_us, status, book, mode, method, route, path, problem_code,
  param, object_id, idempotency_key, api_version, address, user_agent)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::smallint[], $6::text[], $7::text[], $8::text[],
  $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[]) AS r (id)
ORDER BY r.id
ON CONFLICT (id) DO NOTHING`;

const COLUMNS = `id, book, merchant_id AS merchant, mode, api_key_id AS "apiKey", method, route, path, status,
  problem_code AS "problemCode", param, object_id AS "objectId", idempotency_key AS "idempotencyKey",
  api_version AS "apiVersion", took_us::float8 AS "tookUs", address, user_agent AS "userAgent"`;

const list = (direction: 'ASC' | 'DESC') => `
SELECT ${COLUMNS} FROM florin.request_logs
WHERE ($1 = '' OR (book = $1 AND book <> '')) AND ($2::uuid IS NULL OR merchant_id = $2)
  AND status BETWEEN $3 AND $4 AND starts_with(path, $5) AND id >= $6 AND ($7::uuid IS NULL OR id < $7)
  AND ($9::uuid IS NULL OR id > $9) AND ($10 = '' OR route = $10) AND ($11::uuid IS NULL OR id = $11)
ORDER BY id ${direction} LIMIT $8`;
const LISTS = { 'newest first': list('DESC'), 'oldest first': list('ASC') } as const;

const GET = `SELECT ${COLUMNS} FROM florin.request_logs WHERE id = $1 AND ($2 = '' OR book = $2)
  AND ($3::uuid IS NULL OR merchant_id = $3)`;

const FORGET = `
DELETE FROM florin.request_logs
WHERE id IN (SELECT id FROM florin.request_logs WHERE id < $1 ORDER BY id LIMIT ${FORGOTTEN_AT_ONCE})`;

/** The log of requests, on the first server. */
export class RequestLogs {
  readonly #database: Reader;

  constructor(database: Reader) {
    this.#database = database;
  }

  /** All of them or none; answers how many were not there yet. */
  async write(logs: readonly RequestLog[]): Promise<number> {
    const { rowCount } = await this.#database.query(WRITE, [
      logs.map(({ id }) => id),
      logs.map(({ merchant }) => merchant),
      logs.map(({ apiKey }) => apiKey),
      logs.map(({ tookUs }) => tookUs),
      logs.map(({ status }) => status),
      logs.map(({ book }) => book),
      logs.map(({ mode }) => mode),
      logs.map(({ method }) => method),
      logs.map(({ route }) => route),
      logs.map(({ path }) => path),
      logs.map(({ problemCode }) => problemCode),
      logs.map(({ param }) => param),
      logs.map(({ objectId }) => objectId),
      logs.map(({ idempotencyKey }) => idempotencyKey),
      logs.map(({ apiVersion }) => apiVersion),
      logs.map(({ address }) => address),
      logs.map(({ userAgent }) => userAgent),
    ]);
    return rowCount ?? 0;
  }

  async list({
    book,
    merchant,
    status,
    pathPrefix,
    route,
    id,
    from,
    before,
    after,
    order,
    limit,
  }: RequestLogFilter): Promise<RequestLog[]> {
    const values = [
      book,
      merchant,
      status.min,
      status.max,
      pathPrefix,
      from,
      before,
      limit,
      after,
      route,
      id,
    ];
    return (await this.#database.query<RequestLog>(LISTS[order], values)).rows;
  }

  /** `merchant`: null for whosever it is. */
  async get(
    id: string,
    { book, merchant }: Pick<RequestLogFilter, 'book' | 'merchant'>,
  ): Promise<RequestLog | null> {
    return (await this.#database.query<RequestLog>(GET, [id, book, merchant])).rows[0] ?? null;
  }

  /** Deletes what came before, in small steps; answers how many. */
  async forgetBefore(id: string): Promise<number> {
    let forgotten = 0;
    for (let step = 0; step < FORGET_STEPS_MAX; step++) {
      const { rowCount } = await this.#database.query(FORGET, [id]);
      forgotten += rowCount ?? 0;
      if ((rowCount ?? 0) < FORGOTTEN_AT_ONCE) break;
    }
    return forgotten;
  }
}

/** The least UUIDv7 of a millisecond. */
export function firstIdOf(ms: number): string {
  const stamp = Math.max(0, Math.min(Math.floor(ms), 2 ** 48 - 1))
    .toString(16)
    .padStart(12, '0');
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7000-8000-000000000000`;
}
