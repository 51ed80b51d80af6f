import { ApiKeyService, Mode, type NewApiKey } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { onFrom, Page } from '../paging/page.ts';
import { position } from '../translate/answers.ts';
import { apiKey, apiKeyResult, createApiKey, revokeApiKey, SHA256_BYTES } from '../translate/apiKeys.ts';
import { MODES } from '../translate/modes.ts';
import { wordOf } from '../translate/paymentNames.ts';
import { queriedEnum, queriedRange, queriedUuid } from '../translate/queries.ts';
import { ApiKeyAdmission } from './apiKeyAdmission.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';
import { submitPayments } from './paymentBatches.ts';

/** A key is found by its secret in the read models, so its creation is told once they have it, or after this long. */
const FOUND_MS_MAX = 1_000;
/** About what a key takes on the wire, its scopes at their longest. */
const KEY_BYTES = 4_500;

export function apiKeyService(grounds: Grounds): ServedService {
  const { payments, reads } = grounds;
  const admission = new ApiKeyAdmission(grounds);
  return serviceOf(ApiKeyService, {
    createApiKeys: ({ book, apiKeys: items }, call) =>
      admission.alone({ book, apiKeys: items }, call, async (refused) => {
        const translate = (item: NewApiKey) => {
          const command = createApiKey(item);
          return command.op === 'malformed' ? command : (refused.get(item) ?? command);
        };
        const { position: at, outcomes } = await submitPayments(
          grounds,
          { book, items, field: 'api_keys', translate },
          call,
        );
        await reads.reached(at.shard, at.seq, { waitMs: FOUND_MS_MAX, signal: call.signal });
        return { position: position(at), results: outcomes.map(apiKeyResult) };
      }),
    revokeApiKeys: async ({ book, revocations }, call) => {
      const batch = { book, items: revocations, field: 'revocations', translate: revokeApiKey };
      const answer = await submitPayments(grounds, batch, call);
      return { position: position(answer.position), results: answer.outcomes.map(apiKeyResult) };
    },
    // Found by a hash in an index: how long that takes tells nothing of the secret behind it.
    getApiKeyBySecret: async ({ secretSha256 }) => {
      if (secretSha256.length !== SHA256_BYTES) throw new BadField('secret_sha256', 'INVALID_VALUE');
      const hash = Buffer.from(secretSha256).toString('hex');
      const [place, other] = await reads.apiKeys(hash);
      const key =
        place === undefined || other !== undefined ? null : await payments.apiKey(place.shard, place.seq);
      if (key?.secretSha256 !== hash) throw new CallRefused('NOT_FOUND', { field: 'secret_sha256' });
      return { apiKey: apiKey(key, place.book) };
    },
    getApiKey: async (request, call) => {
      const id = queriedUuid(request.apiKeyId, 'api_key_id');
      const scope = await freshScope(grounds, request, call);
      const { asOfSeq, value } = await reads.apiKey(scope, id);
      if (value === null) throw new CallRefused('NOT_FOUND', { field: 'api_key_id' });
      return { apiKey: apiKey(value, request.book), asOfSeq: BigInt(asOfSeq) };
    },
    listApiKeys: async (request, call) => {
      const { merchantId } = request;
      const merchant = merchantId === '' ? null : queriedUuid(merchantId, 'merchant_id');
      const asked = queriedEnum(request.mode, Mode, 'mode');
      const mode = asked === null ? null : (wordOf(MODES, asked) ?? null);
      const filter = { merchant, mode, ...queriedRange(request) };
      const page = new Page(request, ['ListApiKeys', request.book, ...Object.values(filter)], ['integer']);
      const scope = await freshScope(grounds, request, call);
      const found = await reads.apiKeysOf(scope, { ...filter, ...onFrom(page, filter), limit: page.limit });
      const cut = page.cut(
        found.value,
        ({ seq }) => [seq],
        () => KEY_BYTES,
      );
      return {
        apiKeys: cut.rows.map((row) => apiKey(row, request.book)),
        nextPageToken: cut.token,
        asOfSeq: BigInt(found.asOfSeq),
      };
    },
  });
}
