-- Payments as people query them. Columns are only ever added. What changes along the way of a payment (attempts, calls)
-- is read from its events, intent by intent, so that a condition on a payment is a look-up by its keys. States, kinds
-- and purposes are the words of the journal.

CREATE FUNCTION florin.moment_of(us bigint) RETURNS timestamptz
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  SELECT to_timestamp(us / 1000000) + us % 1000000 * interval '1 microsecond'
$$;
COMMENT ON FUNCTION florin.moment_of(bigint) IS 'A moment from microseconds since 1970, exact.';

-- An operation is shown whole by each event that changes it: the last one tells how it stands.
CREATE VIEW florin.payment_operations AS
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
       o.states, o.changed_at, o.first_seq
FROM florin.payment_intents AS i
CROSS JOIN LATERAL (
  SELECT (op ->> 'id')::uuid AS operation_id, (array_agg(op ORDER BY e.seq DESC))[1] AS last, min(e.booked_at) AS asked_at,
         array_agg(op ->> 'state' ORDER BY e.seq) AS states, array_agg(e.booked_at ORDER BY e.seq) AS changed_at, min(e.seq) AS first_seq
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'operations') AS op
  WHERE e.shard = i.shard AND e.subject_seq = i.seq
  GROUP BY op ->> 'id'
) AS o;
COMMENT ON VIEW florin.payment_operations IS 'Everything that was asked of providers, as its last event left it, with the states on the way.';

CREATE VIEW books.merchants AS
SELECT book.name AS book, m.id, m.name, m.country, m.settlement_days::integer AS settlement_days, m.tax_ppm, m.tax_jurisdiction,
       m.fees_returned, m.fees, m.routing, m.created_at, m.seq
FROM florin.merchants AS m
JOIN florin.adopted_books AS book ON book.number = m.book_no;
COMMENT ON VIEW books.merchants IS 'The merchants: whose payments they are, and what is charged for them.';
COMMENT ON COLUMN books.merchants.book IS 'The book''s name.';
COMMENT ON COLUMN books.merchants.id IS 'The merchant''s id.';
COMMENT ON COLUMN books.merchants.name IS 'A name for people.';
COMMENT ON COLUMN books.merchants.country IS 'ISO 3166 alpha-2.';
COMMENT ON COLUMN books.merchants.settlement_days IS 'Business days after a capture at which its money becomes available.';
COMMENT ON COLUMN books.merchants.tax_ppm IS 'The tax on fees, parts per million.';
COMMENT ON COLUMN books.merchants.tax_jurisdiction IS 'Where that tax is owed.';
COMMENT ON COLUMN books.merchants.fees_returned IS 'True if a refund gives back its share of the fees.';
COMMENT ON COLUMN books.merchants.fees IS 'The fee rules: method (empty for all), currency, ppm, and fixed and cap in minor units.';
COMMENT ON COLUMN books.merchants.routing IS 'Strategy, rules, and how many routes a payment may try.';
COMMENT ON COLUMN books.merchants.created_at IS 'When it was created (block time).';
COMMENT ON COLUMN books.merchants.seq IS 'The sequence number in the book''s shard.';

CREATE VIEW books.payment_intents AS
SELECT book.name AS book, i.id, i.merchant_id, s.state, i.amount, i.currency, i.capture AS capture_method, s.method_type, s.provider,
       s.attempts::integer AS attempts, s.authorized, s.captured, s.capturing, s.refunded, s.refunding, s.fees, s.tax, s.pending, s.memo,
       s.unapplied, coalesce(i.reference, '') AS reference, coalesce(i.description, '') AS description,
       coalesce(i.statement_descriptor, '') AS statement_descriptor, coalesce(i.metadata, '{}') AS metadata,
       i.created_at, i.expires_at, s.available_at, s.due_at, s.canceling, coalesce(s.cancel_reason, '') AS cancel_reason,
       coalesce(s.attention, '') AS attention, s.version, i.seq, s.last_seq
FROM florin.payment_intents AS i
JOIN florin.payment_states AS s ON s.shard = i.shard AND s.seq = i.seq
JOIN florin.adopted_books AS book ON book.number = i.book_no;
COMMENT ON VIEW books.payment_intents IS 'The payments, each as it stands after its last event. Amounts are minor units of the currency.';
COMMENT ON COLUMN books.payment_intents.book IS 'The book''s name.';
COMMENT ON COLUMN books.payment_intents.id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.payment_intents.merchant_id IS 'Whose payment it is.';
COMMENT ON COLUMN books.payment_intents.state IS 'The state, see docs/payments.md.';
COMMENT ON COLUMN books.payment_intents.amount IS 'What is to be paid.';
COMMENT ON COLUMN books.payment_intents.currency IS 'The ISO 4217 code.';
COMMENT ON COLUMN books.payment_intents.capture_method IS 'automatic or manual.';
COMMENT ON COLUMN books.payment_intents.method_type IS 'How it is paid: card, wallet, ..; null while no method is known.';
COMMENT ON COLUMN books.payment_intents.provider IS 'The provider of the last attempt; null before the first.';
COMMENT ON COLUMN books.payment_intents.attempts IS 'How many routes were tried.';
COMMENT ON COLUMN books.payment_intents.authorized IS 'Sum that was authorised.';
COMMENT ON COLUMN books.payment_intents.captured IS 'Sum that was captured.';
COMMENT ON COLUMN books.payment_intents.capturing IS 'Captures and sales that are pending or unknown.';
COMMENT ON COLUMN books.payment_intents.refunded IS 'Sum that went back.';
COMMENT ON COLUMN books.payment_intents.refunding IS 'Refunds that are pending or unknown.';
COMMENT ON COLUMN books.payment_intents.fees IS 'Fees that are posted.';
COMMENT ON COLUMN books.payment_intents.tax IS 'Tax on the fees that is posted.';
COMMENT ON COLUMN books.payment_intents.pending IS 'What still stands on the merchant''s pending account.';
COMMENT ON COLUMN books.payment_intents.memo IS 'What of the authorisation is still open in the memo accounts.';
COMMENT ON COLUMN books.payment_intents.unapplied IS 'Money that came when it was not wanted, and is not sent back yet.';
COMMENT ON COLUMN books.payment_intents.reference IS 'The caller''s reference.';
COMMENT ON COLUMN books.payment_intents.description IS 'A description for people.';
COMMENT ON COLUMN books.payment_intents.statement_descriptor IS 'What the payer reads on a statement.';
COMMENT ON COLUMN books.payment_intents.metadata IS 'The caller''s metadata; keys and values are text.';
COMMENT ON COLUMN books.payment_intents.created_at IS 'When it was created (block time).';
COMMENT ON COLUMN books.payment_intents.expires_at IS 'When it expires if nothing is captured by then.';
COMMENT ON COLUMN books.payment_intents.available_at IS 'When what is pending becomes available; null where nothing is.';
COMMENT ON COLUMN books.payment_intents.due_at IS 'When something is next to be done about it; null for never.';
COMMENT ON COLUMN books.payment_intents.canceling IS 'A cancel was asked for while something was open.';
COMMENT ON COLUMN books.payment_intents.cancel_reason IS 'Why it was canceled; else empty.';
COMMENT ON COLUMN books.payment_intents.attention IS 'Why an operator has to look at it; else empty.';
COMMENT ON COLUMN books.payment_intents.version IS 'How many events it has.';
COMMENT ON COLUMN books.payment_intents.seq IS 'The sequence number of the event that created it.';
COMMENT ON COLUMN books.payment_intents.last_seq IS 'The sequence number of its last event.';

CREATE VIEW books.payment_attempts AS
SELECT book.name AS book, i.id AS payment_intent_id, a.attempt, a.last ->> 'state' AS state, a.last ->> 'provider' AS provider,
       a.last -> 'method' ->> 'type' AS method_type, (a.last ->> 'operation')::uuid AS operation_id,
       a.last ->> 'providerReference' AS provider_reference, florin.moment_of((a.last ->> 'expiresAtUs')::bigint) AS expires_at,
       a.last ->> 'actionUrl' AS action_url, a.started_at, a.changed_at
FROM florin.payment_intents AS i
JOIN florin.adopted_books AS book ON book.number = i.book_no
CROSS JOIN LATERAL (
  SELECT (pair ->> 0)::integer AS attempt, (array_agg(pair -> 1 ORDER BY e.seq DESC))[1] AS last, min(e.booked_at) AS started_at,
         max(e.booked_at) AS changed_at
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'attempts') AS pair
  WHERE e.shard = i.shard AND e.subject_seq = i.seq
  GROUP BY pair ->> 0
) AS a;
COMMENT ON VIEW books.payment_attempts IS 'The routes that payments tried, each as it stands.';
COMMENT ON COLUMN books.payment_attempts.book IS 'The book''s name.';
COMMENT ON COLUMN books.payment_attempts.payment_intent_id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.payment_attempts.attempt IS 'The index in the payment, from 0.';
COMMENT ON COLUMN books.payment_attempts.state IS 'The state, see docs/payments.md.';
COMMENT ON COLUMN books.payment_attempts.provider IS 'The provider that was chosen.';
COMMENT ON COLUMN books.payment_attempts.method_type IS 'How it was to be paid.';
COMMENT ON COLUMN books.payment_attempts.operation_id IS 'The authorisation or sale that it began with.';
COMMENT ON COLUMN books.payment_attempts.provider_reference IS 'The provider''s reference; empty until it told one.';
COMMENT ON COLUMN books.payment_attempts.expires_at IS 'When the authorisation lapses; null for never, or none.';
COMMENT ON COLUMN books.payment_attempts.action_url IS 'Where the payer has to go; empty where nothing is to be done.';
COMMENT ON COLUMN books.payment_attempts.started_at IS 'When it began (block time).';
COMMENT ON COLUMN books.payment_attempts.changed_at IS 'When it changed last (block time).';

CREATE VIEW books.captures AS
SELECT book.name AS book, o.intent_id AS payment_intent_id, o.operation_id AS id, o.kind, o.state, o.amount, o.currency, o.final,
       o.provider, o.attempt, o.provider_reference, o.detail, o.asked_at, o.settled_at
FROM florin.payment_operations AS o
JOIN florin.adopted_books AS book ON book.number = o.book_no
WHERE o.kind IN ('capture', 'sale');
COMMENT ON VIEW books.captures IS 'What was captured, or is to be: captures, and sales, which authorise and capture in one call.';
COMMENT ON COLUMN books.captures.book IS 'The book''s name.';
COMMENT ON COLUMN books.captures.payment_intent_id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.captures.id IS 'The capture''s id; the provider knows it as our reference and key.';
COMMENT ON COLUMN books.captures.kind IS 'capture or sale.';
COMMENT ON COLUMN books.captures.state IS 'pending, accepted, requires_action or unknown while open; then succeeded, failed or not_sent.';
COMMENT ON COLUMN books.captures.amount IS 'Minor units.';
COMMENT ON COLUMN books.captures.currency IS 'The ISO 4217 code.';
COMMENT ON COLUMN books.captures.final IS 'No other capture follows.';
COMMENT ON COLUMN books.captures.provider IS 'Whom it was asked of.';
COMMENT ON COLUMN books.captures.attempt IS 'The index of its attempt, from 0.';
COMMENT ON COLUMN books.captures.provider_reference IS 'The provider''s reference; empty until it told one.';
COMMENT ON COLUMN books.captures.detail IS 'The provider''s own code, or what went wrong.';
COMMENT ON COLUMN books.captures.asked_at IS 'When it was asked for (block time).';
COMMENT ON COLUMN books.captures.settled_at IS 'When its outcome was proven (block time); null while it is open.';

CREATE VIEW books.refunds AS
SELECT book.name AS book, o.intent_id AS payment_intent_id, o.operation_id AS id, o.state, o.amount, o.currency, o.from_pending, o.source,
       o.provider, o.attempt, o.provider_reference, o.detail, o.asked_at, o.settled_at
FROM florin.payment_operations AS o
JOIN florin.adopted_books AS book ON book.number = o.book_no
WHERE o.kind = 'refund';
COMMENT ON VIEW books.refunds IS 'What went back to payers, or is to.';
COMMENT ON COLUMN books.refunds.book IS 'The book''s name.';
COMMENT ON COLUMN books.refunds.payment_intent_id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.refunds.id IS 'The refund''s id; the provider knows it as our reference and key.';
COMMENT ON COLUMN books.refunds.state IS 'pending, accepted or unknown while open; then succeeded, failed or not_sent.';
COMMENT ON COLUMN books.refunds.amount IS 'Minor units.';
COMMENT ON COLUMN books.refunds.currency IS 'The ISO 4217 code.';
COMMENT ON COLUMN books.refunds.from_pending IS 'How much of it was taken from the payment''s own pending money, minor units.';
COMMENT ON COLUMN books.refunds.source IS 'available: the merchant''s money; unapplied: money that came late and belongs to nobody here.';
COMMENT ON COLUMN books.refunds.provider IS 'Whom it was asked of.';
COMMENT ON COLUMN books.refunds.attempt IS 'The index of its attempt, from 0.';
COMMENT ON COLUMN books.refunds.provider_reference IS 'The provider''s reference; empty until it told one.';
COMMENT ON COLUMN books.refunds.detail IS 'The provider''s own code, or what went wrong.';
COMMENT ON COLUMN books.refunds.asked_at IS 'When it was asked for (block time).';
COMMENT ON COLUMN books.refunds.settled_at IS 'When its outcome was proven (block time); null while it is open.';

CREATE VIEW books.provider_calls AS
SELECT book.name AS book, o.intent_id AS payment_intent_id, o.operation_id, o.kind, o.provider, o.attempt, o.amount, o.currency,
       o.state AS outcome, o.decline, o.detail, o.tries, o.asked_at, o.settled_at, o.due_at, o.states, o.changed_at, o.provider_reference
FROM florin.payment_operations AS o
JOIN florin.adopted_books AS book ON book.number = o.book_no;
COMMENT ON VIEW books.provider_calls IS 'Everything that was asked of providers, one row an operation. Its intent is journalled before the call: a row is there before a provider knows of it.';
COMMENT ON COLUMN books.provider_calls.book IS 'The book''s name.';
COMMENT ON COLUMN books.provider_calls.payment_intent_id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.provider_calls.operation_id IS 'Our reference, and the provider''s idempotency key.';
COMMENT ON COLUMN books.provider_calls.kind IS 'authorize, sale, increment, capture, void or refund.';
COMMENT ON COLUMN books.provider_calls.provider IS 'Whom it was asked of.';
COMMENT ON COLUMN books.provider_calls.attempt IS 'The index of its attempt, from 0.';
COMMENT ON COLUMN books.provider_calls.amount IS 'Minor units.';
COMMENT ON COLUMN books.provider_calls.currency IS 'The ISO 4217 code.';
COMMENT ON COLUMN books.provider_calls.outcome IS 'How it stands: pending, accepted, requires_action or unknown while open; then succeeded, failed, not_sent or canceled.';
COMMENT ON COLUMN books.provider_calls.decline IS 'Why it was declined, in one taxonomy over all providers; else empty.';
COMMENT ON COLUMN books.provider_calls.detail IS 'The provider''s own code, or what went wrong.';
COMMENT ON COLUMN books.provider_calls.tries IS 'Calls and questions of the try under way that came back without a proof.';
COMMENT ON COLUMN books.provider_calls.asked_at IS 'When it was asked for (block time).';
COMMENT ON COLUMN books.provider_calls.settled_at IS 'When its outcome was proven (block time); null while it is open.';
COMMENT ON COLUMN books.provider_calls.due_at IS 'When it is called or asked about next; null where nothing is to be done.';
COMMENT ON COLUMN books.provider_calls.states IS 'Its states in order.';
COMMENT ON COLUMN books.provider_calls.changed_at IS 'When each of them was booked (block time).';
COMMENT ON COLUMN books.provider_calls.provider_reference IS 'The provider''s reference; empty until it told one.';

CREATE VIEW books.routing_decisions AS
SELECT book.name AS book, i.id AS payment_intent_id, a.attempt, a.first ->> 'provider' AS provider, a.first -> 'route' ->> 'strategy' AS strategy,
       a.first -> 'route' -> 'candidates' AS candidates, a.first -> 'route' -> 'excluded' AS excluded, a.decided_at
FROM florin.payment_intents AS i
JOIN florin.adopted_books AS book ON book.number = i.book_no
CROSS JOIN LATERAL (
  SELECT (pair ->> 0)::integer AS attempt, (array_agg(pair -> 1 ORDER BY e.seq))[1] AS first, min(e.booked_at) AS decided_at
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL jsonb_array_elements(florin.change_json(e.change) -> 'attempts') AS pair
  WHERE e.shard = i.shard AND e.subject_seq = i.seq
  GROUP BY pair ->> 0
) AS a;
COMMENT ON VIEW books.routing_decisions IS 'Why each attempt went to its provider, as it was known at that moment.';
COMMENT ON COLUMN books.routing_decisions.book IS 'The book''s name.';
COMMENT ON COLUMN books.routing_decisions.payment_intent_id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.routing_decisions.attempt IS 'The index of the attempt, from 0.';
COMMENT ON COLUMN books.routing_decisions.provider IS 'The provider that was chosen.';
COMMENT ON COLUMN books.routing_decisions.strategy IS 'How it was chosen.';
COMMENT ON COLUMN books.routing_decisions.candidates IS 'Those that came into question, with the score of each and the features that it is made of.';
COMMENT ON COLUMN books.routing_decisions.excluded IS 'Those that did not, and why.';
COMMENT ON COLUMN books.routing_decisions.decided_at IS 'When (block time).';

CREATE VIEW books.balance_transactions AS
SELECT book.name AS book, i.id AS payment_intent_id, t.seq, t.id AS transaction_id, substr(t.reference, 46) AS purpose, p.posting,
       d.code AS debit_code, c.code AS credit_code, p.amount, d.asset AS currency, t.booked_at, e.seq AS event_seq, e.name AS event,
       (o.operation ->> 'id')::uuid AS operation_id, o.operation ->> 'kind' AS operation_kind, (o.operation ->> 'attempt')::integer AS attempt,
       p.debit_account_key, p.credit_account_key
FROM florin.payment_intents AS i
JOIN florin.adopted_books AS book ON book.number = i.book_no
JOIN florin.payment_events AS e ON e.shard = i.shard AND e.subject_seq = i.seq
JOIN florin.transactions AS t ON t.book_no = e.book_no AND t.seq >= e.seq - e.transaction_count AND t.seq < e.seq
CROSS JOIN LATERAL (
  SELECT 0 AS posting, t.debit_account_key, t.credit_account_key, t.amount
  UNION ALL
  SELECT more.posting::integer, more.debit_account_key, more.credit_account_key, more.amount
  FROM florin.postings AS more WHERE t.posting_count > 1 AND more.book_no = t.book_no AND more.seq = t.seq
) AS p
JOIN florin.accounts AS d ON d.account_key = p.debit_account_key
JOIN florin.accounts AS c ON c.account_key = p.credit_account_key
-- An event may change several operations (an authorisation succeeds, a capture begins): the purpose tells which one it was.
LEFT JOIN LATERAL (
  SELECT operation FROM jsonb_array_elements(florin.change_json(e.change) -> 'operations') WITH ORDINALITY AS each(operation, place)
  WHERE operation ->> 'kind' = ANY (CASE
    WHEN t.reference LIKE '% authorized' THEN '{authorize,increment}'
    WHEN t.reference LIKE '% captured' OR t.reference LIKE '% unapplied' THEN '{capture,sale}'
    WHEN t.reference LIKE '% released' THEN '{capture,void}'
    WHEN t.reference LIKE '% refund%' OR t.reference LIKE '% return%' THEN '{refund}'
    ELSE '{}' END::text[])
  ORDER BY place LIMIT 1
) AS o ON true;
COMMENT ON VIEW books.balance_transactions IS 'The postings of the ledger that payments led to, one row a posting, each with the event and the operation behind it.';
COMMENT ON COLUMN books.balance_transactions.book IS 'The book''s name.';
COMMENT ON COLUMN books.balance_transactions.payment_intent_id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.balance_transactions.seq IS 'The transaction''s sequence number; joins with books.transactions.';
COMMENT ON COLUMN books.balance_transactions.transaction_id IS 'The transaction''s id: it follows from the command''s id and the purpose.';
COMMENT ON COLUMN books.balance_transactions.purpose IS 'What it was booked for: authorized, captured, released, refund asked, refunded, available, ..';
COMMENT ON COLUMN books.balance_transactions.posting IS 'The index in the transaction, from 0.';
COMMENT ON COLUMN books.balance_transactions.debit_code IS 'The code of the debited account.';
COMMENT ON COLUMN books.balance_transactions.credit_code IS 'The code of the credited account.';
COMMENT ON COLUMN books.balance_transactions.amount IS 'Minor units moved.';
COMMENT ON COLUMN books.balance_transactions.currency IS 'The ISO 4217 code.';
COMMENT ON COLUMN books.balance_transactions.booked_at IS 'When it was booked (block time).';
COMMENT ON COLUMN books.balance_transactions.event_seq IS 'The event that it belongs to; it stands right behind its transactions.';
COMMENT ON COLUMN books.balance_transactions.event IS 'The name of that event.';
COMMENT ON COLUMN books.balance_transactions.operation_id IS 'What was asked of the provider; null where no operation is behind it.';
COMMENT ON COLUMN books.balance_transactions.operation_kind IS 'What kind of operation that is.';
COMMENT ON COLUMN books.balance_transactions.attempt IS 'The index of its attempt, from 0.';
COMMENT ON COLUMN books.balance_transactions.debit_account_key IS 'Joins with books.accounts.';
COMMENT ON COLUMN books.balance_transactions.credit_account_key IS 'Joins with books.accounts.';

CREATE VIEW books.operator_queue AS
SELECT book.name AS book, i.id AS payment_intent_id, s.attention, s.state, i.merchant_id, i.amount, i.currency, s.captured, s.refunded, s.unapplied,
       s.provider, coalesce(i.reference, '') AS reference, e.booked_at AS changed_at, s.due_at, i.created_at, s.version
FROM florin.payment_states AS s
JOIN florin.payment_intents AS i ON i.book_no = s.book_no AND i.seq = s.seq
JOIN florin.payment_events AS e ON e.shard = s.shard AND e.subject_seq = s.seq AND e.seq = s.last_seq
JOIN florin.adopted_books AS book ON book.number = s.book_no
WHERE s.attention IS NOT NULL;
COMMENT ON VIEW books.operator_queue IS 'Payments that an operator has to look at.';
COMMENT ON COLUMN books.operator_queue.book IS 'The book''s name.';
COMMENT ON COLUMN books.operator_queue.payment_intent_id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.operator_queue.attention IS 'Why.';
COMMENT ON COLUMN books.operator_queue.state IS 'The state, see docs/payments.md.';
COMMENT ON COLUMN books.operator_queue.merchant_id IS 'Whose payment it is.';
COMMENT ON COLUMN books.operator_queue.amount IS 'What was to be paid, minor units.';
COMMENT ON COLUMN books.operator_queue.currency IS 'The ISO 4217 code.';
COMMENT ON COLUMN books.operator_queue.captured IS 'Sum that was captured, minor units.';
COMMENT ON COLUMN books.operator_queue.refunded IS 'Sum that went back, minor units.';
COMMENT ON COLUMN books.operator_queue.unapplied IS 'Money that is nobody''s here, minor units.';
COMMENT ON COLUMN books.operator_queue.provider IS 'The provider of the last attempt.';
COMMENT ON COLUMN books.operator_queue.reference IS 'The caller''s reference.';
COMMENT ON COLUMN books.operator_queue.changed_at IS 'When it changed last (block time).';
COMMENT ON COLUMN books.operator_queue.due_at IS 'When something is next done about it without an operator; null for never.';
COMMENT ON COLUMN books.operator_queue.created_at IS 'When it was created (block time).';
COMMENT ON COLUMN books.operator_queue.version IS 'How many events it has.';

CREATE VIEW books.payment_timeline AS
SELECT book.name AS book, i.id AS payment_intent_id, e.seq, (c.change -> 'after' ->> 'version')::bigint AS version, e.booked_at,
       e.name AS event, e.cause, e.id AS command_id, c.change -> 'after' ->> 'state' AS state, c.change -> 'operations' AS operations,
       e.transaction_count::integer AS transaction_count, c.change
FROM florin.payment_intents AS i
JOIN florin.adopted_books AS book ON book.number = i.book_no
JOIN florin.payment_events AS e ON e.shard = i.shard AND e.subject_seq = i.seq
CROSS JOIN LATERAL florin.change_json(e.change) AS c(change);
COMMENT ON VIEW books.payment_timeline IS 'Every event of every payment in order, with what caused it.';
COMMENT ON COLUMN books.payment_timeline.book IS 'The book''s name.';
COMMENT ON COLUMN books.payment_timeline.payment_intent_id IS 'The payment intent''s id.';
COMMENT ON COLUMN books.payment_timeline.seq IS 'The event''s sequence number in the shard; orders events.';
COMMENT ON COLUMN books.payment_timeline.version IS 'From 1 without gaps in each payment.';
COMMENT ON COLUMN books.payment_timeline.booked_at IS 'When it was booked (block time).';
COMMENT ON COLUMN books.payment_timeline.event IS 'What happened.';
COMMENT ON COLUMN books.payment_timeline.cause IS 'Who moved it: caller, provider, timer or operator.';
COMMENT ON COLUMN books.payment_timeline.command_id IS 'The id of the command behind it; null where it came along with another event.';
COMMENT ON COLUMN books.payment_timeline.state IS 'The state after it.';
COMMENT ON COLUMN books.payment_timeline.operations IS 'What was asked of providers, as far as it changed.';
COMMENT ON COLUMN books.payment_timeline.transaction_count IS 'How many transactions of the ledger belong to it, see books.balance_transactions.';
COMMENT ON COLUMN books.payment_timeline.change IS 'All that the journal says of it.';

CREATE OR REPLACE VIEW books.refusals AS
SELECT book.name AS book, r.id, r.seq, r.booked_at, coalesce(n.name, r.reason::text) AS reason,
       (ARRAY['CREATE', 'POST', 'VOID', 'REVERSE', 'OPEN_ACCOUNT', 'CHANGE_ACCOUNT', 'CLOSE_ACCOUNT',
              'CREATE_MERCHANT', 'CREATE_INTENT', 'CONFIRM_INTENT', 'CAPTURE_INTENT', 'CANCEL_INTENT', 'REFUND_INTENT',
              'RECORD_OUTCOME', 'ADVANCE_INTENT', 'RECORD_EVENT', 'SETTLE_OPERATION', 'INCREMENT_INTENT', 'UPDATE_INTENT'])[CASE WHEN r.op >= 20 THEN r.op - 12 ELSE r.op END] AS command,
       r.posting::integer AS posting, r.account_id, r.field
FROM florin.refusals AS r
JOIN florin.adopted_books AS book ON book.number = r.book_no
LEFT JOIN florin.refusal_reasons AS n ON n.number = r.reason;
