import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ApiKeyKind,
  type ApiKeyResultSchema,
  type ApiKeyRevocation,
  type ApiKeySchema,
  type NewApiKey,
} from '../../../gen/florin/access/v1/api_keys_pb.ts';
import type { CreateApiKey, RevokeApiKey } from '../../kernel/payments/commands.ts';
import type { ApiKey } from '../../kernel/payments/edgeModel.ts';
import type { Malformed, PaymentOutcome } from '../../shard/service.ts';
import { refusal } from './answers.ts';
import { Check } from './check.ts';
import {
  API_KEY_NAME_CHARACTERS_MAX,
  API_KEY_REVOKE_SECONDS_MAX,
  SCOPE_CHARACTERS_MAX,
  SCOPES_MAX,
} from './paymentLimits.ts';
import { MODES } from './modes.ts';
import { wordOf } from './paymentNames.ts';
import { namedId, textOf } from './payments.ts';
import { timestamp } from './rows.ts';

export const SHA256_BYTES = 32;

const KINDS: Readonly<Record<ApiKey['kind'], ApiKeyKind>> = {
  secret: ApiKeyKind.SECRET,
  publishable: ApiKeyKind.PUBLISHABLE,
};

export function createApiKey(item: NewApiKey): CreateApiKey | Malformed {
  const check = new Check();
  const { secretSha256, secretSuffix } = item;
  const command: CreateApiKey = {
    op: 'createApiKey',
    id: check.newId(item.id, 'id'),
    merchant: check.uuid(item.merchantId, 'merchant_id'),
    mode: named(MODES, item.mode, 'mode', check),
    kind: named(KINDS, item.kind, 'kind', check),
    scopes: scopesOf(item, check),
    name: textOf(item.name, 'name', API_KEY_NAME_CHARACTERS_MAX, check),
    secretSha256: Buffer.from(secretSha256).toString('hex'),
    secretSuffix,
  };
  if (secretSha256.length !== SHA256_BYTES) check.no('INVALID_VALUE', 'secret_sha256');
  if (!/^[A-Za-z0-9]{4}$/.test(secretSuffix)) check.no('INVALID_VALUE', 'secret_suffix');
  return check.fault ?? command;
}

export function named<Word extends string>(
  numbers: Readonly<Record<Word, number>>,
  number: number,
  field: string,
  check: Check,
): Word {
  const word = wordOf(numbers, number);
  if (word !== undefined) return word;
  check.no(number === 0 ? 'MISSING_FIELD' : 'INVALID_VALUE', field);
  return '' as Word;
}

/** In one order, each once: the same scopes are the same key. */
function scopesOf({ scopes, kind }: NewApiKey, check: Check): string[] {
  if (scopes.length > SCOPES_MAX) check.no('TOO_MANY', 'scopes');
  for (const [index, scope] of scopes.entries()) {
    if (scope.length > SCOPE_CHARACTERS_MAX) check.no('TOO_LONG', `scopes[${index}]`);
    if (!/^[a-z_]+:(read|write)$/.test(scope)) check.no('INVALID_VALUE', `scopes[${index}]`);
  }
  if (scopes.length > 0 && kind === ApiKeyKind.PUBLISHABLE) check.no('INVALID_VALUE', 'scopes');
  return [...new Set(scopes)].toSorted();
}

export function revokeApiKey(item: ApiKeyRevocation): RevokeApiKey | Malformed {
  const check = new Check();
  const command: RevokeApiKey = {
    op: 'revokeApiKey',
    id: check.newId(item.id, 'id'),
    apiKey: check.uuid(item.apiKeyId, 'api_key_id'),
    merchant: namedId(item.merchantId, 'merchant_id', check),
    afterSeconds: Number(item.afterSeconds),
  };
  if (item.afterSeconds < 0n || item.afterSeconds > BigInt(API_KEY_REVOKE_SECONDS_MAX))
    check.no('INVALID_VALUE', 'after_seconds');
  return check.fault ?? command;
}

export function apiKeyResult(outcome: PaymentOutcome): MessageInitShape<typeof ApiKeyResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  const { seq, replayed, subject } = outcome;
  return { outcome: { case: 'done', value: { seq: BigInt(seq), replayed, apiKeyId: subject } } };
}

export function apiKey(key: ApiKey, book: string): MessageInitShape<typeof ApiKeySchema> {
  const { id, merchant, mode, kind, scopes, name, secretSuffix, createdUs, revokedAtUs } = key;
  return {
    id,
    book,
    merchantId: merchant,
    mode: MODES[mode],
    kind: KINDS[kind],
    scopes: [...scopes],
    name,
    secretSuffix,
    createdAt: timestamp(createdUs),
    ...(revokedAtUs === null ? {} : { revokedAt: timestamp(revokedAtUs) }),
    version: BigInt(key.version),
    seq: BigInt(key.seq),
    lastSeq: BigInt(key.lastSeq),
  };
}
