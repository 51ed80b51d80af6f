import type { Block } from '../../core/journal/block.ts';
import { ZERO_HASH } from '../../core/journal/hash.ts';
import { apply } from '../../core/kernel/apply.ts';
import { progressOf } from '../../core/kernel/ledger/apply.ts';
import { eachEvent, isTransaction, viewOf } from '../../core/kernel/ledger/body.ts';
import type { Uuid } from '../../core/kernel/ledger/commands.ts';
import { Kind, State, TX } from '../../core/kernel/ledger/layout.ts';
import { dayOf } from '../../core/kernel/ledger/limits.ts';

import { stampOf, wordsOf } from '../../core/kernel/ledger/uuid.ts';
import { bytesAt } from '../../core/kernel/ledger/facts.ts';
import { EventType, PAYMENT } from '../../core/kernel/ledger/layout.ts';
import { type CardRef, declinesIn } from '../../core/kernel/payments/cardTries.ts';
import { decodeChange, type IntentMoved, subjectAt } from '../../core/kernel/payments/change.ts';
import { dueOf, owingOf } from '../../core/kernel/payments/due.ts';
import { ShardState } from '../../core/kernel/shardState.ts';
import { AssetTable } from '../../core/kernel/money/assets.ts';
import type {
  Loaded,
  LoadedAccount,
  LoadedDecline,
  LoadedPaymentEvent,
  LoadedProgress,
  RecoveryPoint,
  StateLoader,
} from '../../core/shard/ports.ts';

/** Read models in memory: a state of their own that applies blocks when told to. */
export class MemoryLoader implements StateLoader {
  readonly #state = new ShardState({ seed: 99, assets: new AssetTable() });
  #last: Block | null = null;
  readonly #codes = new Map<number, string>();
  readonly #payments: LoadedPaymentEvent[] = [];
  readonly #declines: LoadedDecline[] = [];
  /** How often each method was called. */
  readonly calls: string[] = [];
  /** Awaited by every call before it answers. */
  delay: () => Promise<void> = () => Promise.resolve();

  /** Everything that was projected. */
  get state(): ShardState {
    return this.#state;
  }

  get watermarkSeq(): number {
    return this.#state.nextSeq - 1;
  }

  project(blocks: readonly Block[]): void {
    for (const block of blocks) {
      if (block.height <= (this.#last?.height ?? 0)) continue;
      const view = viewOf(block.body);
      eachEvent(view, (type, at) => {
        const seq = this.#state.nextSeq;
        if (type === EventType.payment) {
          this.#payments.push(paymentEvent(view, at, seq));
          this.spent.push(stampOf(view.getInt32(at + PAYMENT.id), view.getInt32(at + PAYMENT.id + 4)));
        }
        const isTarget =
          isTransaction(view, at) && [Kind.direct, Kind.post].includes(view.getUint8(at + TX.kind) as 1);
        if (isTarget) this.#state.progress.set(seq, progressOf(view, at, seq));
        apply(this.#state, view, at, block.blockTimeUs);
        if (type === EventType.payment) this.#keepDecline(view, at, { seq, bookedUs: block.blockTimeUs });
      });
      this.#last = block;
    }
    for (const [key, { number }] of this.#state.recentCodes)
      this.#codes.set(number, key.slice(key.indexOf(':') + 1));
  }

  #keepDecline(view: DataView, at: number, when: { seq: number; bookedUs: number }): void {
    const { subjectSeq, change } = paymentEvent(view, at, when.seq);
    if (!Buffer.from(change).includes('"declined"')) return;
    const decoded = decodeChange(change);
    if (!('after' in decoded) || declinesIn(decoded).length === 0) return;
    const { book, merchant } = this.#state.payments.intents.get(subjectSeq)!;
    this.#declines.push({ ...when, book, merchant, change });
  }

  async #answer<Row>(name: string, rows: () => Row[]): Promise<Loaded<Row>> {
    this.calls.push(name);
    // The rows are of the moment of asking; the answer may be late.
    const found = { watermarkSeq: this.watermarkSeq, rows: rows() };
    await this.delay();
    return found;
  }

  #row(slot: number): LoadedAccount {
    const { accounts, assets } = this.#state;
    return {
      number: accounts.numberOf(slot),
      book: accounts.bookOf(slot),
      id: accounts.idOf(slot),
      code: this.#codes.get(accounts.numberOf(slot))!,
      asset: assets.all[accounts.assetOf(slot)].code,
      normalSide: accounts.isCreditNormal(slot) ? 2 : 1,
      closed: accounts.isClosed(slot),
      version: accounts.versionOf(slot),
      ...accounts.countersOf(slot),
      limits: accounts.limitsOf(slot),
    };
  }

  #rows(slots: number[]): LoadedAccount[] {
    return slots.filter((slot) => slot >= 0).map((slot) => this.#row(slot));
  }

  accountsById(_: number, book: number, ids: string[]): Promise<Loaded<LoadedAccount>> {
    return this.#answer('accountsById', () =>
      this.#rows(ids.map((id) => this.#state.accounts.find(book, ...wordsOf(id as Uuid)))),
    );
  }

  accountsByNumber(_: number, numbers: Uint32Array): Promise<Loaded<LoadedAccount>> {
    return this.#answer('accountsByNumber', () =>
      this.#rows([...numbers].map((number) => this.#state.accounts.slotOf(number))),
    );
  }

  async eachAccount(
    shard: number,
    numbers: Uint32Array,
    visit: (account: LoadedAccount) => void,
  ): Promise<number> {
    const { watermarkSeq, rows } = await this.accountsByNumber(shard, numbers);
    rows.forEach(visit);
    return watermarkSeq;
  }

  otherIds(): Promise<void> {
    throw new Error('no test asks for them');
  }

  accountsByCode(_: number, book: number, codes: string[]): Promise<Loaded<LoadedAccount>> {
    return this.#answer('accountsByCode', () =>
      this.#rows(
        codes.map((code) =>
          this.#state.accounts.slotOf(this.#state.recentCodes.get(`${book}:${code}`)?.number ?? 0),
        ),
      ),
    );
  }

  spentIds(_: number, book: number, ids: string[]): Promise<Loaded<{ id: string; seq: number }>> {
    return this.#answer('spentIds', () =>
      ids
        .map((id) => ({ id, seq: this.#state.ids.seqOf(book, ...wordsOf(id as Uuid)) }))
        .filter(({ seq }) => seq > 0),
    );
  }

  progress(_: number, seqs: number[]): Promise<Loaded<LoadedProgress>> {
    return this.#answer('progress', () =>
      seqs.flatMap((seq) => {
        const one = this.#state.progress.get(seq);
        if (one === undefined) return [];
        const { book, state, postings } = one;
        return [
          {
            seq,
            book,
            state,
            posted: postings.map(({ posted }) => posted),
            reversed: postings.map(({ reversed }) => reversed),
          },
        ];
      }),
    );
  }

  payments(_: number, seqs: number[]): Promise<Loaded<LoadedPaymentEvent>> {
    return this.#answer('payments', () =>
      this.#payments.filter(({ subjectSeq }) => seqs.includes(subjectSeq)),
    );
  }

  cardDeclines(_: number, limit: number): Promise<Loaded<LoadedDecline>> {
    return this.#answer('cardDeclines', () => this.#declines.slice(-limit).toReversed());
  }

  cardDeclinesOf(_: number, cards: readonly CardRef[]): Promise<Loaded<LoadedDecline>> {
    const isAsked = ({ book, merchant, change }: LoadedDecline): boolean =>
      cards.some(
        (card) =>
          card.book === book &&
          card.merchant === merchant &&
          declinesIn(decodeChange(change) as IntentMoved).some(({ token }) => token === card.token),
      );
    return this.#answer('cardDeclinesOf', () => this.#declines.filter(isAsked));
  }

  async paymentOfOperation(
    _: number,
    operation: string,
  ): Promise<{ shard: number; book: number; intent: string } | null> {
    this.calls.push('paymentOfOperation');
    for (const intent of this.#state.payments.intents.values())
      if (intent.operations.some(({ id }) => id === operation))
        return { shard: this.#last?.shard ?? 0, book: intent.book, intent: intent.id };
    return null;
  }

  async duePayments(_: number, nowUs: number, limit: number): Promise<number[]> {
    this.calls.push('duePayments');
    return this.#dues()
      .filter(({ dueUs }) => dueUs <= nowUs)
      .slice(0, limit)
      .map(({ seq }) => seq);
  }

  async nextPaymentDue(_: number, behindUs: number): Promise<number> {
    this.calls.push('nextPaymentDue');
    return this.#dues().find(({ dueUs }) => dueUs > behindUs)?.dueUs ?? Infinity;
  }

  async owedPayments(
    _: number,
    { provider, after, limit }: { provider: string; after: number; limit: number },
  ): Promise<number[]> {
    this.calls.push('owedPayments');
    return [...this.#state.payments.intents.values()]
      .filter((intent) => intent.seq > after && owingOf(intent) === provider)
      .map(({ seq }) => seq)
      .toSorted((x, y) => x - y)
      .slice(0, limit);
  }

  #dues(): { seq: number; dueUs: number }[] {
    return [...this.#state.payments.intents.values()]
      .map((intent) => ({ seq: intent.seq, dueUs: dueOf(intent) }))
      .filter(({ dueUs }) => dueUs !== Infinity)
      .toSorted((x, y) => x.dueUs - y.dueUs);
  }

  async dueHolds(
    _: number,
    nowUs: number,
    limit: number,
  ): Promise<{ seq: number; book: number; id: string }[]> {
    this.calls.push('dueHolds');
    return this.#openHolds()
      .filter(({ expiresAtUs }) => expiresAtUs <= nowUs)
      .slice(0, limit)
      .map(({ seq, book, id }) => ({ seq, book, id }));
  }

  async nextExpiry(_: number, behindUs: number): Promise<number> {
    this.calls.push('nextExpiry');
    return this.#openHolds().find(({ expiresAtUs }) => expiresAtUs > behindUs)?.expiresAtUs ?? Infinity;
  }

  #openHolds() {
    return [...this.#state.progress.values()]
      .filter(({ kind, state }) => kind === Kind.pending && state === State.pending)
      .sort((a, b) => a.expiresAtUs - b.expiresAtUs);
  }

  async recoveryPoints(shards: readonly number[]): Promise<Map<number, RecoveryPoint>> {
    return new Map(shards.map((shard) => [shard, this.#recoveryPoint()]));
  }

  #recoveryPoint(): RecoveryPoint {
    const state = this.#state;
    let highStampMs = 0;
    for (const one of this.spent) highStampMs = Math.max(highStampMs, one);
    const last = this.#last;
    const isToday = last !== null && state.refusalDay === dayOf(last.blockTimeUs);
    return {
      height: last?.height ?? 0,
      seq: this.watermarkSeq,
      hash: last?.hash ?? ZERO_HASH,
      blockTimeUs: last?.blockTimeUs ?? 0,
      highStampMs,
      lastAccount: state.lastAccount,
      controlSeq: 0,
      books: [],
      assets: [],
      refusalsToday: isToday ? [...state.refusalsToday].map(([book, count]) => ({ book, count })) : [],
    };
  }

  /** Stamps of the v7 ids that tests say were spent. */
  spent: number[] = [];

  noteSpent(id: Uuid): void {
    const [w0, w1] = wordsOf(id);
    this.spent.push(stampOf(w0, w1));
  }
}

function paymentEvent(view: DataView, at: number, seq: number): LoadedPaymentEvent {
  const { book, subject, id, seq: subjectSeq } = subjectAt(view, at, seq);
  const change = bytesAt(view, at + PAYMENT.bytes, view.getUint32(at + PAYMENT.changeBytes, true)).slice();
  return { subjectSeq, seq, book, subject, subjectId: id, change };
}
