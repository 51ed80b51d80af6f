import { create } from '@bufbuild/protobuf';
import type { NewApiKey } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { FreshnessSchema } from '../../../gen/florin/ledger/v1/journal_pb.ts';
import { parseUuid } from '../../kernel/ledger/uuid.ts';
import type { Malformed } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { API_KEYS_MAX } from '../translate/paymentLimits.ts';
import { freshScope } from './freshness.ts';
import type { Grounds } from './grounds.ts';

/**
 * Who may have another key. A secret must be one key's over all books, and no shard knows the others, so it is not
 * decided in the journal: keys are created one call after the other, and the read models, which have those before, are
 * asked. A second key with a known secret would make both of them none, so whoever knew a hash could end a key.
 */
export class ApiKeyAdmission {
  readonly #grounds: Grounds;
  #last: Promise<unknown> = Promise.resolve();

  constructor(grounds: Grounds) {
    this.#grounds = grounds;
  }

  /** Runs one creation after the other, with those of its items that are refused. */
  alone<T>(
    request: { book: string; apiKeys: readonly NewApiKey[] },
    call: Call,
    run: (refused: ReadonlyMap<NewApiKey, Malformed>) => Promise<T>,
  ): Promise<T> {
    const turn = this.#last.then(async () => run(await this.#refused(request, call)));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #refused(
    { book, apiKeys }: { book: string; apiKeys: readonly NewApiKey[] },
    call: Call,
  ): Promise<Map<NewApiKey, Malformed>> {
    const freshness = create(FreshnessSchema, { latest: true });
    const scope = await freshScope(this.#grounds, { book, freshness }, call);
    const refused = new Map<NewApiKey, Malformed>();
    const good = new Map<string, number>();
    /** Ids by the hashes of this very call. */
    const here = new Map<string, string>();
    for (const item of apiKeys) {
      const [id, merchant] = [parseUuid(item.id), parseUuid(item.merchantId)];
      // What is malformed is told as that.
      if (id === null || merchant === null) continue;
      const hash = Buffer.from(item.secretSha256).toString('hex');
      const owners = await this.#owners(hash, book);
      const before = here.get(hash);
      if (before !== undefined) owners.push({ id: before, isHere: true });
      if (owners.some((owner) => owner.id !== id || !owner.isHere)) {
        refused.set(item, { op: 'malformed', reason: 'SECRET_TAKEN', field: 'secret_sha256' });
        continue;
      }
      here.set(hash, id);
      // The same key again: it is there, and replays.
      if (owners.length > 0) continue;
      const keys = good.get(merchant) ?? (await this.#grounds.reads.goodApiKeys(scope, merchant));
      if (keys >= API_KEYS_MAX)
        refused.set(item, { op: 'malformed', reason: 'API_KEYS_EXHAUSTED', field: 'merchant_id' });
      else good.set(merchant, keys + 1);
    }
    return refused;
  }

  async #owners(hash: string, book: string): Promise<{ id: string; isHere: boolean }[]> {
    const { reads, payments } = this.#grounds;
    const places = await reads.apiKeys(hash);
    return Promise.all(
      places.map(async (place) => {
        const key = await payments.apiKey(place.shard, place.seq);
        return { id: key?.id ?? '', isHere: place.book === book };
      }),
    );
  }
}
