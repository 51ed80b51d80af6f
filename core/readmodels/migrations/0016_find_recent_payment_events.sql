-- Rows come about in the order of time, so that this index is a few kilobytes and costs an insert next to nothing.
CREATE INDEX payment_events_booked ON florin.payment_events USING brin (booked_at) WITH (pages_per_range = 32);
