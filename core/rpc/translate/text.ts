import type { Reason } from '../../kernel/ledger/refusals.ts';
import { textFault } from '../wire/metadata.ts';

const utf8 = new TextEncoder();

/** Text as UTF-8 of at most so many code points, or what is wrong with it. */
export function encodeText(text: string, charactersMax: number): Uint8Array | Reason {
  // A code point has at most two UTF-16 units: nothing long is encoded only to be refused.
  if (text.length > charactersMax * 2) return 'TOO_LONG';
  // The encoder would put U+FFFD for half a surrogate pair: another text than the caller's.
  if (!text.isWellFormed()) return 'INVALID_TEXT';
  const bytes = utf8.encode(text);
  return textFault(bytes, charactersMax) ?? bytes;
}
