import { apply, progressOf } from '../../core/kernel/ledger/apply.ts';
import { ItemFlag, TransactionBatch } from '../../core/kernel/ledger/batch.ts';
import { Body, isTransaction } from '../../core/kernel/ledger/body.ts';
import type {
  ChangeAccount,
  CloseAccount,
  CreateTransaction,
  LedgerCommand,
  LimitValues,
  MetadataBytes,
  NewPosting,
  OpenAccount,
  PostTransaction,
  ReverseTransaction,
  Uuid,
  VoidTransaction,
} from '../../core/kernel/ledger/commands.ts';
import { spentAt, type Context, type Decision } from '../../core/kernel/ledger/context.ts';
import { decide, decideGroup, refusalAt } from '../../core/kernel/ledger/decide.ts';
import { decideOpen } from '../../core/kernel/ledger/decideAccount.ts';
import { EventType, HEADER, Kind, TX } from '../../core/kernel/ledger/layout.ts';
import { dayOf } from '../../core/kernel/ledger/limits.ts';
import { LedgerState } from '../../core/kernel/ledger/state.ts';
import { wordsOf } from '../../core/kernel/ledger/uuid.ts';
import { AssetTable } from '../../core/kernel/money/assets.ts';
import { outcomesOf } from '../../core/shard/commandWork.ts';
import { Came, Outcomes } from '../../core/shard/outcomes.ts';
import type { Outcome } from '../../core/shard/service.ts';

const utf8 = new TextEncoder();
const NO_METADATA = new Uint8Array(0) as MetadataBytes;

/** 2026-01-15 12:00 UTC. */
export const NOON_US = 1_768_478_400_000_000;
export const SECOND_US = 1_000_000;
export const DAY_US = 86_400 * SECOND_US;

/** The n-th id of a kind that carries no time. */
export function uuid(n: number): Uuid {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}` as Uuid;
}

/** A UUIDv7 with that stamp. */
export function uuid7(stampMs: number, n: number): Uuid {
  const stamp = stampMs.toString(16).padStart(12, '0');
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7000-8000-${n.toString(16).padStart(12, '0')}` as Uuid;
}

export const bytes = (text: string): Uint8Array => utf8.encode(text);

/** One entry in the canonical form of metadata. */
export function metadata(key: string, value: string): MetadataBytes {
  const k = bytes(key),
    v = bytes(value);
  return new Uint8Array([k.length, v.length & 255, v.length >> 8, ...k, ...v]) as MetadataBytes;
}

export function posting(debitAccount: Uuid, creditAccount: Uuid, amount: bigint): NewPosting {
  return { debitAccount, creditAccount, amount };
}

export function create(
  id: Uuid,
  postings: NewPosting[],
  more: Partial<CreateTransaction> = {},
): CreateTransaction {
  const plain = {
    pending: false,
    expiresAfterSeconds: 0,
    effectiveDay: null,
    reference: new Uint8Array(0),
    metadata: NO_METADATA,
    linked: false,
  };
  return { op: 'create', id, postings, ...plain, ...more };
}

export function hold(
  id: Uuid,
  postings: NewPosting[],
  more: Partial<CreateTransaction> = {},
): CreateTransaction {
  return create(id, postings, { pending: true, ...more });
}

export function post(id: Uuid, target: Uuid, more: Partial<PostTransaction> = {}): PostTransaction {
  const plain = {
    amounts: null,
    keepOpen: false,
    effectiveDay: null,
    reference: new Uint8Array(0),
    metadata: NO_METADATA,
  };
  return { op: 'post', id, target, ...plain, ...more };
}

export function voiding(id: Uuid, target: Uuid, more: Partial<VoidTransaction> = {}): VoidTransaction {
  return { op: 'void', id, target, reference: new Uint8Array(0), metadata: NO_METADATA, ...more };
}

export function reverse(id: Uuid, target: Uuid, more: Partial<ReverseTransaction> = {}): ReverseTransaction {
  const plain = {
    amounts: null,
    effectiveDay: null,
    reference: new Uint8Array(0),
    metadata: NO_METADATA,
  };
  return { op: 'reverse', id, target, ...plain, ...more };
}

export const NO_LIMITS: LimitValues = [null, null, null, null];

export function open(id: Uuid, more: Partial<OpenAccount> = {}): OpenAccount {
  const plain = {
    code: `code:${id.slice(-12)}`,
    asset: 'EUR',
    normalSide: 2 as const,
    limits: NO_LIMITS,
    metadata: NO_METADATA,
  };
  return { op: 'openAccount', id, ...plain, ...more };
}

export function change(id: Uuid, account: Uuid, more: Partial<ChangeAccount> = {}): ChangeAccount {
  return { op: 'changeAccount', id, account, limits: null, metadata: null, ...more };
}

export function close(id: Uuid, account: Uuid): CloseAccount {
  return { op: 'closeAccount', id, account };
}

/** Transactions of one posting that are not linked, as the columns that the wire reader makes of them. */
export function batchOf(commands: readonly CreateTransaction[]): TransactionBatch {
  const batch = new TransactionBatch(commands.length);
  batch.count = commands.length;
  const references = commands.map((command) => command.reference);
  batch.source = new Uint8Array(references.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  commands.forEach((command, i) => {
    const [only] = command.postings;
    batch.id.set(wordsOf(command.id), i * 4);
    batch.debit.set(wordsOf(only.debitAccount), i * 4);
    batch.credit.set(wordsOf(only.creditAccount), i * 4);
    batch.amount[i] = only.amount;
    batch.flags[i] =
      (command.pending ? ItemFlag.pending : 0) | (command.effectiveDay === null ? 0 : ItemFlag.dated);
    batch.day[i] = command.effectiveDay ?? 0;
    batch.expiresAfterSeconds[i] = command.expiresAfterSeconds;
    batch.source.set(references[i], at);
    batch.referenceStart[i] = at;
    at += references[i].length;
    batch.referenceEnd[i] = at;
    if (command.metadata.length > 0) batch.metadata.set(i, command.metadata);
  });
  return batch;
}

export interface TestBlock {
  firstSeq: number;
  timeUs: number;
  body: Body;
}

/** A kernel with nothing around it: every event is kept, every target is resident, and time moves when told to. */
export class TestLedger {
  readonly state: LedgerState;
  readonly book: number = 1;
  readonly blocks: TestBlock[] = [];
  readonly #events: { body: Body; at: number }[] = [];

  constructor(nowUs = NOON_US, seed = 7) {
    this.state = new LedgerState({ seed, assets: new AssetTable() });
    this.blocks.push({ firstSeq: 1, timeUs: nowUs, body: new Body(256) });
  }

  get block(): TestBlock {
    return this.blocks.at(-1)!;
  }

  /** Seals the block and begins another, that much later. */
  advance(us: number): void {
    this.blocks.push({ firstSeq: this.state.nextSeq, timeUs: this.block.timeUs + us, body: new Body(256) });
  }

  context(): Context {
    const { body, timeUs } = this.block;
    return {
      state: this.state,
      book: this.book,
      nowUs: timeUs,
      day: dayOf(timeUs),
      body,
      known: new Map(),
      takenCodes: new Set(),
      eventOf: (seq) => this.event(seq),
    };
  }

  event(seq: number): { view: DataView; at: number } {
    const { body, at } = this.#events[seq - 1];
    return { view: body.view, at };
  }

  send(command: LedgerCommand): Outcome {
    if ('target' in command) this.#bringIn(command.target);
    return this.#settle([decide(this.context(), command)])[0];
  }

  group(commands: readonly CreateTransaction[]): Outcome[] {
    return this.#settle(decideGroup(this.context(), commands));
  }

  /** Expects that it is booked. */
  must(command: LedgerCommand): Outcome & { done: true } {
    const outcome = this.send(command);
    if (!outcome.done) throw new Error(`refused with ${outcome.reason} at ${outcome.field}`);
    return outcome;
  }

  /** Opens an account as payments do where they first need it. */
  ofChart(id: Uuid, code: string): void {
    const written = decideOpen(this.context(), open(id, { code }));
    if ('reason' in written) throw new Error(`refused with ${written.reason}`);
    this.apply(written.at);
  }

  apply(at: number): number {
    const seq = this.state.nextSeq;
    this.#events.push({ body: this.block.body, at });
    apply(this.state, this.block.body.view, at, this.block.timeUs);
    return seq;
  }

  /** The last events of the block were applied by somebody else. */
  noted(count: number): void {
    const { body } = this.block;
    for (const at of body.positions.subarray(body.events - count, body.events))
      this.#events.push({ body, at });
  }

  /** What loading does before a turn. */
  #bringIn(target: Uuid): void {
    const seq = spentAt(this.context(), target);
    if (seq === 0 || this.state.progress.has(seq)) return;
    const { view, at } = this.event(seq);
    if (isTransaction(view, at) && view.getUint8(at + TX.kind) !== Kind.expiry)
      this.state.progress.set(seq, progressOf(view, at, seq));
  }

  #settle(decisions: readonly Decision[]): Outcome[] {
    const outcomes = new Outcomes(decisions.length);
    decisions.forEach((decision, i) => {
      switch (decision.done) {
        case 'event':
          outcomes.booked(i, this.block.body, decision.at, this.apply(decision.at), Came.booked);
          break;
        case 'refused':
          outcomes.refuse(i, {
            ...decision.refusal,
            remembered: true,
            seq: this.apply(decision.at),
            replayed: false,
          });
          break;
        case 'replay':
          if (decision.view.getUint8(decision.at + HEADER.type) === EventType.refused)
            outcomes.refuse(i, {
              ...refusalAt(decision.view, decision.at),
              remembered: true,
              seq: decision.seq,
              replayed: true,
            });
          else outcomes.booked(i, decision, decision.at, decision.seq, Came.replayed);
          break;
        case 'declined':
          outcomes.refuse(i, { ...decision.refusal, remembered: false, seq: 0, replayed: false });
          break;
        case 'nothing':
          outcomes.refuse(i, {
            reason: 'NOT_FOUND',
            field: 'nothing',
            posting: -1,
            account: '',
            remembered: false,
            seq: 0,
            replayed: false,
          });
      }
    });
    return outcomesOf(outcomes);
  }

  slot(id: Uuid): number {
    return this.state.accounts.find(this.book, ...wordsOf(id));
  }

  /** The counters and balances of an account: debits and credits posted, debits and credits pending. */
  counters(id: Uuid): [bigint, bigint, bigint, bigint] {
    const { debitsPosted, creditsPosted, debitsPending, creditsPending } = this.state.accounts.countersOf(
      this.slot(id),
    );
    return [debitsPosted, creditsPosted, debitsPending, creditsPending];
  }
}

/** Everything that decisions rest on, as plain values that compare. */
export function snapshot(state: LedgerState): unknown {
  const { accounts } = state;
  const rows = [...accounts.numbers()]
    .sort((a, b) => a - b)
    .map((number) => {
      const slot = accounts.slotOf(number);
      return [
        number,
        accounts.idOf(slot),
        accounts.bookOf(slot),
        accounts.assetOf(slot),
        accounts.flagsOf(slot),
        accounts.versionOf(slot),
        accounts.lastSeqOf(slot),
        accounts.countersOf(slot),
        accounts.limitsOf(slot),
      ];
    });
  return {
    rows,
    ids: state.ids.size,
    progress: structuredClone([...state.progress.values()].filter((one) => one.kind === Kind.pending)),
    nextSeq: state.nextSeq,
    lastAccount: state.lastAccount,
    codes: [...state.recentCodes],
    refusals: [...state.refusalsToday],
    nextExpiryUs: state.expiries.firstUs,
  };
}

/** What comes back from a command. */
export type Sent = Outcome;
