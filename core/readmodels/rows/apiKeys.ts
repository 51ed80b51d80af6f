import { PAYMENT } from '../../kernel/ledger/layout.ts';
import { type RowBuffer, textBytesMax } from '../copy/rowBuffer.ts';
import type { EventCursor } from '../projection/cursor.ts';
import type { Sealer } from '../sealing/seals.ts';
import { type ChangeNamed, columnText, subjectSeqOf } from './paymentChange.ts';
import { profileSeal } from './profileSeal.ts';

export const apiKeysColumns =
  'shard, seq, book_no, id, merchant_id, created_at, revoked_at, version, last_seq, seal, mode, kind, scopes, name, secret_sha256, secret_suffix';

const COLUMNS = 16;
const FIXED_BYTES = COLUMNS * 4 + 6 * 8 + 2 * 16 + 4 + 2;

type ApiKeyChange = ChangeNamed<'api_key_created' | 'api_key_revoked'>;

/** The row of a key as it was created. */
export function writeApiKey(
  rows: RowBuffer,
  cursor: EventCursor,
  { apiKey }: ApiKeyChange,
  sealer: Sealer,
): void {
  const { mode, kind, secretSha256, secretSuffix, version } = apiKey;
  const [scopes, name] = [apiKey.scopes.join(' '), apiKey.name].map(columnText);
  rows.row(COLUMNS, FIXED_BYTES + textBytesMax(mode, kind, scopes, name, secretSha256, secretSuffix));
  rows.i16(cursor.shard);
  rows.whole(cursor.seq);
  rows.i32(cursor.i32(PAYMENT.book));
  rows.uuid(cursor.view, cursor.at + PAYMENT.subjectId);
  rows.hexUuid(apiKey.merchant);
  rows.moment(apiKey.createdUs);
  rows.momentOrNull(apiKey.revokedAtUs);
  rows.whole(version);
  rows.whole(cursor.seq);
  rows.big(profileSeal(cursor, version, sealer));
  rows.string(mode);
  rows.string(kind);
  rows.stringOrNull(scopes);
  rows.stringOrNull(name);
  rows.string(secretSha256);
  rows.string(secretSuffix);
}

/** The parameters of `updateApiKey`: nothing else of one ever changes. */
export function apiKeyUpdate(
  cursor: EventCursor,
  { apiKey: { version, revokedAtUs } }: ApiKeyChange,
  sealer: Sealer,
): unknown[] {
  const seal = profileSeal(cursor, version, sealer);
  return [cursor.shard, subjectSeqOf(cursor), version, cursor.seq, seal, revokedAtUs];
}
