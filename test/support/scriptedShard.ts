import type { Block } from '../../core/journal/block.ts';
import { ZERO_HASH, hashBlock } from '../../core/journal/hash.ts';
import { apply, progressOf } from '../../core/kernel/ledger/apply.ts';
import { Body, positionOf, viewOf } from '../../core/kernel/ledger/body.ts';
import { ItemFlag, TransactionBatch } from '../../core/kernel/ledger/batch.ts';
import type { CreateTransaction, LedgerCommand, Uuid } from '../../core/kernel/ledger/commands.ts';
import { spentAt, type Context, type Decision } from '../../core/kernel/ledger/context.ts';
import { decide, decideGroup } from '../../core/kernel/ledger/decide.ts';
import {
  decideAdoption,
  decideAsset,
  decideBook,
  type ControlEvent,
} from '../../core/kernel/ledger/decideControl.ts';
import { dayOf } from '../../core/kernel/ledger/limits.ts';
import { decideSimple } from '../../core/kernel/ledger/simple.ts';
import { LedgerState } from '../../core/kernel/ledger/state.ts';
import { wordsOf } from '../../core/kernel/ledger/uuid.ts';
import { AssetTable } from '../../core/kernel/money/assets.ts';

/** A shard written by the kernel itself, command by command, without writer, database or clock. */
export class ScriptedShard {
  readonly shard: number;
  readonly state = new LedgerState({ seed: 1, assets: new AssetTable() });
  /** The sealed blocks, unless `drain` took them. */
  blocks: Block[] = [];
  nowUs: number;
  epoch = 1;
  book = 1;
  #body = new Body(1 << 16);
  #firstSeq = 1;
  #height = 0;
  #prevHash: Uint8Array = ZERO_HASH;

  constructor(shard: number, nowUs: number) {
    this.shard = shard;
    this.nowUs = nowUs;
  }

  run(command: LedgerCommand): Decision {
    if (command.op === 'reverse' || command.op === 'post' || command.op === 'void')
      this.#load(command.target);
    const decision = decide(this.#context(), command);
    this.#applyFrom(decision);
    return decision;
  }

  group(commands: CreateTransaction[]): Decision[] {
    const decisions = decideGroup(this.#context(), commands);
    for (const decision of decisions) this.#applyFrom(decision);
    return decisions;
  }

  control(
    command:
      | { op: 'createAsset'; code: string; scale: number; name: string }
      | { op: 'createBook'; name: string; description: string; shard: number | null },
  ): void {
    const decision =
      command.op === 'createAsset'
        ? decideAsset(this.state, this.#body, command)
        : decideBook(this.state, this.#body, command, 64);
    if (decision.done === 'event') apply(this.state, this.#body.view, decision.at, this.nowUs);
  }

  adopt(event: ControlEvent): void {
    const written = decideAdoption(this.state, this.#body, event);
    if (written !== null) apply(this.state, this.#body.view, written.at, this.nowUs);
  }

  /** Plain transfers of one posting, by the hot path. Answers how many were booked. */
  transfers(
    count: number,
    next: (i: number) => { id: Uuid; debit: Uuid; credit: Uuid; amount: bigint },
  ): number {
    const batch = new TransactionBatch(1);
    let booked = 0;
    for (let i = 0; i < count; i++) {
      const item = next(i);
      batch.id.set(wordsOf(item.id));
      batch.amount[0] = item.amount;
      batch.flags[0] = i % 16 === 0 ? ItemFlag.dated : 0;
      batch.day[0] = dayOf(this.nowUs) - 1 - (i % 30);
      const { accounts } = this.state;
      const debit = accounts.find(this.book, ...wordsOf(item.debit)),
        credit = accounts.find(this.book, ...wordsOf(item.credit));
      const at = this.#body.end;
      if (
        !decideSimple(accounts, batch, 0, debit, credit, {
          book: this.book,
          nowUs: this.nowUs,
          day: dayOf(this.nowUs),
          body: this.#body,
        })
      )
        continue;
      apply(this.state, this.#body.view, at, this.nowUs);
      booked++;
    }
    return booked;
  }

  /** Ends the block: what was decided since the last one. */
  seal(): Block {
    const eventCount = this.#body.events;
    const block = {
      shard: this.shard,
      height: ++this.#height,
      epoch: this.epoch,
      firstSeq: this.#firstSeq,
      eventCount,
      blockTimeUs: this.nowUs,
      prevHash: this.#prevHash,
      body: this.#body.bytes.slice(0, this.#body.end),
    };
    const sealed: Block = { ...block, hash: hashBlock(block) };
    this.#prevHash = sealed.hash;
    this.#firstSeq += eventCount;
    this.#body = new Body(Math.max(1 << 16, this.#body.end));
    this.blocks.push(sealed);
    return sealed;
  }

  drain(): Block[] {
    const { blocks } = this;
    this.blocks = [];
    return blocks;
  }

  get tip(): { shard: number; height: number; hash: Uint8Array } {
    return { shard: this.shard, height: this.#height, hash: this.#prevHash };
  }

  #applyFrom(decision: Decision): void {
    if (decision.done === 'event' || decision.done === 'refused')
      apply(this.state, this.#body.view, decision.at, this.nowUs);
  }

  #context(): Context {
    return {
      state: this.state,
      book: this.book,
      nowUs: this.nowUs,
      day: dayOf(this.nowUs),
      body: this.#body,
      known: new Map(),
      takenCodes: new Set(),
      eventOf: (seq) => this.#eventOf(seq),
    };
  }

  #eventOf(seq: number): { view: DataView; at: number } {
    const block = this.blocks.find((one) => seq >= one.firstSeq && seq < one.firstSeq + one.eventCount);
    const view = block === undefined ? this.#body.view : viewOf(block.body);
    return { view, at: positionOf(view, seq - (block?.firstSeq ?? this.#firstSeq)) };
  }

  /** What the writer would load before the turn. */
  #load(id: Uuid): void {
    const seq = spentAt(this.#context(), id);
    if (seq === 0 || this.state.progress.has(seq)) return;
    const { view, at } = this.#eventOf(seq);
    if (view.getUint8(at + 4) === 10) this.state.progress.set(seq, progressOf(view, at, seq));
  }
}
