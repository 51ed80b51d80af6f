import type { ControlCommand } from '../kernel/ledger/commands.ts';
import type { ControlDecision, ControlEvent } from '../kernel/ledger/decideControl.ts';
import type { LedgerState } from '../kernel/ledger/state.ts';
import { AdoptionWork, ControlWork } from './controlWork.ts';
import type { CallContext, ControlAnswer, Position } from './service.ts';
import type { ShardWriter } from './writer.ts';

/** The shard that holds assets and books; behind the data shards. */
export const CONTROL_SHARD = 64;

/**
 * What the control shard decides, and its copies on the data shards. A book can be used once its shard has adopted it,
 * so a creation answers only then; what a crash left uncopied is copied at the next start.
 */
export class Control {
  readonly #writerOf: (shard: number) => ShardWriter;
  readonly #shards: number;
  /** Copies go out in the order of the control shard's events, a shard at a time one call. */
  readonly #copying = new Map<number, Promise<void>>();

  constructor(options: { writerOf: (shard: number) => ShardWriter; shards: number }) {
    this.#writerOf = options.writerOf;
    this.#shards = options.shards;
  }

  async run(command: ControlCommand, context: CallContext): Promise<ControlAnswer> {
    const control = this.#writerOf(CONTROL_SHARD);
    const { position, decision } = await new Promise<{ position: Position; decision: ControlDecision }>(
      (resolve, reject) => {
        control.submit(
          new ControlWork({
            command,
            shards: this.#shards,
            deadlineUs: context.deadlineUs,
            done: (position, decision) => resolve({ position, decision }),
            fail: reject,
          }),
        );
      },
    );
    if (decision.done === 'exists') return { done: false, reason: 'ALREADY_EXISTS', field: decision.field };
    const { state } = control;
    const replayed = decision.done === 'replay';
    if (command.op === 'createBook') {
      const book = state.booksByName.get(command.name)!;
      await this.adopt(book.shard, book.seq);
      return { done: true, position, replayed, book: { ...book } };
    }
    const asset = state.assets.get(command.code)!;
    await Promise.all(Array.from({ length: this.#shards }, (_, shard) => this.adopt(shard, asset.seq)));
    return {
      done: true,
      position,
      replayed,
      asset: { code: asset.code, scale: asset.scale, name: asset.name },
    };
  }

  /** Copies to a shard what it misses of the control shard's events up to that seq. */
  adopt(shard: number, uptoSeq: number): Promise<void> {
    const before = this.#copying.get(shard) ?? Promise.resolve();
    const next = before
      .catch(() => undefined)
      .then(async () => {
        const writer = this.#writerOf(shard);
        const events = eventsFor(this.#writerOf(CONTROL_SHARD).state, shard, {
          above: writer.state.controlSeq,
          upto: uptoSeq,
        });
        if (events.length === 0) return;
        await new Promise<void>((done, fail) => writer.submit(new AdoptionWork({ events, done, fail })));
      });
    this.#copying.set(shard, next);
    return next;
  }
}

/** The events of the control shard that a data shard copies: its books, and all custom assets; in order. */
function eventsFor(state: LedgerState, shard: number, seqs: { above: number; upto: number }): ControlEvent[] {
  const within = (seq: number) => seq > seqs.above && seq <= seqs.upto;
  const events: ControlEvent[] = [];
  for (const book of state.books.values()) {
    if (book.shard === shard && within(book.seq))
      events.push({ type: 'book', seq: book.seq, number: book.number, name: book.name, shard });
  }
  for (const asset of state.assets.all) {
    if (!asset.iso && within(asset.seq))
      events.push({ type: 'asset', seq: asset.seq, code: asset.code, scale: asset.scale, name: asset.name });
  }
  return events.sort((a, b) => a.seq - b.seq);
}
