-- Events of webhook endpoints are events of their merchant: they go on with its version, and say nothing of its terms.
CREATE OR REPLACE VIEW books.invariant_merchants_whole AS
WITH numbered AS (
  SELECT shard, book_no, subject_seq, seq, place, version, own_terms, terms_before, coalesce(own_terms, terms_before) AS terms_number
  FROM (
    SELECT e.shard, e.book_no, e.subject_seq, e.seq, row_number() OVER w AS place, c.version, c.own_terms,
           max(c.own_terms) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS terms_before
    FROM florin.payment_events AS e
    CROSS JOIN LATERAL (
      SELECT coalesce(j.change -> 'merchant' -> 'version', j.change -> 'merchantVersion')::bigint AS version,
             (j.change -> 'merchant' ->> 'termsNumber')::integer AS own_terms
      FROM (SELECT florin.change_json(e.change) AS change) AS j
    ) AS c
    WHERE e.subject = 1
    WINDOW w AS (PARTITION BY e.shard, e.subject_seq ORDER BY e.seq)
  ) AS each_event
)
SELECT format('shard %s, event %s', shard, seq) AS subject, format('has the version %s and is number %s of its merchant', version, place) AS detail
FROM numbered WHERE version IS DISTINCT FROM place
UNION ALL
SELECT format('shard %s, event %s', shard, seq), format('has terms %s behind terms %s', own_terms, coalesce(terms_before, 0))
FROM numbered WHERE own_terms NOT IN (coalesce(terms_before, 1), coalesce(terms_before, 0) + 1)
UNION ALL
SELECT format('shard %s, merchant of seq %s', m.shard, m.seq), 'its row is not what its last event left'
FROM florin.merchants AS m
LEFT JOIN numbered AS n ON n.shard = m.shard AND n.subject_seq = m.seq AND n.seq = m.last_seq
WHERE m.version IS DISTINCT FROM n.version OR m.terms_number IS DISTINCT FROM n.terms_number
  OR EXISTS (SELECT FROM numbered AS later WHERE later.shard = m.shard AND later.subject_seq = m.seq AND later.seq > m.last_seq)
UNION ALL
SELECT format('book %s, payment of seq %s', i.book_no, i.seq), format('is under terms %s, of which its merchant has no more than %s', i.terms_number, m.terms_number)
FROM florin.payment_intents AS i
JOIN florin.merchants AS m ON m.book_no = i.book_no AND m.id = i.merchant_id
WHERE i.terms_number > m.terms_number;

CREATE OR REPLACE VIEW books.merchant_terms AS
SELECT DISTINCT ON (e.book_no, e.subject_seq, t.terms_number)
       book.name AS book, e.subject_id AS merchant_id, t.terms_number,
       (t.terms ->> 'settlementDays')::integer AS settlement_days, (t.terms ->> 'taxPpm')::integer AS tax_ppm, t.terms ->> 'taxJurisdiction' AS tax_jurisdiction,
       (t.terms ->> 'feesReturned')::boolean AS fees_returned, (t.terms -> 'reserve' ->> 'ppm')::integer AS reserve_ppm,
       (t.terms -> 'reserve' ->> 'days')::integer AS reserve_days, t.terms -> 'fees' AS fees, e.booked_at AS agreed_at, e.seq
FROM florin.payment_events AS e
CROSS JOIN LATERAL (
  SELECT (c.merchant ->> 'termsNumber')::integer AS terms_number, c.merchant -> 'terms' AS terms
  FROM (SELECT florin.change_json(e.change) -> 'merchant' AS merchant) AS c
) AS t
JOIN florin.adopted_books AS book ON book.number = e.book_no
WHERE e.subject = 1 AND e.name IN ('merchant_created', 'merchant_updated')
ORDER BY e.book_no, e.subject_seq, t.terms_number, e.seq;

CREATE VIEW books.invariant_deliveries_told AS
SELECT format('book %s, endpoint %s of merchant %s, event %s.%s', d.book_no, d.endpoint, d.merchant_id, d.seq, d.index) AS subject,
       'is to be told what was told nobody' AS detail
FROM florin.webhook_deliveries AS d
WHERE NOT EXISTS (
  SELECT FROM florin.told_events AS t
  WHERE t.book_no = d.book_no AND t.merchant_id = d.merchant_id AND t.seq = d.seq AND t.index = d.index)
UNION ALL
SELECT format('book %s, endpoint %s of merchant %s, event %s.%s', d.book_no, d.endpoint, d.merchant_id, d.seq, d.index),
       'has taken it and is to be told all the same'
FROM florin.webhook_deliveries AS d WHERE d.delivered_at IS NOT NULL AND d.next_at IS NOT NULL
UNION ALL
SELECT format('book %s, endpoint %s of merchant %s, event %s.%s', a.book_no, a.endpoint, a.merchant_id, a.seq, a.index),
       'was tried and is not to be told'
FROM florin.webhook_attempts AS a
WHERE NOT EXISTS (
  SELECT FROM florin.webhook_deliveries AS d
  WHERE d.book_no = a.book_no AND d.merchant_id = a.merchant_id AND d.endpoint = a.endpoint AND d.seq = a.seq AND d.index = a.index);
COMMENT ON VIEW books.invariant_deliveries_told IS
  'Endpoints are to be told only what their merchant was told, nothing that they have taken, and nothing else was tried.';
COMMENT ON COLUMN books.invariant_deliveries_told.subject IS 'What violates it.';
COMMENT ON COLUMN books.invariant_deliveries_told.detail IS 'In which way.';
