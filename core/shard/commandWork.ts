import { postingsAt } from '../kernel/ledger/body.ts';
import type { LedgerCommand } from '../kernel/ledger/commands.ts';
import { refusal } from '../kernel/ledger/context.ts';
import { decide } from '../kernel/ledger/decide.ts';
import { availableBalance, postedBalance } from '../kernel/ledger/draft.ts';
import { COUNTERS, Flag, HEADER, POSTING, SIDES, TARGETED, TX } from '../kernel/ledger/layout.ts';
import { EXPIRIES_PER_BLOCK_MAX } from '../kernel/ledger/limits.ts';
import { isTransaction } from '../kernel/ledger/body.ts';
import { Knowledge, Wanted } from './knowledge.ts';
import { Came, Outcomes } from './outcomes.ts';
import type { Effect, Malformed, Outcome, Position } from './service.ts';
import type { Work } from './work.ts';
import type { ShardWriter } from './writer.ts';

/** A batch of any commands on its way through the writer. */
export class CommandWork implements Work {
  readonly items: number;
  readonly deadlineUs: number;
  begun = false;
  decided = false;
  readonly #commands: readonly (LedgerCommand | Malformed)[];
  readonly #book: number;
  readonly #outcomes: Outcomes;
  readonly #knowledge = new Knowledge();
  readonly #done: (position: Position, outcomes: Outcomes) => void;
  readonly fail: (error: Error) => void;
  #cursor = 0;

  constructor(options: {
    commands: readonly (LedgerCommand | Malformed)[];
    book: number;
    deadlineUs: number;
    done: (position: Position, outcomes: Outcomes) => void;
    fail: (error: Error) => void;
  }) {
    this.items = options.commands.length;
    this.deadlineUs = options.deadlineUs;
    this.#commands = options.commands;
    this.#book = options.book;
    this.#outcomes = new Outcomes(options.commands.length);
    this.#done = options.done;
    this.fail = options.fail;
  }

  answer(position: Position): void {
    this.#done(position, this.#outcomes);
  }

  step(writer: ShardWriter, itemsMost: number): number | Promise<void> {
    const from = this.#cursor;
    const end = Math.min(this.#commands.length, from + itemsMost);
    this.#knowledge.refresh(writer.generation());
    for (; this.#cursor < end && writer.hasRoom(); this.#cursor++) {
      const command = this.#commands[this.#cursor];
      if (command.op === 'malformed') {
        this.#outcomes.refuse(this.#cursor, {
          ...refusal(command.reason, { field: command.field }),
          remembered: false,
          seq: 0,
          replayed: false,
        });
        continue;
      }
      const wanted = new Wanted();
      writer.wants(this.#book, command, this.#knowledge, wanted);
      if (!wanted.empty) return this.#load(writer, this.#cursor);
      if (command.op === 'expire' && writer.openBlock().expiries++ >= EXPIRIES_PER_BLOCK_MAX) break;
      this.begun = true;
      writer.settle(
        this.#outcomes,
        this.#cursor,
        decide(writer.context(this.#book, this.#knowledge), command),
      );
    }
    this.decided = this.#cursor >= this.#commands.length;
    return this.#cursor - from;
  }

  /** Loads what the rest of the batch will miss, in one go. */
  #load(writer: ShardWriter, from: number): Promise<void> {
    const wanted = new Wanted();
    for (const command of this.#commands.slice(from)) {
      if (command.op !== 'malformed') writer.wants(this.#book, command, this.#knowledge, wanted);
    }
    return writer.load(this.#book, wanted, this.#knowledge);
  }
}

/** Outcomes as values, for callers that do not write them to the wire. */
export function outcomesOf(outcomes: Outcomes): Outcome[] {
  return Array.from({ length: outcomes.count }, (_, i): Outcome => {
    const refused = outcomes.refused.get(i);
    if (refused !== undefined) return { done: false, ...refused };
    const { view } = outcomes.sources[outcomes.source[i]];
    return {
      done: true,
      seq: outcomes.seq[i],
      replayed: outcomes.came[i] === Came.replayed,
      effects: effectsAt(view, outcomes.at[i]),
    };
  });
}

function effectsAt(view: DataView, at: number): { debit: Effect; credit: Effect }[] {
  if (!isTransaction(view, at)) return [];
  const flags = view.getUint16(at + HEADER.flags, true);
  const count = view.getUint16(at + TX.postings, true);
  const stride = (flags & Flag.hasTarget) === 0 ? POSTING.bytes : TARGETED.bytes;
  const first = postingsAt(view, at);
  const sidesAt =
    first +
    count * stride +
    view.getUint16(at + TX.referenceBytes, true) +
    view.getUint16(at + TX.metadataBytes, true);
  return Array.from({ length: count }, (_, i) => {
    const sides = count === 1 ? flags >>> 8 : view.getUint8(sidesAt + i);
    const p = first + i * stride;
    return {
      debit: effectAt(
        view,
        p + POSTING.debitVersion,
        p + POSTING.debitCounters,
        (sides & SIDES.debitCreditNormal) !== 0,
      ),
      credit: effectAt(
        view,
        p + POSTING.creditVersion,
        p + POSTING.creditCounters,
        (sides & SIDES.creditCreditNormal) !== 0,
      ),
    };
  });
}

function effectAt(view: DataView, versionAt: number, countersAt: number, creditNormal: boolean): Effect {
  const counters = {
    debitsPosted: view.getBigInt64(countersAt + COUNTERS.debitsPosted, true),
    creditsPosted: view.getBigInt64(countersAt + COUNTERS.creditsPosted, true),
    debitsPending: view.getBigInt64(countersAt + COUNTERS.debitsPending, true),
    creditsPending: view.getBigInt64(countersAt + COUNTERS.creditsPending, true),
  };
  return {
    version: view.getBigInt64(versionAt, true),
    posted: postedBalance(counters, creditNormal),
    available: availableBalance(counters, creditNormal),
  };
}
