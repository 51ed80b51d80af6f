import type { MetadataBytes } from '../../kernel/ledger/commands.ts';
import { METADATA_KEY_CHARACTERS_MAX, METADATA_VALUE_CHARACTERS_MAX } from '../../kernel/ledger/limits.ts';
import type { Reason } from '../../kernel/ledger/refusals.ts';
import { canonicalMetadata } from '../wire/metadata.ts';
import { encodeText } from './text.ts';

/** The metadata of a message in canonical bytes: the same as the wire reader makes of the same entries. */
export function encodeMetadata(
  entries: Record<string, string>,
): { bytes: MetadataBytes } | { reason: Reason } {
  const raw = [];
  for (const [name, text] of Object.entries(entries)) {
    const key = encodeText(name, METADATA_KEY_CHARACTERS_MAX);
    if (typeof key === 'string') return { reason: key };
    const value = encodeText(text, METADATA_VALUE_CHARACTERS_MAX);
    if (typeof value === 'string') return { reason: value };
    raw.push({ key, value });
  }
  return canonicalMetadata(raw);
}
