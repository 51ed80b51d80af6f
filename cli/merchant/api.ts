import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCliConfig } from '../config.ts';
import { cannotRun, refused } from '../problem.ts';

/** What every command that talks to the edge can be told. */
export interface ApiOptions {
  readonly key?: string;
  readonly url?: string;
}

type Answer = Readonly<Record<string, unknown>>;

/** The REST API as a merchant's server asks it. */
export class MerchantApi {
  readonly #url: string;
  readonly #key: string;

  constructor(options: ApiOptions) {
    const { edgeUrl, dataDir, apiKey } = readCliConfig();
    this.#url = options.url ?? edgeUrl;
    this.#key = options.key ?? apiKey ?? sampleKey(dataDir);
  }

  get(path: string): Promise<Answer> {
    return this.#ask('GET', path);
  }

  /** Under a key of its own. A decline is an answer; any other "no" ends the command. */
  post(path: string, body: object): Promise<Answer> {
    return this.#ask('POST', path, body);
  }

  async #ask(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: Error) => {
      const why = error.cause instanceof Error ? error.cause.message : error.message;
      throw cannotRun(`no edge at ${this.#url} (${why}): start one, or name it with --url.`);
    });
    const said = (await answer.json()) as Answer;
    const declined = said['payment_intent'];
    if (answer.status === 402 && declined !== undefined) return declined as Answer;
    if (answer.ok) return said;
    const { code, param, detail } = said as { code: string; param?: string; detail: string };
    throw refused(`${code}${param === undefined ? '' : ` (${param})`}: ${detail}`);
  }
}

/** That of the shop that comes with the first start. */
function sampleKey(dataDir: string): string {
  const file = join(dataDir, 'secrets', 'sample-api-key');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw cannotRun(
      'which API key? Name one with --key, or set FLORIN_API_KEY ("florin keys create" makes them).',
    );
  }
}
