-- Idempotency records: what was answered to requests of the edge. All there is of one stands in its only event, which the
-- writer finds by the spent id; so there is a view and no table.

ALTER TABLE florin.payment_events DROP CONSTRAINT payment_events_subject;
ALTER TABLE florin.payment_events ADD CONSTRAINT payment_events_subject CHECK (subject BETWEEN 1 AND 5);
COMMENT ON TABLE florin.payment_events IS
  'Insert only: the events of merchants (subject 1), payment intents (2), customers (3), payment methods (4) and idempotency records (5), by the seq of the event that began the subject. The transactions of an event are the transaction_count ones right before it: seq - transaction_count up to seq - 1.';

CREATE VIEW books.idempotency_records AS
SELECT book.name AS book, e.subject_id AS id, record ->> 'fingerprint' AS fingerprint, (record ->> 'status')::integer AS status,
       record ->> 'body' AS body, e.booked_at AS saved_at, e.seq
FROM florin.payment_events AS e
JOIN florin.adopted_books AS book ON book.number = e.book_no
CROSS JOIN LATERAL (SELECT florin.change_json(e.change) -> 'record') AS c(record)
WHERE e.subject = 5;
COMMENT ON VIEW books.idempotency_records IS 'What was answered to requests that came with an idempotency key, and is answered to them again.';
COMMENT ON COLUMN books.idempotency_records.book IS 'The book''s name.';
COMMENT ON COLUMN books.idempotency_records.id IS 'The record''s id, which follows from account, mode and key.';
COMMENT ON COLUMN books.idempotency_records.fingerprint IS 'SHA-256 of what was asked, in hexadecimal digits.';
COMMENT ON COLUMN books.idempotency_records.status IS 'The HTTP status.';
COMMENT ON COLUMN books.idempotency_records.body IS 'The body as it went out.';
COMMENT ON COLUMN books.idempotency_records.saved_at IS 'When it was saved (block time).';
COMMENT ON COLUMN books.idempotency_records.seq IS 'The sequence number of its event.';

CREATE OR REPLACE FUNCTION florin.command_name(op smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE op
    WHEN 1 THEN 'CREATE' WHEN 2 THEN 'POST' WHEN 3 THEN 'VOID' WHEN 4 THEN 'REVERSE' WHEN 5 THEN 'OPEN_ACCOUNT'
    WHEN 6 THEN 'CHANGE_ACCOUNT' WHEN 7 THEN 'CLOSE_ACCOUNT'
    WHEN 20 THEN 'CREATE_MERCHANT' WHEN 21 THEN 'CREATE_INTENT' WHEN 22 THEN 'CONFIRM_INTENT' WHEN 23 THEN 'CAPTURE_INTENT'
    WHEN 24 THEN 'CANCEL_INTENT' WHEN 25 THEN 'REFUND_INTENT' WHEN 26 THEN 'RECORD_OUTCOME' WHEN 27 THEN 'ADVANCE_INTENT'
    WHEN 28 THEN 'RECORD_EVENT' WHEN 29 THEN 'SETTLE_OPERATION' WHEN 30 THEN 'INCREMENT_INTENT' WHEN 31 THEN 'UPDATE_INTENT'
    WHEN 50 THEN 'UPDATE_MERCHANT'
    WHEN 60 THEN 'CREATE_CUSTOMER' WHEN 61 THEN 'UPDATE_CUSTOMER'
    WHEN 62 THEN 'CREATE_PAYMENT_METHOD' WHEN 63 THEN 'ATTACH_PAYMENT_METHOD' WHEN 64 THEN 'DETACH_PAYMENT_METHOD'
    WHEN 70 THEN 'SAVE_IDEMPOTENCY_RECORD' WHEN 71 THEN 'CREATE_API_KEY' WHEN 72 THEN 'REVOKE_API_KEY' END
$$;
