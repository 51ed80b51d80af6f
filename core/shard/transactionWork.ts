import { Form, ItemFlag, type TransactionBatch } from '../kernel/ledger/batch.ts';
import type { CreateTransaction, MetadataBytes, NewPosting } from '../kernel/ledger/commands.ts';
import { refusal, type Refusal } from '../kernel/ledger/context.ts';
import { decide, decideGroup } from '../kernel/ledger/decide.ts';
import { GROUP_ITEMS_MAX } from '../kernel/ledger/limits.ts';
import { formatWords } from '../kernel/ledger/uuid.ts';
import { Knowledge, Wanted } from './knowledge.ts';
import { Outcomes } from './outcomes.ts';
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
  /** Made when first something has to be looked at that memory may not hold: plain transfers never need it. */
  #knowledge: Knowledge | null = null;
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
    this.#outcomes = Outcomes.take(options.batch.count);
    this.#done = options.done;
    this.fail = options.fail;
  }

  answer(position: Position): void {
    this.#done(position, this.#outcomes);
  }

  step(writer: ShardWriter, itemsMost: number): number | Promise<void> {
    const from = this.#cursor;
    const end = Math.min(this.#batch.count, from + itemsMost);
    this.#knowledge?.refresh(writer.generation());
    while (this.#cursor < end && writer.hasRoom()) {
      const taken = this.#run(writer, end) || this.#item(writer, this.#cursor);
      if (taken === 0) return this.#load(writer, this.#cursor);
      this.begun = true;
      this.#cursor += taken;
    }
    this.decided = this.#cursor >= this.#batch.count;
    return this.#cursor - from;
  }

  #knowing(writer: ShardWriter): Knowledge {
    if (this.#knowledge === null) {
      this.#knowledge = new Knowledge();
      this.#knowledge.refresh(writer.generation());
    }
    return this.#knowledge;
  }

  /** Books as many plain transfers as follow each other; returns how many. */
  #run(writer: ShardWriter, end: number): number {
    const from = this.#cursor;
    const { body } = writer.openBlock();
    const firstEvent = body.events,
      firstSeq = writer.state.nextSeq;
    const booked = writer.bookRun(this.#batch, from, end, this.#book);
    this.#outcomes.bookedRun(from, booked, { source: body, positions: body.positions, firstEvent, firstSeq });
    return booked;
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
    return this.#command(writer, i, this.#commandOf(i));
  }

  #command(writer: ShardWriter, i: number, command: CreateTransaction): number {
    const wanted = new Wanted();
    const knowledge = this.#knowing(writer);
    writer.wants(this.#book, command, knowledge, wanted);
    if (!wanted.empty) return 0;
    this.#note(writer, i, decide(writer.context(this.#book, knowledge), command));
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
    const knowledge = this.#knowing(writer);
    const wanted = new Wanted();
    for (let k = i; k < i + size; k++) {
      const command = batch.commands.get(k) ?? this.#commandOf(k);
      commands.push(command);
      writer.wants(this.#book, command, knowledge, wanted);
    }
    if (!wanted.empty) return 0;
    decideGroup(writer.context(this.#book, knowledge), commands).forEach((decision, k) =>
      this.#note(writer, i + k, decision),
    );
    return size;
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
    const knowledge = this.#knowing(writer);
    for (let i = from; i < this.#batch.count; i++) {
      if (this.#batch.form[i] === Form.malformed) continue;
      writer.wants(this.#book, this.#batch.commands.get(i) ?? this.#commandOf(i), knowledge, wanted);
    }
    return writer.load(this.#book, wanted, knowledge);
  }

  #commandOf(i: number): CreateTransaction {
    const batch = this.#batch;
    const id = (words: Int32Array) =>
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
