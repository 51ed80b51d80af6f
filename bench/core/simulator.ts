import { setTimeout as sleep } from 'node:timers/promises';

/** An operation as the provider reports it. Amounts are minor units. */
export interface Reported {
  readonly reference: string;
  readonly kind: string;
  readonly status: string;
  readonly amount: bigint;
  readonly currency: string;
  /** What the provider keeps back for it. */
  readonly cost: bigint;
}

/** What the provider was asked for. */
export interface Traffic {
  /** How often, by kind: payments, captures, query, .. */
  readonly requests: Readonly<Record<string, number>>;
  /** How long a request was at the provider, by its reference. */
  readonly timesMs: ReadonlyMap<string, number>;
}

/** The most that the simulator puts on a page. */
const PAGE = 1_000;
const POLL_MS = 20;

interface ReportLine {
  readonly number: number;
  readonly reference: string;
  readonly kind: string;
  readonly status: string;
  readonly amount: string;
  readonly currency: string;
  readonly cost: string;
}

/** The payment simulator that runs beside the core: the provider's own books, and what is to go wrong. */
export class Simulator {
  readonly #base: string;

  constructor(port: number) {
    this.#base = `http://127.0.0.1:${port}`;
  }

  /** Every operation in order, from the provider's own books. */
  async *report(): AsyncGenerator<Reported> {
    for (let after = 0; ;) {
      const { data } = await this.#json<{ data: ReportLine[] }>(`/v1/report?after=${after}&limit=${PAGE}`);
      for (const { number, reference, kind, status, amount, currency, cost } of data) {
        after = number;
        yield { reference, kind, status, currency, amount: BigInt(amount), cost: BigInt(cost) };
      }
      if (data.length < PAGE) return;
    }
  }

  /** Replaces what goes wrong; of nothing that is not named. */
  async setFaults(faults: object): Promise<void> {
    await this.#put('/control/faults', faults);
  }

  /** Counts from none again, and keeps how long each of so many requests is at the provider. */
  async countTraffic({ timesKept }: { timesKept: number }): Promise<void> {
    await this.#put('/control/traffic', { times_kept: timesKept });
  }

  async traffic(): Promise<Traffic> {
    const seen = await this.#json<{ requests: Record<string, number>; times_ms: [string, number][] }>(
      '/control/traffic',
    );
    return { requests: seen.requests, timesMs: new Map(seen.times_ms) };
  }

  /** Waits until so many operations were asked for since `countTraffic`, questions apart. */
  async untilAsked(count: number): Promise<void> {
    for (;;) {
      const { requests } = await this.traffic();
      const asked = Object.entries(requests).filter(([kind]) => kind !== 'query');
      if (asked.reduce((sum, [, one]) => sum + one, 0) >= count) return;
      await sleep(POLL_MS);
    }
  }

  async #put(path: string, body: object): Promise<void> {
    await this.#json(path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async #json<T>(path: string, init?: RequestInit): Promise<T> {
    const answer = await fetch(this.#base + path, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the simulator answered ${path} with ${answer.status}: ${text}`);
    return JSON.parse(text) as T;
  }
}
