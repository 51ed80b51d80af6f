-- API keys held against their events. That a secret is one key's is checked here and not by a constraint: it is not
-- decided in the journal, since no shard knows the keys of another, and what the journal has must be projected.

CREATE VIEW books.invariant_api_keys_whole AS
WITH last AS (
  SELECT e.shard, e.subject_seq, count(*) AS events, max(e.seq) AS seq
  FROM florin.payment_events AS e WHERE e.subject = 6 GROUP BY e.shard, e.subject_seq
)
SELECT format('shard %s, API key of seq %s', l.shard, l.subject_seq) AS subject,
       format('has %s events, api_keys counts %s', l.events, k.version) AS detail
FROM last AS l
LEFT JOIN florin.api_keys AS k ON k.shard = l.shard AND k.seq = l.subject_seq
WHERE k.version IS DISTINCT FROM l.events OR k.last_seq IS DISTINCT FROM l.seq
UNION ALL
SELECT format('shard %s, API key of seq %s', k.shard, k.seq), 'is not what its last event left'
FROM florin.api_keys AS k
LEFT JOIN florin.payment_events AS e ON e.shard = k.shard AND e.subject_seq = k.seq AND e.seq = k.last_seq
LEFT JOIN LATERAL (SELECT florin.change_json(e.change) -> 'apiKey' AS said) AS s ON true
WHERE e.seq IS NULL OR e.subject_id <> k.id OR (s.said ->> 'version')::bigint IS DISTINCT FROM k.version
   OR s.said ->> 'merchant' IS DISTINCT FROM k.merchant_id::text OR s.said ->> 'mode' IS DISTINCT FROM k.mode
   OR s.said ->> 'kind' IS DISTINCT FROM k.kind OR s.said ->> 'secretSha256' IS DISTINCT FROM k.secret_sha256
   OR florin.moment_of((s.said ->> 'revokedAtUs')::bigint) IS DISTINCT FROM k.revoked_at
   OR coalesce((SELECT string_agg(scope, ' ' ORDER BY place) FROM jsonb_array_elements_text(s.said -> 'scopes') WITH ORDINALITY AS each(scope, place)), '')
      IS DISTINCT FROM coalesce(k.scopes, '')
UNION ALL
SELECT format('shard %s, API key of seq %s', k.shard, k.seq), format('is of merchant %s, who is not there', k.merchant_id)
FROM florin.api_keys AS k
WHERE NOT EXISTS (SELECT FROM florin.merchants AS m WHERE m.book_no = k.book_no AND m.id = k.merchant_id)
UNION ALL
SELECT format('shard %s, API key of seq %s', k.shard, k.seq), 'has the secret of another one, so that neither is found'
FROM florin.api_keys AS k
WHERE EXISTS (SELECT FROM florin.api_keys AS other WHERE other.secret_sha256 = k.secret_sha256 AND (other.shard, other.seq) <> (k.shard, k.seq));
COMMENT ON VIEW books.invariant_api_keys_whole IS 'An API key is what its last event left, of a merchant, and has its secret alone.';
COMMENT ON COLUMN books.invariant_api_keys_whole.subject IS 'What violates it.';
COMMENT ON COLUMN books.invariant_api_keys_whole.detail IS 'In which way.';
