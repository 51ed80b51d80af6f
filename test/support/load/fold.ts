import type { PostingEffect } from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import type { Asked, Kept, Movement } from './clientLedger.ts';

export interface Fold {
  /** By account: version, debits and credits posted, debits and credits pending. */
  readonly accounts: ReadonlyMap<string, string>;
  /** By account and version: seq, posted and available balance, as the client was told. */
  readonly entries: ReadonlyMap<string, string>;
  readonly findings: readonly string[];
}

class Counters {
  entries = 0;
  debitsPosted = 0n;
  creditsPosted = 0n;
  debitsPending = 0n;
  creditsPending = 0n;
}

type Booked = Kept & { told: { is: 'booked'; seq: bigint; effects: readonly PostingEffect[] } };

/** What the booked items of one book come to, one after the other in the order of their seq. */
export function foldOf(kept: readonly Kept[]): Fold {
  const folding = new Folding();
  const booked = kept.filter((one): one is Booked => one.told.is === 'booked');
  for (const one of booked.sort((a, b) => Number(a.told.seq - b.told.seq))) folding.book(one);
  return folding.fold();
}

class Folding {
  readonly #accounts = new Map<string, Counters>();
  readonly #entries = new Map<string, string>();
  readonly #findings: string[] = [];
  readonly #creates = new Map<string, { movements: readonly Movement[]; held: bigint }>();

  book({ asked, told }: Booked): void {
    const moved = this.#moved(asked);
    if (moved.length !== told.effects.length)
      this.#findings.push(`${asked.item.id} has ${told.effects.length} effects, not ${moved.length}`);
    moved.forEach(({ debitAccount, creditAccount }, i) => {
      this.#entry(debitAccount, told.seq, told.effects[i]?.debit);
      this.#entry(creditAccount, told.seq, told.effects[i]?.credit);
    });
  }

  /** Changes the counters; returns the postings that are touched. */
  #moved(asked: Asked): readonly Movement[] {
    if (asked.op === 'create') {
      const { id, postings, pending } = asked.item;
      for (const posting of postings)
        this.#move(posting, pending ? { held: posting.amount } : { posted: posting.amount });
      this.#creates.set(id, { movements: postings, held: pending ? postings[0].amount : 0n });
      return postings;
    }
    const target = this.#creates.get(asked.item.transactionId);
    if (target === undefined) {
      this.#findings.push(`${asked.item.id} acts on a transaction that was not booked`);
      return [];
    }
    const [first] = target.movements;
    if (asked.op === 'reverse') {
      const back = { ...first, debitAccount: first.creditAccount, creditAccount: first.debitAccount };
      this.#move(back, { posted: asked.item.amounts[0].amount });
      return [back];
    }
    const posted = asked.op === 'void' ? 0n : asked.item.amounts[0].amount;
    const released = asked.op === 'post' && asked.item.keepOpen ? posted : target.held;
    target.held -= released;
    this.#move(first, { posted, held: -released });
    return [first];
  }

  #move(
    { debitAccount, creditAccount }: Movement,
    { posted = 0n, held = 0n }: { posted?: bigint; held?: bigint },
  ) {
    const [debit, credit] = [this.#of(debitAccount), this.#of(creditAccount)];
    debit.debitsPosted += posted;
    debit.debitsPending += held;
    credit.creditsPosted += posted;
    credit.creditsPending += held;
  }

  #entry(account: string, seq: bigint, effect: PostingEffect['debit']): void {
    this.#of(account).entries += 1;
    if (effect === undefined) return void this.#findings.push(`seq ${seq} left nothing on ${account}`);
    const key = `${account} ${effect.version}`;
    if (this.#entries.has(key)) this.#findings.push(`entry ${key} was told twice`);
    this.#entries.set(key, `${seq} ${effect.postedBalance} ${effect.availableBalance}`);
  }

  #of(account: string): Counters {
    let counters = this.#accounts.get(account);
    if (counters === undefined) this.#accounts.set(account, (counters = new Counters()));
    return counters;
  }

  fold(): Fold {
    const accounts = [...this.#accounts].map(
      ([id, c]) =>
        [
          id,
          [c.entries, c.debitsPosted, c.creditsPosted, c.debitsPending, c.creditsPending].join(' '),
        ] as const,
    );
    return { accounts: new Map(accounts), entries: this.#entries, findings: this.#findings };
  }
}
