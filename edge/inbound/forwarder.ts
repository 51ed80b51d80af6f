import { CODE, type FlorinClient, FlorinError } from '../../client/index.ts';
import {
  ProviderWebhookOutcome as Outcome,
  type ProviderWebhookResult,
} from '../../gen/florin/payments/v1/provider_webhooks_pb.ts';

/** A webhook as it came: body byte by byte, names of headers in lower case. */
export interface RawWebhook {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** What its provider is to be answered. */
export interface Received {
  readonly status: 200 | 400 | 401 | 404 | 503;
  /** Why, where that is any of the provider's business. */
  readonly why: string;
}

interface Waiting {
  readonly provider: string;
  readonly webhook: RawWebhook;
  readonly resolve: (received: Received) => void;
}

/** What the core takes in one call, well below its bounds. */
const WEBHOOKS_A_CALL = 64;
const BYTES_A_CALL = 2 * 1_024 * 1_024;
/** Calls under way: while one waits for the journal the next ones gather. */
const CALLS_MAX = 4;
/** Providers wait for five seconds or more. What the core has not answered by then they send again, and it is kept once. */
const ANSWER_MS = 4_000;
/** Webhooks that wait for the core; whoever comes then is told to come again. */
const WAITING_MAX = 1_024;

const STATUSES: Readonly<Record<Outcome, Received['status']>> = {
  [Outcome.UNSPECIFIED]: 503,
  [Outcome.KEPT]: 200,
  [Outcome.UNKNOWN_PROVIDER]: 404,
  [Outcome.NOT_GENUINE]: 401,
  [Outcome.UNREADABLE]: 400,
  [Outcome.LATER]: 503,
};
const LATER: Received = { status: 503, why: '' };

/** Hands providers' webhooks to the core, several in one call. What the core does not answer is to be sent again. */
export class Forwarder {
  readonly #core: Pick<FlorinClient, 'providerWebhooks'>;
  readonly #onFailed: (error: Error) => void;
  readonly #waiting: Waiting[] = [];
  #calls = 0;

  constructor(core: Pick<FlorinClient, 'providerWebhooks'>, onFailed: (error: Error) => void) {
    this.#core = core;
    this.#onFailed = onFailed;
  }

  receive(provider: string, webhook: RawWebhook): Promise<Received> {
    if (this.#waiting.length >= WAITING_MAX) return Promise.resolve(LATER);
    return new Promise((resolve) => {
      this.#waiting.push({ provider, webhook, resolve });
      // What the sockets hold is read in this turn, too.
      if (this.#waiting.length === 1) setImmediate(() => this.#next());
    });
  }

  #next(): void {
    while (this.#calls < CALLS_MAX && this.#waiting.length > 0) void this.#call(this.#batch());
  }

  #batch(): Waiting[] {
    let [count, bytes] = [0, 0];
    while (count < Math.min(this.#waiting.length, WEBHOOKS_A_CALL)) {
      bytes += this.#waiting[count].webhook.body.byteLength;
      if (count > 0 && bytes > BYTES_A_CALL) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #call(batch: readonly Waiting[]): Promise<void> {
    this.#calls++;
    const answers = await this.#ask(batch);
    this.#calls--;
    for (const [i, { resolve }] of batch.entries()) resolve(answers[i] ?? LATER);
    this.#next();
  }

  async #ask(batch: readonly Waiting[]): Promise<Received[]> {
    const webhooks = batch.map(({ provider, webhook }) => ({ provider, ...webhook }));
    try {
      const asked = this.#core.providerWebhooks.receiveProviderWebhooks(
        { webhooks },
        { timeoutMs: ANSWER_MS },
      );
      return (await asked).results.map(receivedOf);
    } catch (error) {
      this.#onFailed(error as Error);
      return refusedAll(error as Error) && batch.length > 1 ? this.#oneByOne(batch) : [];
    }
  }

  /** One that the core refuses to read at all must not hold up the others. */
  async #oneByOne(batch: readonly Waiting[]): Promise<Received[]> {
    const received: Received[] = [];
    for (const one of batch) received.push((await this.#ask([one]))[0] ?? LATER);
    return received;
  }
}

function receivedOf({ outcome, detail }: ProviderWebhookResult): Received {
  return { status: STATUSES[outcome] ?? LATER.status, why: outcome === Outcome.UNREADABLE ? detail : '' };
}

function refusedAll(error: Error): boolean {
  return error instanceof FlorinError && error.code === CODE.INVALID_ARGUMENT;
}
