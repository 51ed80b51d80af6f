import { Form, ItemFlag, type TransactionBatch } from '../kernel/ledger/batch.ts';
import type { CreateTransaction, MetadataBytes, NewPosting } from '../kernel/ledger/commands.ts';
import { refusal, type Refusal } from '../kernel/ledger/context.ts';
import { decide, decideGroup, refuse } from '../kernel/ledger/decide.ts';
import { GROUP_ITEMS_MAX, ID_AHEAD_MS_MAX } from '../kernel/ledger/limits.ts';
import { reasonOf, type Reason } from '../kernel/ledger/refusals.ts';
import { decideSimple, faultSide } from '../kernel/ledger/simple.ts';
import { formatWords, stampOf } from '../kernel/ledger/uuid.ts';
import { Knowledge, Wanted } from './knowledge.ts';
import { Came, Outcomes } from './outcomes.ts';
import type { Position } from './service.ts';
import type { Work } from './work.ts';
import type { ShardWriter } from './writer.ts';

const NOTHING = new Uint8Array(0) as MetadataBytes;

/** A batch of new transactions on its way through the writer. Plain ones stay columns all the way. */
export class TransactionWork implements Work {
  readonly items: number;
  readonly deadlineUs: number;
  begun = false;
  decided = false;
  readonly #batch: TransactionBatch;
  readonly #book: number;
  readonly #outcomes: Outcomes;
  readonly #knowledge = new Knowledge();
  readonly #done: (position: Position, outcomes: Outcomes) => void;
  readonly fail: (error: Error) => void;
  #cursor = 0;

  constructor(options: {
    batch: TransactionBatch;
    book: number;
    deadlineUs: number;
    done: (position: Position, outcomes: Outcomes) => void;
    fail: (error: Error) => void;
  }) {
    this.items = options.batch.count;
    this.deadlineUs = options.deadlineUs;
    this.#batch = options.batch;
    this.#book = options.book;
    this.#outcomes = new Outcomes(options.batch.count);
    this.#done = options.done;
    this.fail = options.fail;
  }

  answer(position: Position): void {
    this.#done(position, this.#outcomes);
  }

  step(writer: ShardWriter, itemsMost: number): number | Promise<void> {
    const from = this.#cursor;
    const end = Math.min(this.#batch.count, from + itemsMost);
    this.#knowledge.refresh(writer.generation());
    while (this.#cursor < end && writer.hasRoom()) {
      const taken = this.#item(writer, this.#cursor);
      if (taken === 0) return this.#load(writer, this.#cursor);
      this.begun = true;
      this.#cursor += taken;
    }
    this.decided = this.#cursor >= this.#batch.count;
    return this.#cursor - from;
  }

  /** Decides the item, or the group that begins with it; returns how many items that was, 0 where something is missing. */
  #item(writer: ShardWriter, i: number): number {
    const batch = this.#batch;
    const form = batch.form[i];
    if ((batch.flags[i] & ItemFlag.linked) !== 0) return this.#group(writer, i);
    if (form === Form.malformed) {
      const { reason, field, posting } = batch.malformed.get(i)!;
      this.#decline(i, refusal(reason, { field, posting }));
      return 1;
    }
    if (form === Form.command) return this.#command(writer, i, batch.commands.get(i)!);
    return this.#column(writer, i);
  }

  #column(writer: ShardWriter, i: number): number {
    const { state } = writer;
    const batch = this.#batch;
    const words = batch.id,
      at = i * 4;
    const w0 = words[at],
      w1 = words[at + 1],
      w2 = words[at + 2],
      w3 = words[at + 3];
    if (
      state.ids.seqOf(this.#book, w0, w1, w2, w3) !== 0 ||
      state.ids.mayBeForgotten(this.#book, w0, w1, w2, w3)
    )
      return this.#command(writer, i, this.#commandOf(i));
    const debitWords = batch.debit,
      creditWords = batch.credit;
    const debit = state.accounts.find(
      this.#book,
      debitWords[at],
      debitWords[at + 1],
      debitWords[at + 2],
      debitWords[at + 3],
    );
    const credit = state.accounts.find(
      this.#book,
      creditWords[at],
      creditWords[at + 1],
      creditWords[at + 2],
      creditWords[at + 3],
    );
    if (debit < 0 || credit < 0) return this.#command(writer, i, this.#commandOf(i));
    const open = writer.openBlock();
    const stamp = stampOf(w0, w1);
    if (stamp > open.timeUs / 1000 + ID_AHEAD_MS_MAX) {
      this.#decline(i, refusal('ID_TOO_FAR_AHEAD', { field: 'id' }));
      return 1;
    }
    const position = open.body.end;
    const reason = decideSimple(
      state.accounts,
      batch,
      i,
      debit,
      credit,
      this.#book,
      writer.day,
      open.timeUs,
      open.body,
    );
    if (reason === 0) {
      this.#outcomes.booked(i, open.body, position, writer.apply(position), Came.booked);
      return 1;
    }
    this.#refuse(writer, i, this.#commandOf(i), this.#whyColumn(i, reasonOf(reason)));
    return 1;
  }

  #whyColumn(i: number, reason: Reason): Refusal {
    const words = faultSide === 0 ? this.#batch.debit : this.#batch.credit;
    const account =
      faultSide < 0 ? '' : formatWords(words[i * 4], words[i * 4 + 1], words[i * 4 + 2], words[i * 4 + 3]);
    if (reason === 'EXPIRY_OUT_OF_RANGE') return refusal(reason, { field: 'expires_after_seconds' });
    if (reason === 'ASSET_MISMATCH') return refusal(reason, { field: 'postings[0]', posting: 0 });
    const side = faultSide === 0 ? 'debit_account' : 'credit_account';
    return refusal(reason, {
      field: reason === 'ACCOUNT_CLOSED' ? `postings[0].${side}` : 'postings[0].amount',
      posting: 0,
      account,
    });
  }

  #command(writer: ShardWriter, i: number, command: CreateTransaction): number {
    const wanted = new Wanted();
    writer.wants(this.#book, command, this.#knowledge, wanted);
    if (!wanted.empty) return 0;
    this.#note(writer, i, decide(writer.context(this.#book, this.#knowledge), command));
    return 1;
  }

  /** The run of linked items from `i` and the first that is not. */
  #group(writer: ShardWriter, i: number): number {
    const batch = this.#batch;
    let end = i;
    while (end < batch.count && (batch.flags[end] & ItemFlag.linked) !== 0) end++;
    const isClosed = end < batch.count;
    const size = end - i + (isClosed ? 1 : 0);
    const all = (why: (k: number) => Refusal) => {
      for (let k = i; k < i + size; k++) this.#decline(k, why(k));
      return size;
    };
    if (!isClosed) return all(() => refusal('GROUP_NOT_CLOSED', { field: 'linked' }));
    if (size > GROUP_ITEMS_MAX) return all(() => refusal('GROUP_TOO_LARGE', { field: 'linked' }));
    const malformed = (k: number) => batch.malformed.get(k);
    for (let k = i; k < i + size; k++)
      if (malformed(k))
        return all((j) =>
          malformed(j) ? refusal(malformed(j)!.reason, malformed(j)) : refusal('GROUP_MALFORMED'),
        );
    const commands: CreateTransaction[] = [];
    const wanted = new Wanted();
    for (let k = i; k < i + size; k++) {
      const command = batch.commands.get(k) ?? this.#commandOf(k);
      commands.push(command);
      writer.wants(this.#book, command, this.#knowledge, wanted);
    }
    if (!wanted.empty) return 0;
    decideGroup(writer.context(this.#book, this.#knowledge), commands).forEach((decision, k) =>
      this.#note(writer, i + k, decision),
    );
    return size;
  }

  #refuse(writer: ShardWriter, i: number, command: CreateTransaction, why: Refusal): void {
    this.#note(writer, i, refuse(writer.context(this.#book, this.#knowledge), command, why));
  }

  #note(writer: ShardWriter, i: number, decision: ReturnType<typeof decide>): void {
    writer.settle(this.#outcomes, i, decision);
  }

  #decline(i: number, why: Refusal): void {
    this.#outcomes.refuse(i, { ...why, remembered: false, seq: 0, replayed: false });
  }

  /** Loads what the rest of the batch will miss, in one go. */
  #load(writer: ShardWriter, from: number): Promise<void> {
    const wanted = new Wanted();
    for (let i = from; i < this.#batch.count; i++) {
      if (this.#batch.form[i] === Form.malformed) continue;
      writer.wants(this.#book, this.#batch.commands.get(i) ?? this.#commandOf(i), this.#knowledge, wanted);
    }
    return writer.load(this.#book, wanted, this.#knowledge);
  }

  #commandOf(i: number): CreateTransaction {
    const batch = this.#batch;
    const id = (words: Uint32Array) =>
      formatWords(words[i * 4], words[i * 4 + 1], words[i * 4 + 2], words[i * 4 + 3]);
    const posting: NewPosting = {
      debitAccount: id(batch.debit),
      creditAccount: id(batch.credit),
      amount: batch.amount[i],
    };
    return {
      op: 'create',
      id: id(batch.id),
      postings: [posting],
      pending: (batch.flags[i] & ItemFlag.pending) !== 0,
      expiresAfterSeconds: batch.expiresAfterSeconds[i],
      effectiveDay: (batch.flags[i] & ItemFlag.dated) !== 0 ? batch.day[i] : null,
      reference: batch.source.slice(batch.referenceStart[i], batch.referenceEnd[i]),
      metadata: batch.metadata.get(i) ?? NOTHING,
      linked: false,
    };
  }
}
