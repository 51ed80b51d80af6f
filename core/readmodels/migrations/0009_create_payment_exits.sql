-- How payments leave what nobody can tell, and what becomes of money after it was captured.

ALTER TABLE florin.payment_states ADD COLUMN owing text;
-- Few payments at any moment: after an outage they are walked by it, a page at a time.
CREATE INDEX payment_states_owing ON florin.payment_states (shard, owing, seq) WHERE owing IS NOT NULL;
COMMENT ON COLUMN florin.payment_states.owing IS 'The provider that owes an answer about it; null for none.';
