import type { CardRef } from '../kernel/payments/cardTries.ts';
import type { Uuid } from '../kernel/ledger/commands.ts';

/**
 * What a call learnt from the read models and the journal before its turn. Absences hold only as long as nothing was
 * evicted or forgotten: `generation` says when that was; see `stateGeneration`.
 */
export class Knowledge {
  generation: number;
  /** Ids that were looked up: seq, or 0 for never spent. */
  readonly ids = new Map<Uuid, number>();
  readonly absentAccounts = new Set<Uuid>();
  readonly freeCodes = new Set<string>();
  readonly takenCodes = new Set<string>();
  readonly events = new Map<number, { view: DataView; at: number }>();
  /** Seqs of events that are no transaction, so that nothing can act on them. */
  readonly notTransactions = new Set<number>();
  /** Seqs of events that began neither a payment intent nor a merchant. */
  readonly notPayments = new Set<number>();

  constructor(generation = -1) {
    this.generation = generation;
  }

  /** Forgets the absences that something evicted since may have made untrue. Events never become untrue. */
  refresh(generation: number): void {
    if (this.generation === generation || this === NOTHING_KNOWN) return;
    this.generation = generation;
    this.ids.clear();
    this.absentAccounts.clear();
    this.freeCodes.clear();
    this.takenCodes.clear();
  }
}

/** What must be loaded before a turn can go on. */
export class Wanted {
  readonly ids = new Set<Uuid>();
  readonly accounts = new Set<Uuid>();
  readonly numbers = new Set<number>();
  readonly codes = new Set<string>();
  readonly events = new Set<number>();
  readonly progress = new Set<number>();
  /** Seqs of the events that began payment intents or merchants. */
  readonly payments = new Set<number>();

  /** Cards of which it must be known how often they were declined. */
  readonly cards = new Map<string, CardRef>();

  get empty(): boolean {
    return (
      this.ids.size +
        this.accounts.size +
        this.numbers.size +
        this.codes.size +
        this.events.size +
        this.progress.size +
        this.payments.size +
        this.cards.size ===
      0
    );
  }
}

/** What a work knows that has loaded nothing yet: one for all, since hardly any ever loads. Never filled. */
export const NOTHING_KNOWN = new Knowledge();

/** Stays empty where nothing is wanted, so that the next one can have it. */
let probe = new Wanted();

/** Whether that wants anything. Seven sets for each command that finds everything in memory would keep the collector busy. */
export function isAnythingWanted(ask: (wanted: Wanted) => void): boolean {
  ask(probe);
  if (probe.empty) return false;
  probe = new Wanted();
  return true;
}
