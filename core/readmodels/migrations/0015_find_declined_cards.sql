-- How often a card was declined decides whether it may be tried again: the writer asks for the newest declines of a card,
-- and after a take-over for those of all cards. Both are found by the events that tell of them, which are few and sealed.

-- Its body is parsed once, here: the planner looks into an index's expression for whoever reads the table, and people who
-- read the views may not look into this schema.
CREATE FUNCTION florin.declined_token(change text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
  SELECT one -> 1 -> 'method' ->> 'token'
  FROM jsonb_array_elements(florin.change_json(change) -> 'attempts') AS one
  WHERE one -> 1 ->> 'state' = 'declined' LIMIT 1
);
COMMENT ON FUNCTION florin.declined_token(text) IS 'The token of the method that was declined, by the change of a payment event; null where none was.';

CREATE INDEX payment_events_declined ON florin.payment_events (shard, booked_at) WHERE strpos(change, '"declined"') > 0;
CREATE INDEX payment_events_declined_token ON florin.payment_events (shard, florin.declined_token(change), booked_at)
  WHERE strpos(change, '"declined"') > 0;
