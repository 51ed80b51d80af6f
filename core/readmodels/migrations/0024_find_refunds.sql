-- The refunds of a merchant, newest first. One of them is found by its id, which is that of the event that asked for it;
-- the list has an index over what merchants are told, of which a refund that was asked for is one row in a few.
CREATE INDEX told_events_refunds ON florin.told_events (book_no, merchant_id, seq) WHERE type = 'refund.created';
