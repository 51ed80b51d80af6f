-- Each merchant's row was held against every event of all merchants: 42 s for 20,000 of them. Its last event is enough, and
-- a merchant whose row is missing is named with it.
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
), last AS (
  SELECT DISTINCT ON (shard, subject_seq) shard, subject_seq, seq, version, terms_number
  FROM numbered ORDER BY shard, subject_seq, seq DESC
)
SELECT format('shard %s, event %s', shard, seq) AS subject, format('has the version %s and is number %s of its merchant', version, place) AS detail
FROM numbered WHERE version IS DISTINCT FROM place
UNION ALL
SELECT format('shard %s, event %s', shard, seq), format('has terms %s behind terms %s', own_terms, coalesce(terms_before, 0))
FROM numbered WHERE own_terms NOT IN (coalesce(terms_before, 1), coalesce(terms_before, 0) + 1)
UNION ALL
SELECT format('shard %s, merchant of seq %s', coalesce(m.shard, l.shard), coalesce(m.seq, l.subject_seq)), 'its row is not what its last event left'
FROM florin.merchants AS m
FULL JOIN last AS l ON l.shard = m.shard AND l.subject_seq = m.seq
WHERE m.last_seq IS DISTINCT FROM l.seq OR m.version IS DISTINCT FROM l.version OR m.terms_number IS DISTINCT FROM l.terms_number
UNION ALL
SELECT format('book %s, payment of seq %s', i.book_no, i.seq), format('is under terms %s, of which its merchant has no more than %s', i.terms_number, m.terms_number)
FROM florin.payment_intents AS i
JOIN florin.merchants AS m ON m.book_no = i.book_no AND m.id = i.merchant_id
WHERE i.terms_number > m.terms_number;
