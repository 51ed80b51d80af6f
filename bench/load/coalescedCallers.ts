import { CODE, type FlorinClient, FlorinError, uuidv7 } from '../../client/index.ts';
import { nowMs } from '../measure/clock.ts';
import { Latencies } from '../measure/latencies.ts';
import type { AccountIds } from './accountIds.ts';
import { WrongAnswer } from './answers.ts';
import type { Section, Until } from './callers.ts';
import type { Draw } from './draw.ts';

export interface CoalescedOptions {
  readonly client: FlorinClient;
  readonly book: string;
  readonly accounts: AccountIds;
  readonly draw: Draw;
  /** Single calls under way at any moment. */
  readonly callers: number;
}

/** Callers as a service has them: each awaits one transaction at a time, and the client makes batches of all. */
export class CoalescedCallers {
  readonly #options: CoalescedOptions;
  readonly #ids: readonly string[];

  constructor(options: CoalescedOptions) {
    this.#options = options;
    const { accounts } = options;
    this.#ids = Array.from({ length: accounts.count }, (_, i) => accounts.at(i));
  }

  async run(until: Until): Promise<Section> {
    const latencies = new Latencies();
    let booked = 0;
    let turnedAway = 0;
    const began = nowMs();
    const caller = async (): Promise<void> => {
      while (!until.isOver(booked)) {
        const sentMs = nowMs();
        if (await this.#book()) {
          latencies.add(nowMs() - sentMs);
          booked += 1;
        } else turnedAway += 1;
      }
    };
    await Promise.all(Array.from({ length: this.#options.callers }, caller));
    return { booked, calls: booked, seconds: (nowMs() - began) / 1_000, latencies, turnedAway };
  }

  /** False if there was no room. */
  async #book(): Promise<boolean> {
    const { client, book, draw } = this.#options;
    const ids = this.#ids;
    const debit = draw.below(ids.length);
    let credit = draw.below(ids.length - 1);
    if (credit >= debit) credit += 1;
    const amount = BigInt(1 + draw.below(10_000));
    const postings = [{ debitAccount: ids[debit], creditAccount: ids[credit], amount }];
    try {
      const { outcome } = await client.transactions.createTransaction(book, { id: uuidv7(), postings });
      // A replay is right here: the client repeats calls whose outcome it does not know.
      if (outcome.case === 'booked') return true;
      throw new WrongAnswer(outcome.case === 'refused' ? outcome.value.reason : 'no outcome');
    } catch (error) {
      if (error instanceof FlorinError && error.code === CODE.RESOURCE_EXHAUSTED) return false;
      throw error;
    }
  }
}
