-- A try may still be under way while the same event is asked for again: what comes of it is no answer to that. So a delivery
-- names the event that asked for it, and so does each try.
ALTER TABLE florin.webhook_deliveries ADD COLUMN asked_seq bigint;
UPDATE florin.webhook_deliveries SET asked_seq = seq;
UPDATE florin.webhook_deliveries AS d
SET asked_seq = r.asked_seq
FROM (
  SELECT e.book_no, (c.resend ->> 'merchant')::uuid AS merchant_id, (c.resend ->> 'to')::smallint AS endpoint,
         (event ->> 0)::bigint AS seq, (event ->> 1)::smallint AS index, max(e.seq) AS asked_seq
  FROM florin.payment_events AS e
  CROSS JOIN LATERAL (SELECT florin.change_json(e.change) -> 'resend' AS resend) AS c
  CROSS JOIN LATERAL jsonb_array_elements(c.resend -> 'events') AS event
  WHERE e.subject = 7 AND e.name = 'webhook_resend_asked'
  GROUP BY e.book_no, merchant_id, endpoint, 4, 5
) AS r
WHERE d.book_no = r.book_no AND d.merchant_id = r.merchant_id AND d.endpoint = r.endpoint AND d.seq = r.seq AND d.index = r.index;
ALTER TABLE florin.webhook_deliveries ALTER COLUMN asked_seq SET NOT NULL;
ALTER TABLE florin.webhook_deliveries ADD CONSTRAINT webhook_deliveries_asked CHECK (asked_seq >= seq);

CREATE OR REPLACE VIEW books.webhook_deliveries AS
SELECT book.name AS book, d.merchant_id, w.id AS endpoint_id, florin.told_id(d.shard, d.seq, d.index, d.merchant_id) AS event_id,
       CASE WHEN d.delivered_at IS NOT NULL THEN 'delivered' WHEN d.next_at IS NOT NULL THEN 'pending' ELSE 'failed' END AS state,
       d.told_at, d.next_at, d.delivered_at, d.tries, d.last_status, d.seq, d.index, d.asked_seq
FROM florin.webhook_deliveries AS d
JOIN florin.adopted_books AS book ON book.number = d.book_no
JOIN florin.webhook_endpoints AS w ON w.book_no = d.book_no AND w.merchant_id = d.merchant_id AND w.number = d.endpoint;
COMMENT ON COLUMN books.webhook_deliveries.asked_seq IS 'The sequence number of the event that asked for it: seq itself, or that of the last resend. Only tries that began for that one count.';
