import { timestampMs } from '@bufbuild/protobuf/wkt';
import { hash } from 'node:crypto';
import { CODE, FlorinError } from '../../client/index.ts';
import { type ApiKey, ApiKeyKind, Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import type { Core } from '../core.ts';
import { Problem } from '../problems/problem.ts';
import type { Caller } from './caller.ts';

/** What was found is good for so long: a key that is revoked is refused everywhere within a second. */
const FRESH_MS = 800;
/** Keys that are remembered; the oldest go first. */
const KEYS_MAX = 20_000;
/** A key that nobody can find is looked for no longer than this. */
const FIND_MS = 5_000;

/** What a key is found by. */
interface KeyFinder {
  readonly apiKeys: Pick<Core['apiKeys'], 'getApiKeyBySecret'>;
}

const FORM = /^(sk|pk)_(test|live)_[A-Za-z0-9]{22,200}$/;

interface Known {
  readonly found: Promise<ApiKey | undefined>;
  readonly untilMs: number;
}

/** Who a request comes from, by the key in its Authorization header. Secrets are kept as hashes, here too. */
export class Keys {
  readonly #core: KeyFinder;
  readonly #nowMs: () => number;
  /** By the SHA-256 of the secret. */
  readonly #known = new Map<string, Known>();

  constructor(core: KeyFinder, { nowMs }: { nowMs: () => number }) {
    this.#core = core;
    this.#nowMs = nowMs;
  }

  /** Throws a Problem where there is no key, or it is not good. */
  async callerOf(authorization: string | undefined): Promise<Caller> {
    const secret = secretOf(authorization);
    if (!FORM.test(secret)) throw new Problem('api_key_invalid');
    const key = await this.#find(secret);
    if (key === undefined) throw new Problem('api_key_invalid');
    if (key.revokedAt !== undefined && timestampMs(key.revokedAt) <= this.#nowMs())
      throw new Problem('api_key_expired');
    return {
      keyId: key.id,
      book: key.book,
      merchantId: key.merchantId,
      isLive: key.mode === Mode.LIVE,
      kind: key.kind === ApiKeyKind.PUBLISHABLE ? 'publishable' : 'secret',
      scopes: new Set(key.scopes),
    };
  }

  #find(secret: string): Promise<ApiKey | undefined> {
    const name = hash('sha256', secret, 'base64');
    const nowMs = this.#nowMs();
    const known = this.#known.get(name);
    if (known !== undefined && known.untilMs > nowMs) return known.found;
    const found = this.#ask(Buffer.from(name, 'base64'));
    this.#known.delete(name);
    if (this.#known.size >= KEYS_MAX) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(name, { found, untilMs: nowMs + FRESH_MS });
    // What went wrong is not remembered: the next request asks again.
    found.catch(() => this.#known.delete(name));
    return found;
  }

  async #ask(secretSha256: Uint8Array): Promise<ApiKey | undefined> {
    try {
      return (await this.#core.apiKeys.getApiKeyBySecret({ secretSha256 }, { timeoutMs: FIND_MS })).apiKey;
    } catch (error) {
      if (error instanceof FlorinError && error.code === CODE.NOT_FOUND) return undefined;
      throw error;
    }
  }
}

/** From "Bearer sk_test_..", or from Basic with the key as the user's name, as curl -u sends it. */
function secretOf(authorization: string | undefined): string {
  const [, scheme, rest] = /^(\S+) +(\S+)$/.exec(authorization ?? '') ?? [];
  if (scheme === undefined) throw new Problem('api_key_missing');
  if (scheme.toLowerCase() === 'bearer') return rest;
  if (scheme.toLowerCase() === 'basic') return Buffer.from(rest, 'base64').toString('utf8').split(':')[0];
  throw new Problem('api_key_missing');
}
