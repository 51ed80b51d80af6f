/** The bounds of the ledger in one place, and what must hold between them. */

export const BATCH_ITEMS_MAX = 8192;
export const POSTINGS_MAX = 256;
export const GROUP_ITEMS_MAX = 256;
export const REFERENCE_CHARACTERS_MAX = 256;
export const METADATA_ENTRIES_MAX = 50;
export const METADATA_KEY_CHARACTERS_MAX = 40;
export const METADATA_VALUE_CHARACTERS_MAX = 500;
/** Canonical metadata of one object. A u16 holds its length. */
export const METADATA_BYTES_MAX = 32_768;
export const INT64_MAX = 9223372036854775807n;
export const EXPIRES_AFTER_SECONDS_MAX = 315_360_000;
/** How far ahead of the block's time a UUIDv7 may be stamped. */
export const ID_AHEAD_MS_MAX = 86_400_000;
/** 1900-01-01 and 2999-12-31 in days since 1970-01-01. */
export const FIRST_DAY = -25_567;
export const LAST_DAY = 376_199;
/** Microseconds since 1970 are exact as numbers up to here, in the year 2255: no hold expires later. */
export const LATEST_EXPIRY_US = Number.MAX_SAFE_INTEGER;
/** Expiries that one block takes at most, so that a flood of them does not hold transactions up. */
export const EXPIRIES_PER_BLOCK_MAX = 1_000;
/** Refusals that are remembered for one book on one UTC day of block time. */
export const REFUSALS_REMEMBERED_A_DAY_MAX = 1_000_000;

const assert = (holds: boolean, what: string) => {
  if (!holds) throw new Error(`limits.ts: ${what}`);
};
assert(REFERENCE_CHARACTERS_MAX * 4 < 65_536, 'a reference fits the u16 of its length');
assert(METADATA_BYTES_MAX < 65_536, 'metadata fits the u16 of its length');
assert(METADATA_KEY_CHARACTERS_MAX * 4 < 256, 'a metadata key fits the u8 of its length');
assert(
  POSTINGS_MAX < 65_536 && GROUP_ITEMS_MAX <= BATCH_ITEMS_MAX,
  'postings fit their u16, groups fit a batch',
);

/** The UTC day of a moment, in days since 1970-01-01. */
export function dayOf(microseconds: number): number {
  return Math.floor(microseconds / 86_400e6);
}
