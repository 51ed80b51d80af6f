import { Type } from 'typebox';
import { namedId, newApiKeySecret } from '../../../client/index.ts';
import { type ApiKey, ApiKeyKind, Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { listBodyOf, listOf, pageBySeq } from '../../http/lists.ts';
import { STRICT } from '../../http/schemas.ts';
import { named, PREFIX, prefixed } from '../../ids/prefixed.ts';
import { refusalProblem } from '../../problems/fromCore.ts';
import { Problem } from '../../problems/problem.ts';
import { seconds } from '../values.ts';
import {
  ApiKeyBody,
  type ApiKeysQuery as Query,
  ApiKeysQuery,
  ApiKeyWithSecret,
  NewApiKey,
  Roll,
} from './schemas.ts';

const TAG = 'API keys';
const WRITE = 'api_keys:write';
const READ = 'api_keys:read';
const LATEST = { latest: true };
const ROLLED_SECONDS = 86_400;

type Keys = Pick<Core, 'apiKeys'>;

/** The keys of the merchant, of the mode of the key that asks. Whoever makes keys may do everything. */
export function apiKeyRoutes(api: Api, core: Keys): void {
  api.post('/v1/api_keys', {
    tag: TAG,
    summary: 'Create an API key',
    scope: WRITE,
    body: NewApiKey,
    answer: ApiKeyWithSecret,
    hasSecret: true,
    act: async ({ id, caller }, { body: { kind = 'secret', scopes = [], name = '' } }) => {
      checkEverything(caller);
      return made(await makeKey(core, caller, { id, kind, scopes, name }));
    },
  });
  api.get('/v1/api_keys', {
    tag: TAG,
    summary: 'List API keys',
    scope: READ,
    query: ApiKeysQuery,
    answer: listBodyOf(ApiKeyBody),
    read: async (caller, { query }) => {
      checkEverything(caller);
      const { rows, hasMore } = await listKeys(core, caller, query);
      return listOf(rows.map(renderApiKey), { url: '/v1/api_keys', hasMore });
    },
  });
  api.get('/v1/api_keys/:id', {
    tag: TAG,
    summary: 'Retrieve an API key',
    scope: READ,
    answer: ApiKeyBody,
    read: async (caller, { id }) => {
      checkEverything(caller);
      return renderApiKey(await ownKey(core, caller, named(PREFIX.apiKey, id)));
    },
  });
  api.post('/v1/api_keys/:id/roll', {
    tag: TAG,
    summary: 'Roll an API key: make its successor, and end it after a while',
    scope: WRITE,
    body: Roll,
    answer: ApiKeyWithSecret,
    hasSecret: true,
    act: async ({ id: commandId, caller }, { id, body: { expires_in: afterSeconds = ROLLED_SECONDS } }) => {
      checkEverything(caller);
      const old = await ownKey(core, caller, named(PREFIX.apiKey, id));
      const kind = old.kind === ApiKeyKind.PUBLISHABLE ? 'publishable' : 'secret';
      // The successor is there first: whatever fails in between, nobody is without a key.
      const key = await makeKey(core, caller, { id: commandId, kind, scopes: old.scopes, name: old.name });
      const revocation = { id: namedId(['florin edge rolled key', commandId]), key: old, afterSeconds };
      await revokeKey(core, caller, revocation);
      return made(key);
    },
  });
  api.post('/v1/api_keys/:id/revoke', {
    tag: TAG,
    summary: 'Revoke an API key: it is refused at every edge within a second',
    scope: WRITE,
    body: Type.Object({}, STRICT),
    answer: ApiKeyBody,
    act: async ({ id: commandId, caller }, { id }) => {
      checkEverything(caller);
      const key = await ownKey(core, caller, named(PREFIX.apiKey, id));
      await revokeKey(core, caller, { id: commandId, key, afterSeconds: 0 });
      return { status: 200, body: JSON.stringify(renderApiKey(await ownKey(core, caller, key.id))) };
    },
  });
}

/** A restricted key could else make one that may do more. */
function checkEverything({ scopes }: Caller): void {
  if (scopes.size === 0) return;
  throw new Problem('scope_missing', {
    detail: 'Only an API key that may do everything sees and makes keys.',
  });
}

const modeOf = ({ isLive }: Caller): Mode => (isLive ? Mode.LIVE : Mode.TEST);

/** A key of the caller's, of its mode; any other is as good as none. */
async function ownKey(core: Keys, caller: Caller, apiKeyId: string): Promise<ApiKey> {
  const { apiKey } = await core.apiKeys.getApiKey({ book: caller.book, apiKeyId, freshness: LATEST });
  if (apiKey?.merchantId === caller.merchantId && apiKey.mode === modeOf(caller)) return apiKey;
  throw new Problem('resource_missing');
}

function listKeys(core: Keys, caller: Caller, query: Query): Promise<{ rows: ApiKey[]; hasMore: boolean }> {
  const { book, merchantId } = caller;
  return pageBySeq(query, {
    seqOf: async (id, param) => (await ownKey(core, caller, named(PREFIX.apiKey, id, param))).seq,
    list: async (page) => {
      const request = { book, merchantId, mode: modeOf(caller), freshness: LATEST, ...page };
      const { apiKeys: rows, nextPageToken } = await core.apiKeys.listApiKeys(request);
      return { rows, nextPageToken };
    },
  });
}

interface Wanted {
  readonly id: string;
  readonly kind: 'secret' | 'publishable';
  readonly scopes: readonly string[];
  readonly name: string;
}

interface Made {
  readonly key: ApiKey;
  /** null of one that was made before: its secret is known to nobody here. */
  readonly secret: string | null;
}

async function makeKey(core: Keys, caller: Caller, { id, kind, scopes, name }: Wanted): Promise<Made> {
  const { secret, ...hash } = newApiKeySecret({ kind, mode: caller.isLive ? 'live' : 'test' });
  const { outcome } = await core.apiKeys.createApiKey(caller.book, {
    id,
    merchantId: caller.merchantId,
    mode: modeOf(caller),
    kind: kind === 'secret' ? ApiKeyKind.SECRET : ApiKeyKind.PUBLISHABLE,
    scopes: [...scopes],
    name,
    ...hash,
  });
  if (outcome.case === 'refused') {
    const { reason, field } = outcome.value;
    // All but the secret is what it was made with.
    if (reason === 'ID_REUSED' && field === 'secret_sha256')
      return { key: await ownKey(core, caller, id), secret: null };
    throw refusalProblem(outcome.value);
  }
  return { key: await ownKey(core, caller, id), secret };
}

async function revokeKey(
  core: Keys,
  { book, merchantId }: Caller,
  { id, key, afterSeconds }: { id: string; key: ApiKey; afterSeconds: number },
): Promise<void> {
  const revocation = { id, apiKeyId: key.id, merchantId, afterSeconds: BigInt(afterSeconds) };
  const { outcome } = await core.apiKeys.revokeApiKey(book, revocation);
  if (outcome.case === 'refused') throw refusalProblem(outcome.value);
}

function made({ key, secret }: Made) {
  return { status: 200, body: JSON.stringify({ ...renderApiKey(key), secret }) };
}

/** A key as merchants see it: never with its secret. */
function renderApiKey(key: ApiKey) {
  return {
    id: prefixed(PREFIX.apiKey, key.id),
    object: 'api_key',
    created: seconds(key.createdAt),
    livemode: key.mode === Mode.LIVE,
    version: Number(key.version),
    kind: key.kind === ApiKeyKind.PUBLISHABLE ? 'publishable' : 'secret',
    scopes: key.scopes,
    name: key.name || null,
    last4: key.secretSuffix,
    expires_at: key.revokedAt === undefined ? null : seconds(key.revokedAt),
  };
}
