import { AccountFlag, type AccountTable } from './accounts.ts';
import type { Counters } from './body.ts';
import { INT64_MAX } from './limits.ts';
import type { Reason } from './refusals.ts';

/** An account as a decision in progress would leave it. */
export interface DraftAccount extends Counters {
  slot: number;
  number: number;
  flags: number;
  asset: number;
  version: number;
}

/** How one side of a posting changes its account, minor units. */
export interface Movement {
  side: 'debit' | 'credit';
  /** Added to the posted counter of that side, 0 or more. */
  posted: bigint;
  /** Added to the pending counter of that side; negative releases. */
  held: bigint;
}

/** The accounts that a decision touches, copied: deciding changes no state, and a refused draft is dropped. */
export class Draft {
  readonly #accounts: AccountTable;
  readonly #touched = new Map<number, DraftAccount>();

  constructor(accounts: AccountTable) {
    this.#accounts = accounts;
  }

  account(slot: number): DraftAccount {
    const known = this.#touched.get(slot);
    if (known !== undefined) return known;
    const accounts = this.#accounts;
    const draft: DraftAccount = {
      slot,
      number: accounts.numberOf(slot),
      flags: accounts.flagsOf(slot),
      asset: accounts.assetOf(slot),
      version: accounts.versionOf(slot),
      ...accounts.countersOf(slot),
    };
    this.#touched.set(slot, draft);
    return draft;
  }

  /** Moves one side; changes the draft account even where it refuses, since a refused draft is dropped whole. */
  move(account: DraftAccount, movement: Movement): Reason | null {
    if (movement.side === 'debit') {
      account.debitsPosted += movement.posted;
      account.debitsPending += movement.held;
    } else {
      account.creditsPosted += movement.posted;
      account.creditsPending += movement.held;
    }
    account.version++;
    const total =
      movement.side === 'debit'
        ? account.debitsPosted + account.debitsPending
        : account.creditsPosted + account.creditsPending;
    if (total > INT64_MAX) return 'COUNTER_OVERFLOW';
    return this.#verdict(account, movement);
  }

  #verdict(account: DraftAccount, movement: Movement): Reason | null {
    if ((account.flags & AccountFlag.anyLimit) === 0) return null;
    const [postedFloor, postedCeiling, availableFloor, availableCeiling] = this.#accounts.limitsOf(
      account.slot,
    );
    const creditNormal = (account.flags & AccountFlag.creditNormal) !== 0;
    const balance = postedBalance(account, creditNormal);
    const lowers = (movement.side === 'debit') === creditNormal;
    if (lowers) {
      if (movement.posted > 0n && postedFloor !== null && balance < postedFloor) return 'INSUFFICIENT_FUNDS';
      if (
        movement.posted + movement.held > 0n &&
        availableFloor !== null &&
        availableBalance(account, creditNormal) < availableFloor
      )
        return 'INSUFFICIENT_FUNDS';
    } else {
      if (movement.posted > 0n && postedCeiling !== null && balance > postedCeiling) return 'LIMIT_EXCEEDED';
      if (
        movement.posted + movement.held > 0n &&
        availableCeiling !== null &&
        reachableBalance(account, creditNormal) > availableCeiling
      )
        return 'LIMIT_EXCEEDED';
    }
    return null;
  }
}

/** The posted balance on the normal side. */
export function postedBalance(counters: Counters, creditNormal: boolean): bigint {
  return creditNormal
    ? counters.creditsPosted - counters.debitsPosted
    : counters.debitsPosted - counters.creditsPosted;
}

/** The posted balance less the pending movements that would lower it. */
export function availableBalance(counters: Counters, creditNormal: boolean): bigint {
  return (
    postedBalance(counters, creditNormal) - (creditNormal ? counters.debitsPending : counters.creditsPending)
  );
}

/** The posted balance plus the pending movements that would raise it. */
export function reachableBalance(counters: Counters, creditNormal: boolean): bigint {
  return (
    postedBalance(counters, creditNormal) + (creditNormal ? counters.creditsPending : counters.debitsPending)
  );
}

/** Of two reasons the one that comes first in the registry's precedence; the debit side where they are equal. */
export function firstOf<R extends { number: number }>(
  debit: R | null,
  credit: R | null,
): 'debit' | 'credit' | null {
  if (debit === null) return credit === null ? null : 'credit';
  return credit === null || debit.number <= credit.number ? 'debit' : 'credit';
}
