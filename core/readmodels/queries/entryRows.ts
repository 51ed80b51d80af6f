import { PAGE_ENTRIES_MAX } from '../rows/entryPages.ts';

export interface EntryRange {
  /** SQL of the account's key: something outside the subselect, or a parameter. */
  key: string;
  /** SQL of the versions behind which the range begins, and with which it ends. */
  above: string;
  upto: string;
  order: 'ASC' | 'DESC';
  /** A condition on the entry's columns besides. */
  where?: string;
  /** LIMIT of either branch: where the order is that of the whole, no more of a branch is ever needed. */
  limit?: string;
}

const COMMON = 'account_key, version, seq, booked_at, amount, debits_posted, credits_posted';

/** The columns of an entry, in the order of `entryRows` behind `page`. */
export const ENTRY_COLUMNS = `${COMMON}, pending_change, debits_pending, credits_pending, effective_date, posting, side`;

/**
 * A subselect of an account's entries in a range of versions, from rows and from pages, by the two primary keys. Sorted
 * by `page, version` it is sorted by version, and both branches come in that order, so that whoever stops early has read
 * no more than a page too much.
 */
export function entryRows({ key, above, upto, order, where = 'true', limit = '' }: EntryRange): string {
  return `(
    (SELECT version AS page, ${ENTRY_COLUMNS}
     FROM florin.entries
     WHERE account_key = ${key} AND version > ${above} AND version <= ${upto} AND ${where}
     ORDER BY version ${order} ${limit})
    UNION ALL
    (SELECT page, ${COMMON}, NULL, NULL, NULL, effective_date, posting, side
     FROM (
       SELECT page, account_key, page + place AS version, first_seq + seq_later AS seq,
              booked_at + coalesce(us_later, 0) * interval '1 microsecond' AS booked_at, amount, debits_posted, credits_posted,
              NULL::date AS effective_date, coalesce(posting, 0::smallint) AS posting,
              (1 + get_bit(sides, place))::smallint AS side
       FROM (
         SELECT first_version AS page, account_key, first_seq, booked_at, sides,
                generate_series(0, cardinality(amounts) - 1) AS place, unnest(seqs_later) AS seq_later,
                unnest(us_later) AS us_later, unnest(amounts) AS amount, unnest(debits_posted) AS debits_posted,
                unnest(credits_posted) AS credits_posted, unnest(postings) AS posting
         FROM florin.entry_pages
         WHERE account_key = ${key} AND first_version > ${above} - ${PAGE_ENTRIES_MAX} AND first_version <= ${upto}
         ORDER BY first_version ${order}
       ) AS paged
     ) AS each
     WHERE version > ${above} AND version <= ${upto} AND ${where}
     ORDER BY page ${order}, version ${order} ${limit}))`;
}
