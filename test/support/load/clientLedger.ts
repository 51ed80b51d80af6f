import type { JournalPosition } from '../../../gen/florin/ledger/v1/journal_pb.ts';
import type { PostingEffect, TransactionResult } from '../../../gen/florin/ledger/v1/transactions_pb.ts';

export interface Movement {
  readonly debitAccount: string;
  readonly creditAccount: string;
  readonly amount: bigint;
}

interface Acting {
  readonly id: string;
  readonly transactionId: string;
}

interface PartAmount {
  readonly posting: number;
  readonly amount: bigint;
}

/** What the client asked, whole: sent again it is the same bytes. */
export type Asked =
  | {
      readonly op: 'create';
      readonly item: {
        readonly id: string;
        readonly postings: Movement[];
        readonly pending: boolean;
        readonly reference: string;
      };
    }
  | { readonly op: 'post'; readonly item: Acting & { amounts: PartAmount[]; readonly keepOpen: boolean } }
  | { readonly op: 'void'; readonly item: Acting }
  | { readonly op: 'reverse'; readonly item: Acting & { amounts: PartAmount[] } };

/**
 * What the client knows of an id. `open`: sent, and no answer came. `nothing`: the call failed in a way that says that
 * nothing was done. The rest is what it was told.
 */
export type Told =
  | { readonly is: 'open' | 'nothing' }
  | { readonly is: 'booked'; readonly seq: bigint; readonly effects: readonly PostingEffect[] }
  | {
      readonly is: 'refused';
      readonly reason: string;
      readonly seq: bigint;
      readonly posting: number | undefined;
      readonly accountId: string;
    };

export interface Kept {
  readonly book: string;
  asked: Asked;
  told: Told;
}

/** Everything that a client has sent, and every answer that it was given: the truth that a ledger is held to. */
export class ClientLedger {
  readonly kept = new Map<string, Kept>();
  /** The receipts: one an answered block. */
  readonly receipts = new Map<string, JournalPosition>();
  /** Where two answers contradict each other. */
  readonly contradictions: string[] = [];
  /** Answers so far, and calls that failed with the outcome open. */
  answers = 0;
  /** How calls failed, by reason. */
  readonly failures = new Map<string, number>();
  unknown = 0;
  readonly #watchers = new Set<() => void>();

  /** Notes items before they are sent, once by a client that repeats nothing, or more often. */
  sending(book: string, batch: readonly Asked[], tries: 'one' | 'many' = 'one'): void {
    for (const asked of batch) {
      const before = this.kept.get(asked.item.id);
      if (before === undefined) this.kept.set(asked.item.id, { book, asked, told: { is: 'open' } });
      else if (before.told.is === 'nothing' && tries === 'many') before.told = { is: 'open' };
    }
  }

  /** Notes that a call failed. A call that did nothing does not close what an earlier one left open. */
  failed(batch: readonly Asked[], outcome: 'none' | 'unknown', reason: string): void {
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
    if (outcome === 'unknown') this.unknown += 1;
    for (const { item } of batch) {
      const kept = this.#of(item.id);
      if (outcome === 'unknown') this.#leftOpen.add(item.id);
      if (outcome === 'unknown' && kept.told.is === 'nothing') kept.told = { is: 'open' };
      if (outcome === 'none' && kept.told.is === 'open' && !this.#leftOpen.has(item.id))
        kept.told = { is: 'nothing' };
    }
  }

  readonly #leftOpen = new Set<string>();

  /** Notes one answer. The first one counts; later ones must repeat it. */
  answered(id: string, { outcome }: Pick<TransactionResult, 'outcome'>): void {
    const kept = this.#of(id);
    const { told } = kept;
    this.answers += 1;
    for (const watcher of this.#watchers) watcher();
    if (outcome.case === undefined) return this.#contradiction(id, 'was answered with nothing');
    if (told.is === 'nothing' && outcome.value.replayed)
      this.#contradiction(id, 'was done by a call that said nothing was done');
    const now = toldBy(outcome);
    if (told.is === 'open' || told.is === 'nothing') {
      kept.told = now;
      return;
    }
    if (!outcome.value.replayed) this.#contradiction(id, `was ${told.is} before and is done again`);
    if (!isSame(told, now)) this.#contradiction(id, `was told ${text(told)}, now ${text(now)}`);
  }

  positioned(position: JournalPosition | undefined): void {
    if (position === undefined) return void this.contradictions.push('an answer without its position');
    const key = `${position.shard} ${position.height}`;
    const before = this.receipts.get(key);
    if (before !== undefined && Buffer.compare(before.blockHash, position.blockHash) !== 0)
      this.contradictions.push(`block ${key} had two hashes`);
    this.receipts.set(key, position);
  }

  /** Settles once so many more answers have come. */
  moreAnswers(count: number): Promise<void> {
    const goal = this.answers + count;
    return new Promise((resolve) => {
      const watcher = (): void => {
        if (this.answers < goal) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }

  /** What the answers came to: `booked`, reasons of refusals, or what is still open. */
  get outcomes(): Set<string> {
    return new Set(
      [...this.kept.values()].map(({ told }) => (told.is === 'refused' ? told.reason : told.is)),
    );
  }

  /** The id of one item of that kind that was booked. */
  anyBooked(op: Asked['op']): string {
    const found = [...this.kept.values()].find(({ asked, told }) => asked.op === op && told.is === 'booked');
    if (found === undefined) throw new Error(`no ${op} was booked`);
    return found.asked.item.id;
  }

  /** The same again, so that a test can bend it. */
  copy(): ClientLedger {
    const copy = new ClientLedger();
    for (const [id, kept] of this.kept) copy.kept.set(id, { ...kept });
    for (const [key, position] of this.receipts) copy.receipts.set(key, position);
    return copy;
  }

  #of(id: string): Kept {
    const kept = this.kept.get(id);
    if (kept === undefined) throw new Error(`${id} was never sent`);
    return kept;
  }

  #contradiction(id: string, what: string): void {
    this.contradictions.push(`${this.#of(id).asked.op} ${id} ${what}`);
  }
}

function toldBy(outcome: Extract<TransactionResult['outcome'], { case: string }>): Told {
  if (outcome.case === 'booked')
    return { is: 'booked', seq: outcome.value.seq, effects: outcome.value.effects };
  const { reason, seq, posting, accountId } = outcome.value;
  return { is: 'refused', reason, seq, posting, accountId };
}

function isSame(one: Told, other: Told): boolean {
  return text(one) === text(other);
}

function text(told: Told): string {
  return JSON.stringify(told, (key, value: unknown) =>
    key.startsWith('$') ? undefined : typeof value === 'bigint' ? String(value) : value,
  );
}
