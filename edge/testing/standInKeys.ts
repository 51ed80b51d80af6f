import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { ApiKeyRevocationInit, NewApiKeyInit } from '../../client/index.ts';
import {
  type ApiKey,
  ApiKeyResultSchema,
  ApiKeySchema,
  type Mode,
} from '../../gen/florin/access/v1/api_keys_pb.ts';
import { type ListAsked, listed } from './standInLists.ts';
import { notFound } from './standInTold.ts';

/** The part of a core in memory that keeps API keys, by the hashes of their secrets; oldest first. */
export function keysOf(keys: Map<string, ApiKey>) {
  const byId = (id: string): ApiKey | undefined => [...keys.values()].find((key) => key.id === id);
  const done = (apiKeyId: string) =>
    create(ApiKeyResultSchema, { outcome: { case: 'done', value: { apiKeyId } } });
  const refused = (reason: string, field: string) =>
    create(ApiKeyResultSchema, { outcome: { case: 'refused', value: { reason, field } } });
  return {
    createApiKey: async (book: string, item: NewApiKeyInit & object) => {
      const { id = '', secretSha256, $typeName: _, ...fields } = { $typeName: '', ...item };
      const before = byId(id);
      if (before !== undefined)
        return refused('ID_REUSED', before.name === fields.name ? 'secret_sha256' : 'name');
      if (keys.size >= 100) return refused('API_KEYS_EXHAUSTED', 'merchant_id');
      const whole = { ...fields, id, book, version: 1n, seq: BigInt(keys.size + 1) };
      const hash = Buffer.from(secretSha256 ?? []).toString('hex');
      keys.set(hash, create(ApiKeySchema, whole as Partial<ApiKey> as Omit<ApiKey, '$typeName'>));
      return done(id);
    },
    revokeApiKey: async (
      _book: string,
      { apiKeyId = '', afterSeconds }: ApiKeyRevocationInit & { afterSeconds?: bigint },
    ) => {
      const key = byId(apiKeyId);
      if (key === undefined) return refused('API_KEY_NOT_FOUND', 'api_key_id');
      key.revokedAt = timestampFromMs(Number(afterSeconds ?? 0n) * 1_000);
      key.version++;
      return done(apiKeyId);
    },
    getApiKey: async ({ apiKeyId }: { apiKeyId: string }) => {
      const apiKey = byId(apiKeyId);
      if (apiKey === undefined) throw notFound();
      return { apiKey };
    },
    listApiKeys: async ({ mode, ...page }: ListAsked & { mode: Mode }) => {
      const ofMode = [...keys.values()].filter((key) => key.mode === mode);
      const { rows, nextPageToken } = listed(ofMode.toReversed(), page);
      return { apiKeys: rows, nextPageToken };
    },
  };
}
