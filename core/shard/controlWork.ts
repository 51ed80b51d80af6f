import type { ControlCommand } from '../kernel/ledger/commands.ts';
import {
  decideAdoption,
  decideAsset,
  decideBook,
  type ControlDecision,
  type ControlEvent,
} from '../kernel/ledger/decideControl.ts';
import type { Position } from './service.ts';
import type { Work } from './work.ts';
import type { ShardWriter } from './writer.ts';

/** A custom asset or a book is created: on the control shard only. */
export class ControlWork implements Work {
  readonly items = 1;
  readonly deadlineUs: number;
  begun = false;
  decided = false;
  readonly fail: (error: Error) => void;
  readonly #command: ControlCommand;
  readonly #shards: number;
  readonly #done: (position: Position, decision: ControlDecision) => void;
  #decision: ControlDecision | null = null;

  constructor(options: {
    command: ControlCommand;
    shards: number;
    deadlineUs: number;
    done: (position: Position, decision: ControlDecision) => void;
    fail: (error: Error) => void;
  }) {
    this.#command = options.command;
    this.#shards = options.shards;
    this.deadlineUs = options.deadlineUs;
    this.#done = options.done;
    this.fail = options.fail;
  }

  step(writer: ShardWriter): number {
    const { body } = writer.openBlock();
    const command = this.#command;
    const decision =
      command.op === 'createAsset'
        ? decideAsset(writer.state, body, command)
        : decideBook(writer.state, body, command, this.#shards);
    if (decision.done === 'event') writer.apply(decision.at);
    this.begun = this.decided = true;
    this.#decision = decision;
    return 1;
  }

  answer(position: Position): void {
    this.#done(position, this.#decision!);
  }
}

/** Copies events of the control shard, in their order, to a data shard. Those that were copied before are passed over. */
export class AdoptionWork implements Work {
  readonly items: number;
  readonly deadlineUs = Infinity;
  begun = false;
  decided = false;
  readonly fail: (error: Error) => void;
  readonly answer: () => void;
  readonly #events: readonly ControlEvent[];

  constructor(options: { events: readonly ControlEvent[]; done: () => void; fail: (error: Error) => void }) {
    this.#events = options.events;
    this.items = options.events.length;
    this.answer = options.done;
    this.fail = options.fail;
  }

  step(writer: ShardWriter): number {
    for (const event of this.#events) {
      const decision = decideAdoption(writer.state, writer.openBlock().body, event);
      if (decision !== null) writer.apply(decision.at);
    }
    this.begun = this.decided = true;
    return this.items;
  }
}
