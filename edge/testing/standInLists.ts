import type { SeqPage } from '../http/lists.ts';

export interface ListAsked extends SeqPage {
  readonly merchantId: string;
}

/** A page of a merchant's rows, which lie newest first, as the core cuts it. */
export function listed<Row extends { merchantId: string; seq: bigint }>(
  rows: readonly Row[],
  { merchantId, pageSize, aboveSeq = 0n, belowSeq = 0n, oldestFirst = false }: ListAsked,
): { rows: Row[]; nextPageToken: string } {
  const own = rows.filter(
    (row) => row.merchantId === merchantId && row.seq > aboveSeq && (belowSeq === 0n || row.seq < belowSeq),
  );
  const ordered = oldestFirst ? own.toReversed() : own;
  return { rows: ordered.slice(0, pageSize), nextPageToken: ordered.length > pageSize ? 'more' : '' };
}
