import { State } from '../kernel/ledger/layout.ts';
import { dueOf, isResting } from '../kernel/payments/due.ts';
import type { ShardWriter } from './writer.ts';

export interface MemoryBounds {
  /** Spent ids that one shard keeps resident. Default 2,000,000: about 45 bytes each. */
  idsMax: number;
  /** Accounts that one shard keeps resident. Default 2,000,000: about 150 bytes each. */
  accountsMax: number;
  /** Holds and reversed transactions that one shard keeps resident. Default 200,000. */
  progressMax: number;
  /** Payment intents that one shard keeps resident. Default 50,000: about 3 KB each. */
  intentsMax: number;
  /** Customers, payment methods, API keys, and payment links, that one shard keeps resident. Default 50,000 of each: about 1 KB each. */
  profilesMax: number;
}

/** Codes of newly opened accounts that stay resident, about 100 bytes each. */
const CODES_MAX = 50_000;
/** Cards that were declined and stay resident, a shard: up to two kilobytes each, mostly a fifth of one. */
const CARDS_MAX = 10_000;
/** Projected blocks that stay in memory for replays, a shard. */
const RECENT_BYTES_KEPT = 4 * 1024 * 1024;
/** Ids that are forgotten at once, so that no sweep stalls the writer: a millisecond at most. */
const IDS_A_SWEEP = 32_768;

/** Lets go of what the read models have passed, once there is more than the bounds allow. */
export class Eviction {
  readonly #writer: ShardWriter;
  readonly #bounds: MemoryBounds;
  #sweepingIds = false;

  constructor(writer: ShardWriter, bounds: MemoryBounds) {
    this.#writer = writer;
    this.#bounds = bounds;
  }

  /** The read models have passed that seq. Returns true where there is more to sweep right away. */
  passed(seq: number): boolean {
    const { state } = this.#writer;
    if (state.recentCodes.size > CODES_MAX) this.#codes(seq);
    this.#writer.recent.passed(seq, RECENT_BYTES_KEPT);
    const { accountsMax, progressMax, intentsMax } = this.#bounds;
    if (state.accounts.size > accountsMax) state.accounts.evict(Math.ceil(accountsMax / 10), seq);
    if (state.progress.size > progressMax) this.#progress(seq);
    if (state.payments.intents.size > intentsMax) this.#intents(seq);
    const { cardTries } = state.payments;
    if (cardTries.size > CARDS_MAX) state.progressEvictions += cardTries.letGo(seq, CARDS_MAX / 10);
    const { customers, paymentMethods, apiKeys, paymentLinks } = state.payments;
    for (const profiles of [customers, paymentMethods, apiKeys, paymentLinks]) this.#profiles(profiles, seq);
    return this.#ids(seq);
  }

  /** Rarely and many at once: whoever looks a code up meanwhile must look again. */
  #codes(seq: number): void {
    const { state } = this.#writer;
    for (const [code, opened] of state.recentCodes) {
      if (opened.seq > seq) break;
      state.recentCodes.delete(code);
      state.codeEvictions++;
    }
  }

  #progress(seq: number): void {
    const { progress } = this.#writer.state;
    let most = Math.ceil(this.#bounds.progressMax / 10);
    for (const [key, one] of progress) {
      if (most === 0) return;
      // What is open stays while closed ones can go: the next command on it is to come.
      if (one.lastSeq > seq || (one.state === State.pending && progress.size <= this.#bounds.progressMax * 2))
        continue;
      progress.delete(key);
      this.#writer.state.progressEvictions++;
      most--;
    }
  }

  /** The oldest first; what waits for a provider stays, unless most of them do. */
  #intents(seq: number): void {
    const { payments } = this.#writer.state;
    const { intentsMax } = this.#bounds;
    let most = Math.ceil(intentsMax / 10);
    for (const [key, intent] of payments.intents) {
      if (most === 0) return;
      if (intent.lastSeq > seq || (!isResting(intent) && payments.intents.size <= intentsMax * 2)) continue;
      payments.letGo(key, dueOf(intent));
      this.#writer.state.progressEvictions++;
      most--;
    }
  }

  /** The oldest first: nothing waits for them. */
  #profiles(profiles: Map<number, { lastSeq: number }>, seq: number): void {
    const { profilesMax } = this.#bounds;
    if (profiles.size <= profilesMax) return;
    let left = Math.ceil(profilesMax / 10);
    for (const [key, { lastSeq }] of profiles) {
      if (left === 0) return;
      if (lastSeq > seq) continue;
      profiles.delete(key);
      this.#writer.state.progressEvictions++;
      left--;
    }
  }

  #ids(seq: number): boolean {
    const { ids } = this.#writer.state;
    const { idsMax } = this.#bounds;
    // An eighth at once: whoever looks an id up meanwhile must look again.
    if (!this.#sweepingIds && ids.size <= idsMax) return false;
    const surplus = ids.size - Math.ceil(idsMax * 0.875);
    // All of them or none: sweeps of a few would make every look-up begin again.
    if (!this.#sweepingIds && ids.nthOldestSeq(surplus) > seq) return false;
    const forgotten = ids.forget(seq, Math.min(IDS_A_SWEEP, surplus));
    this.#sweepingIds = forgotten === IDS_A_SWEEP;
    return this.#sweepingIds;
  }
}
