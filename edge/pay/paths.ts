import { PREFIX, prefixed } from '../ids/prefixed.ts';

/** Where a link is opened; with a visit, where that one pays. */
export function pathOf(book: string, linkId: string, visit?: string): string {
  const path = `/pay/${encodeURIComponent(book)}/${prefixed(PREFIX.paymentLink, linkId)}`;
  return visit === undefined ? path : `${path}/${visit}`;
}
