-- Payments by their metadata. An entry is one hash in the index, whatever its length; a payment without metadata is not in
-- it. Metadata is bounded (50 entries), and is what callers search for, so that most matches are few.
CREATE INDEX payment_intents_metadata ON florin.payment_intents USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;
