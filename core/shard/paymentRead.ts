import type { Uuid } from '../kernel/ledger/commands.ts';
import { draftOf } from '../kernel/payments/evolve.ts';
import type { Intent } from '../kernel/payments/model.ts';
import { isAnythingWanted, Knowledge, NOTHING_KNOWN, Wanted } from './knowledge.ts';
import type { Position } from './service.ts';
import { type Seek, wantsId } from './wants.ts';
import type { Work } from './work.ts';
import type { ShardWriter } from './writer.ts';

/**
 * The intent as it stands, where it is in memory and durable; else undefined. A busy shard has always a block on its way:
 * whoever waited for a turn, and with it for that block, would wait as long as a commit takes.
 */
export function durableIntent(writer: ShardWriter, book: number, id: Uuid): Intent | undefined {
  if (writer.phase !== 'writing') return undefined;
  const intent = writer.state.payments.intents.get(writer.seqOf(book, id, NOTHING_KNOWN));
  return intent !== undefined && intent.lastSeq <= writer.committed.seq ? draftOf(intent) : undefined;
}

/** Reads one intent in its turn: answered once everything that it shows is durable. */
export class PaymentRead implements Work {
  readonly items = 1;
  readonly deadlineUs: number;
  begun = false;
  decided = false;
  readonly fail: (error: Error) => void;
  readonly #book: number;
  readonly #intent: Uuid;
  readonly #done: (intent: Intent | null) => void;
  #knowledge = NOTHING_KNOWN;
  #found: Intent | null = null;

  constructor(options: {
    book: number;
    intent: Uuid;
    deadlineUs: number;
    done: (intent: Intent | null) => void;
    fail: (error: Error) => void;
  }) {
    this.#book = options.book;
    this.#intent = options.intent;
    this.deadlineUs = options.deadlineUs;
    this.#done = options.done;
    this.fail = options.fail;
  }

  step(writer: ShardWriter): number | Promise<void> {
    this.#knowledge.refresh(writer.generation());
    if (isAnythingWanted((wanted) => this.#wants(writer, wanted))) return this.#load(writer);
    const { payments } = writer.state;
    const intent = payments.intents.get(writer.seqOf(this.#book, this.#intent, this.#knowledge));
    this.#found = intent === undefined ? null : draftOf(intent);
    this.decided = true;
    return 1;
  }

  #wants(writer: ShardWriter, wanted: Wanted): void {
    const { payments } = writer.state;
    const seek: Seek = { writer, book: this.#book, knowledge: this.#knowledge, wanted };
    wantsId(seek, this.#intent, (_, seq) => {
      if (!payments.has(seq) && !this.#knowledge.notPayments.has(seq)) wanted.payments.add(seq);
    });
  }

  #load(writer: ShardWriter): Promise<void> {
    if (this.#knowledge === NOTHING_KNOWN) this.#knowledge = new Knowledge(writer.generation());
    const wanted = new Wanted();
    this.#wants(writer, wanted);
    return writer.load(this.#book, wanted, this.#knowledge);
  }

  answer(_position: Position): void {
    this.#done(this.#found);
  }
}
