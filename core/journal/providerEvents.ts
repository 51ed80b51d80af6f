import type pg from 'pg';

/** An account at a provider. */
export interface AccountKey {
  readonly provider: string;
  readonly live: boolean;
}

/** An event in words that Postgres can hold, under a key of its own. */
export interface StoredEvent {
  readonly key: string;
  readonly event: string;
  readonly why: string;
  /** Its first turn, milliseconds from now. */
  readonly afterMs: number;
}

type Database = Pick<pg.ClientBase, 'query'>;

export async function readCursor(database: Database, { provider, live }: AccountKey): Promise<string> {
  const { rows } = await database.query<{ cursor: string }>(
    'SELECT cursor FROM florin.provider_event_cursors WHERE provider = $1 AND live = $2',
    [provider, live],
  );
  return rows[0]?.cursor ?? '';
}

export async function saveCursor(
  database: Database,
  { provider, live }: AccountKey,
  cursor: string,
): Promise<void> {
  await database.query(
    `INSERT INTO florin.provider_event_cursors (provider, live, cursor, saved_at) VALUES ($1, $2, $3, now())
     ON CONFLICT (provider, live) DO UPDATE SET cursor = EXCLUDED.cursor, saved_at = EXCLUDED.saved_at`,
    [provider, live, cursor],
  );
}

const KEEP = `
INSERT INTO florin.provider_events_waiting (provider, live, event_key, event, why, tries, first_listed_at, next_try_at)
SELECT $1, $2, e.key, e.event::json, e.why, 0, now(), now() + e.after_ms * interval '1 millisecond'
FROM unnest($3::text[], $4::text[], $5::text[], $6::float8[]) AS e (key, event, why, after_ms)
ORDER BY e.key
ON CONFLICT (provider, live, event_key) DO NOTHING`;

export async function keepEvents(
  database: Database,
  { provider, live }: AccountKey,
  events: readonly StoredEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await database.query(KEEP, [
    provider,
    live,
    events.map(({ key }) => key),
    events.map(({ event }) => event),
    events.map(({ why }) => why),
    events.map(({ afterMs }) => afterMs),
  ]);
}

/** Those whose turn it is. */
export async function dueEvents(
  database: Database,
  { provider, live }: AccountKey,
  limit: number,
): Promise<{ event: unknown; tries: number; sinceMs: number }[]> {
  const { rows } = await database.query<{ event: unknown; tries: number; sinceMs: number }>(
    `SELECT event, tries, floor(extract(epoch FROM first_listed_at) * 1000)::float8 AS "sinceMs"
     FROM florin.provider_events_waiting
     WHERE provider = $1 AND live = $2 AND next_try_at <= now() ORDER BY next_try_at, event_key LIMIT $3`,
    [provider, live, limit],
  );
  return rows;
}

const POSTPONE = `
UPDATE florin.provider_events_waiting AS w
SET tries = w.tries + 1, why = e.why, next_try_at = now() + e.after_ms * interval '1 millisecond'
FROM unnest($3::text[], $4::text[], $5::float8[]) AS e (key, why, after_ms)
WHERE w.provider = $1 AND w.live = $2 AND w.event_key = e.key`;

export async function postponeEvents(
  database: Database,
  { provider, live }: AccountKey,
  events: readonly Omit<StoredEvent, 'event'>[],
): Promise<void> {
  if (events.length === 0) return;
  await database.query(POSTPONE, [
    provider,
    live,
    events.map(({ key }) => key),
    events.map(({ why }) => why),
    events.map(({ afterMs }) => afterMs),
  ]);
}

export async function dropEvents(
  database: Database,
  { provider, live }: AccountKey,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  await database.query(
    'DELETE FROM florin.provider_events_waiting WHERE provider = $1 AND live = $2 AND event_key = ANY ($3)',
    [provider, live, keys],
  );
}

export async function countEvents(database: Database, { provider, live }: AccountKey): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM florin.provider_events_waiting WHERE provider = $1 AND live = $2',
    [provider, live],
  );
  return rows[0].count;
}
