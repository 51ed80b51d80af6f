-- How far the lists of events at providers were taken. No truth: whatever is lost here is read again, and what is taken again
-- changes nothing. On the first server only, and a rebuild leaves it alone.
CREATE TABLE florin.provider_event_cursors (
  provider text COLLATE "C" NOT NULL,
  live boolean NOT NULL,
  cursor text COLLATE "C" NOT NULL,
  saved_at timestamptz NOT NULL,
  PRIMARY KEY (provider, live),
  CONSTRAINT provider_event_cursors_length CHECK (length(cursor) <= 256)
);
COMMENT ON TABLE florin.provider_event_cursors IS
  'Per account at a provider: the cursor behind which its list of events is read again. All before it was taken.';

-- Events that were listed and match nothing yet: the cursor moves past them, and they are tried again.
CREATE TABLE florin.provider_events_waiting (
  provider text COLLATE "C" NOT NULL,
  live boolean NOT NULL,
  event_key text COLLATE "C" NOT NULL,
  event json NOT NULL,
  why text NOT NULL,
  tries integer NOT NULL,
  first_listed_at timestamptz NOT NULL,
  next_try_at timestamptz NOT NULL,
  PRIMARY KEY (provider, live, event_key)
);
CREATE INDEX provider_events_waiting_next ON florin.provider_events_waiting (provider, live, next_try_at);
COMMENT ON TABLE florin.provider_events_waiting IS
  'Events of providers that speak of something that is not here, or is not proven yet. Tried for 30 days.';
