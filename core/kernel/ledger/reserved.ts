import { isOwnWords, type Words } from './uuid.ts';

/** Before the code of an account of the chart where a caller has an account of that name already; no caller may use it. */
export const OWN_CODE_PREFIX = 'florin:';
/**
 * Codes of accounts that Florin opens itself and that callers may post on all the same: what merchants are paid out of, what
 * providers settle, what merchants pay back or are forgiven, and what is earned, spent and remitted. The others hold what is
 * under way for payments, to the unit.
 */
const OPEN_TO_CALLERS =
  /^(?:florin:)?(?:m:[^:]+:available|psp_receivable|merchant_receivable|income|expense|tax):/;

/** Whether an account is Florin's own to post on: what payments have on it must stay what their counters say. */
export function isReserved([w0, w1, w2]: Readonly<Words>, code: string): boolean {
  return isOwnWords(w0, w1, w2) && !OPEN_TO_CALLERS.test(code);
}
