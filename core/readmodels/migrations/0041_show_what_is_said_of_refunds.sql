-- What is said of a refund stands with it. Where that is changed the refund goes on as it was: its states, and when it was
-- settled, are those of its outcome.

CREATE OR REPLACE VIEW florin.payment_operations AS
SELECT i.book_no, i.shard, i.seq AS intent_seq, i.id AS intent_id, i.currency, o.operation_id, o.last ->> 'kind' AS kind,
       o.last ->> 'state' AS state, (o.last ->> 'attempt')::integer AS attempt,
       (SELECT pair -> 1 ->> 'provider'
        FROM florin.payment_events AS e
        CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'attempts') AS pair
        WHERE e.shard = i.shard AND e.subject_seq = i.seq AND pair -> 0 = o.last -> 'attempt'
        LIMIT 1) AS provider,
       (o.last ->> 'amount')::bigint AS amount, (o.last ->> 'final')::boolean AS final,
       (o.last ->> 'fromPending')::bigint AS from_pending, o.last ->> 'source' AS source,
       o.last ->> 'providerReference' AS provider_reference, o.last ->> 'decline' AS decline, o.last ->> 'detail' AS detail,
       (o.last ->> 'tries')::integer AS tries, florin.moment_of((o.last ->> 'dueUs')::bigint) AS due_at,
       o.asked_at, CASE WHEN o.last ->> 'state' IN ('succeeded', 'failed', 'not_sent', 'canceled') THEN o.changed_at[cardinality(o.changed_at)] END AS settled_at,
       o.states, o.changed_at, o.first_seq,
       coalesce((o.last ->> 'foreign')::boolean, false) AS is_foreign,
       coalesce(o.last ->> 'reason', '') AS reason, coalesce(o.last ->> 'reference', '') AS reference,
       coalesce((
         SELECT jsonb_object_agg(pair ->> 0, pair -> 1) FROM jsonb_array_elements(o.last -> 'metadata') AS pair
       ), '{}') AS metadata
FROM florin.payment_intents AS i
CROSS JOIN LATERAL (
  SELECT (op ->> 'id')::uuid AS operation_id, (array_agg(op ORDER BY e.seq DESC))[1] AS last, min(e.booked_at) AS asked_at,
         array_agg(op ->> 'state' ORDER BY e.seq) FILTER (WHERE e.name <> 'refund_updated') AS states,
         array_agg(e.booked_at ORDER BY e.seq) FILTER (WHERE e.name <> 'refund_updated') AS changed_at, min(e.seq) AS first_seq
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'operations') AS op
  WHERE e.shard = i.shard AND e.subject_seq = i.seq
  GROUP BY op ->> 'id'
) AS o;

CREATE OR REPLACE VIEW books.refunds AS
SELECT book.name AS book, o.intent_id AS payment_intent_id, o.operation_id AS id, o.state, o.amount, o.currency, o.from_pending, o.source,
       o.provider, o.attempt, o.provider_reference, o.detail, o.asked_at, o.settled_at,
       o.is_foreign, o.reason, o.reference, o.metadata
FROM florin.payment_operations AS o
JOIN florin.adopted_books AS book ON book.number = o.book_no
WHERE o.kind = 'refund';
COMMENT ON COLUMN books.refunds.reason IS 'Why: requested_by_customer, duplicate, fraudulent; empty where nobody said.';
COMMENT ON COLUMN books.refunds.reference IS 'The caller''s reference.';
COMMENT ON COLUMN books.refunds.metadata IS 'The metadata in force; keys and values are text.';
