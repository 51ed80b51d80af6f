import type pg from 'pg';
import type { RouteCandidate } from '../../../core/kernel/payments/model.ts';
import type { StoredDecision } from './replay.ts';

/** Decisions fetched at a time, so that a long history needs no memory for it. */
const FETCH_ROWS = 1_000;

export interface HistoryWanted {
  /** undefined: of every book of the server. */
  readonly book: string | undefined;
  /** Block time of the decision, inclusive both; ISO 8601, null for no bound. */
  readonly from: string | null;
  readonly to: string | null;
}

/** A payment is created before it is routed, so its own moment bounds what has to be looked through. */
const DECISIONS = `
DECLARE decisions NO SCROLL CURSOR FOR
SELECT d.provider, d.candidates::text AS candidates, i.amount::text AS amount, i.currency, c.outcome, c.decline
FROM books.payment_intents AS i
JOIN books.routing_decisions AS d ON d.book = i.book AND d.payment_intent_id = i.id AND d.attempt = 0
JOIN books.provider_calls AS c
  ON c.book = i.book AND c.payment_intent_id = i.id AND c.attempt = 0 AND c.kind IN ('authorize', 'sale')
WHERE ($1::text IS NULL OR i.book = $1)
  AND ($2::timestamptz IS NULL OR d.decided_at >= $2)
  AND ($3::timestamptz IS NULL OR (d.decided_at <= $3 AND i.created_at <= $3))
ORDER BY i.book, i.seq`;

interface DecisionRow {
  readonly provider: string;
  readonly candidates: string;
  readonly amount: string;
  readonly currency: string;
  readonly outcome: string;
  readonly decline: string | null;
}

/** First attempts of the history with what came of them, the oldest of each book first; one snapshot. */
export async function* decisionsOf(client: pg.Client, wanted: HistoryWanted): AsyncGenerator<StoredDecision> {
  const { book, from, to } = wanted;
  await client.query('BEGIN TRANSACTION READ ONLY');
  try {
    await client.query(DECISIONS, [book ?? null, from, to]);
    for (;;) {
      const { rows } = await client.query<DecisionRow>(`FETCH ${FETCH_ROWS} FROM decisions`);
      for (const row of rows) yield decisionOf(row);
      if (rows.length < FETCH_ROWS) break;
    }
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

export async function hasBook(client: pg.Client, book: string): Promise<boolean> {
  const { rows } = await client.query('SELECT 1 FROM books.books WHERE name = $1', [book]);
  return rows.length > 0;
}

function decisionOf({
  provider,
  candidates,
  amount,
  currency,
  outcome,
  decline,
}: DecisionRow): StoredDecision {
  return {
    provider,
    candidates: JSON.parse(candidates) as RouteCandidate[],
    amount: BigInt(amount),
    currency,
    outcome: outcomeOf(outcome, decline ?? ''),
  };
}

/** As the routing counts it: what was not sent, or was closed by a void, says nothing about approval. */
function outcomeOf(state: string, decline: string): StoredDecision['outcome'] {
  if (state === 'succeeded') return 'approved';
  return state === 'failed' && decline !== '' ? 'declined' : 'unproven';
}
