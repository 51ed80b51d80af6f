-- A record is found by its id as every spent id is: by the index of payment_events that has the ids of commands, of which a
-- record's own is one. Its change holds no character that jsonb cannot: so it is read as it is, and what only looks like an
-- escape in a body (a backslash and "u0000" behind it) stays what it was.

CREATE OR REPLACE VIEW books.idempotency_records AS
SELECT book.name AS book, e.id, record ->> 'fingerprint' AS fingerprint, (record ->> 'status')::integer AS status,
       record ->> 'body' AS body, e.booked_at AS saved_at, e.seq
FROM florin.payment_events AS e
JOIN florin.adopted_books AS book ON book.number = e.book_no
-- Whoever filters by what is read here may be heard before the subject is asked for.
CROSS JOIN LATERAL (SELECT CASE WHEN e.subject = 5 THEN e.change::jsonb -> 'record' END) AS c(record)
WHERE e.subject = 5;
