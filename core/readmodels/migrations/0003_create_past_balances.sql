-- Balances as of past moments. booked_at and seq never fall along an account's versions, so each of these is a binary
-- search over versions: some twenty probes of the primary keys of entries and their pages, whatever the history's length.
-- A version that is no row stands in the page that begins at or before it. If it does not, rows were deleted by hand: the
-- search has no answer, and without the error it would look at the page in front of the gap for ever.
-- See docs/adr/0002-effective-balances-by-displacement.md.

CREATE FUNCTION florin.version_booked_at(key bigint, moment timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
  low bigint := 0;
  high bigint;
  middle bigint;
  probe timestamptz;
  page record;
  within integer;
BEGIN
  SELECT b.version INTO high FROM florin.account_balances AS b WHERE b.account_key = key;
  -- Always: the entry at low was booked at or before the moment, the one behind high after it.
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    SELECT e.booked_at INTO probe FROM florin.entries AS e WHERE e.account_key = key AND e.version = middle;
    IF FOUND THEN
      IF probe <= moment THEN
        low := middle;
      ELSE
        high := middle - 1;
      END IF;
    ELSE
      SELECT * INTO page FROM florin.entry_pages AS p
      WHERE p.account_key = key AND p.first_version <= middle ORDER BY p.first_version DESC LIMIT 1;
      IF NOT FOUND OR page.first_version + cardinality(page.amounts) <= middle THEN
        RAISE EXCEPTION 'account_key % has no entry of version %, neither a row nor in a page', key, middle
        USING ERRCODE = 'data_corrupted', HINT = 'books.invariant_i04_versions_gapless shows every gap.';
      END IF;
      within := CASE
        WHEN page.booked_at > moment THEN 0
        WHEN page.us_later IS NULL THEN cardinality(page.amounts)
        ELSE (SELECT count(*) FROM unnest(page.us_later) AS later WHERE page.booked_at + later * interval '1 microsecond' <= moment)
      END;
      IF within = 0 THEN
        high := page.first_version - 1;
      ELSIF within = cardinality(page.amounts) THEN
        low := page.first_version + within - 1;
      ELSE
        RETURN page.first_version + within - 1;
      END IF;
    END IF;
  END LOOP;
  RETURN low;
END $$;
COMMENT ON FUNCTION florin.version_booked_at(bigint, timestamptz) IS 'The version of the account''s last entry booked at or before the moment; 0 if none.';

CREATE FUNCTION florin.version_at_seq(key bigint, upto_seq bigint) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
  low bigint := 0;
  high bigint;
  middle bigint;
  probe bigint;
  page record;
  within integer;
BEGIN
  SELECT b.version INTO high FROM florin.account_balances AS b WHERE b.account_key = key;
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    SELECT e.seq INTO probe FROM florin.entries AS e WHERE e.account_key = key AND e.version = middle;
    IF FOUND THEN
      IF probe <= upto_seq THEN
        low := middle;
      ELSE
        high := middle - 1;
      END IF;
    ELSE
      SELECT * INTO page FROM florin.entry_pages AS p
      WHERE p.account_key = key AND p.first_version <= middle ORDER BY p.first_version DESC LIMIT 1;
      IF NOT FOUND OR page.first_version + cardinality(page.amounts) <= middle THEN
        RAISE EXCEPTION 'account_key % has no entry of version %, neither a row nor in a page', key, middle
        USING ERRCODE = 'data_corrupted', HINT = 'books.invariant_i04_versions_gapless shows every gap.';
      END IF;
      within := (SELECT count(*) FROM unnest(page.seqs_later) AS later WHERE page.first_seq + later <= upto_seq);
      IF within = 0 THEN
        high := page.first_version - 1;
      ELSIF within = cardinality(page.amounts) THEN
        low := page.first_version + within - 1;
      ELSE
        RETURN page.first_version + within - 1;
      END IF;
    END IF;
  END LOOP;
  RETURN low;
END $$;
COMMENT ON FUNCTION florin.version_at_seq(bigint, bigint) IS 'The version of the account''s last entry with at most that seq; 0 if none.';

-- seq has gaps within a book (a shard holds several), so a probe takes the next one that is there.
CREATE FUNCTION florin.seq_booked_at(book integer, moment timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
  low bigint := 0;
  high bigint;
  middle bigint;
  probe record;
BEGIN
  SELECT t.seq INTO high FROM florin.transactions AS t WHERE t.book_no = book ORDER BY t.seq DESC LIMIT 1;
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    SELECT t.seq, t.booked_at INTO probe FROM florin.transactions AS t
    WHERE t.book_no = book AND t.seq >= middle ORDER BY t.seq LIMIT 1;
    IF probe.booked_at <= moment THEN
      low := probe.seq;
    ELSE
      high := middle - 1;
    END IF;
  END LOOP;
  RETURN coalesce(low, 0);
END $$;
COMMENT ON FUNCTION florin.seq_booked_at(integer, timestamptz) IS 'The seq of the book''s last transaction booked at or before the moment; 0 if none.';

CREATE FUNCTION florin.end_of_day(day date) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond'
$$;
COMMENT ON FUNCTION florin.end_of_day(date) IS 'The last microsecond of the UTC day.';

CREATE FUNCTION florin.counters_booked_at(
  key bigint, moment timestamptz,
  OUT version bigint, OUT debits_posted bigint, OUT credits_posted bigint, OUT debits_pending bigint, OUT credits_pending bigint
)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
  page record;
BEGIN
  version := florin.version_booked_at(key, moment);
  SELECT e.debits_posted, e.credits_posted, coalesce(e.debits_pending, 0), coalesce(e.credits_pending, 0)
  INTO debits_posted, credits_posted, debits_pending, credits_pending
  FROM florin.entries AS e WHERE e.account_key = key AND e.version = counters_booked_at.version;
  IF NOT FOUND AND version > 0 THEN
    SELECT * INTO page FROM florin.entry_pages AS p
    WHERE p.account_key = key AND p.first_version <= counters_booked_at.version ORDER BY p.first_version DESC LIMIT 1;
    debits_posted := page.debits_posted[version - page.first_version + 1];
    credits_posted := page.credits_posted[version - page.first_version + 1];
  END IF;
  debits_posted := coalesce(debits_posted, 0);
  credits_posted := coalesce(credits_posted, 0);
  debits_pending := coalesce(debits_pending, 0);
  credits_pending := coalesce(credits_pending, 0);
END $$;
COMMENT ON FUNCTION florin.counters_booked_at(bigint, timestamptz) IS 'The four counters after everything booked at or before the moment.';

CREATE FUNCTION florin.posted_effective_on(key bigint, on_day date, OUT debits_posted bigint, OUT credits_posted bigint)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
  booked record;
  displaced record;
BEGIN
  SELECT c.debits_posted AS debits, c.credits_posted AS credits INTO booked
  FROM florin.counters_booked_at(key, florin.end_of_day(on_day)) AS c;
  SELECT coalesce(sum(d.debits), 0)::bigint AS debits, coalesce(sum(d.credits), 0)::bigint AS credits INTO displaced
  FROM florin.displaced_days AS d WHERE d.account_key = key AND d.day <= on_day;
  debits_posted := booked.debits + displaced.debits;
  credits_posted := booked.credits + displaced.credits;
END $$;
COMMENT ON FUNCTION florin.posted_effective_on(bigint, date) IS 'Posted debits and credits with an effective date up to and including that day, whenever booked.';

CREATE FUNCTION florin.balance_of(normal_side smallint, debits bigint, credits bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE normal_side WHEN 1 THEN debits - credits ELSE credits - debits END $$;
COMMENT ON FUNCTION florin.balance_of(smallint, bigint, bigint) IS 'A balance on the normal side: 1 debit, 2 credit.';
