import type { OperationKind, OperationState } from '../../kernel/payments/model.ts';
import { type Reader, moment } from './reading.ts';

/** What a provider answered, or did not: an operation as the event left it that recorded the answer. */
export interface ProviderAnswer {
  provider: string;
  method: string;
  currency: string;
  kind: OperationKind;
  state: OperationState;
  decline: string;
  detail: string;
  /** Index of the attempt in its payment. */
  attempt: number;
  /** Answers by then, this one included: the first is that of the call, the others are those of questions. */
  tries: number;
  /** From when it was asked for until its answer was booked. */
  tookMs: number;
  bookedUs: number;
}

interface AnswerSql extends Omit<ProviderAnswer, 'tookMs' | 'bookedUs'> {
  took_ms: string;
  booked_us: string;
}

const ANSWERS = `
  SELECT coalesce(tried.attempt ->> 'provider', s.provider, '') AS provider, coalesce(tried.attempt -> 'method' ->> 'type', s.method_type, '') AS method,
         op ->> 'currency' AS currency, op ->> 'kind' AS kind, op ->> 'state' AS state, op ->> 'decline' AS decline, op ->> 'detail' AS detail,
         (op ->> 'attempt')::integer AS attempt, (op ->> 'tries')::integer AS tries, e.booked_us,
         (e.booked_us - (op ->> 'startedUs')::bigint) / 1000 AS took_ms
  FROM (
    SELECT shard, subject_seq, florin.change_json(change) AS change, (extract(epoch FROM booked_at) * 1000000)::bigint AS booked_us
    FROM florin.payment_events
    WHERE booked_at >= ${moment('$1')} AND booked_at < ${moment('$2')} AND name = 'operation_changed' AND cause = 'provider'
    LIMIT $3
  ) AS e
  CROSS JOIN LATERAL jsonb_array_elements(e.change -> 'operations') AS op
  LEFT JOIN LATERAL (
    SELECT one -> 1 AS attempt FROM jsonb_array_elements(e.change -> 'attempts') AS one WHERE one -> 0 = op -> 'attempt'
  ) AS tried ON true
  JOIN florin.payment_states AS s ON s.shard = e.shard AND s.seq = e.subject_seq
  WHERE (op ->> 'tries')::integer > 0`;

/** What providers answered from a moment up to another, of all shards of a server; of more than the limit, any so many. */
export async function providerAnswers(
  reader: Reader,
  { fromUs, untilUs, limit }: { fromUs: number; untilUs: number; limit: number },
): Promise<ProviderAnswer[]> {
  const found = await reader.query<AnswerSql>(ANSWERS, [Math.floor(fromUs), Math.floor(untilUs), limit]);
  return found.rows.map(({ took_ms: tookMs, booked_us: bookedUs, ...answer }) => ({
    ...answer,
    tookMs: Number(tookMs),
    bookedUs: Number(bookedUs),
  }));
}
