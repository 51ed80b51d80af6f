import type {
  ChangeAccount,
  CloseAccount,
  CreateTransaction,
  LedgerCommand,
  LimitValues,
  OpenAccount,
  PostTransaction,
  PostingAmount,
  ReverseTransaction,
  VoidTransaction,
} from '../../core/kernel/ledger/commands.ts';

/*
 * The ledger as its contract says it, as plainly as possible: objects, maps and bigint, everything copied before it is
 * tried. Slow, and written without a look at how the kernel does it; the kernel must say the same.
 */

const INT64_MAX = 2n ** 63n - 1n;

interface Account {
  asset: string;
  creditNormal: boolean;
  closed: boolean;
  version: bigint;
  debits: bigint;
  credits: bigint;
  debitsHeld: bigint;
  creditsHeld: bigint;
  limits: LimitValues;
}

interface Movement {
  debit: string;
  credit: string;
  amount: bigint;
  posted: bigint;
  reversed: bigint;
}

interface Transaction {
  kind: 'direct' | 'pending' | 'post' | 'void' | 'reversal';
  state: 'pending' | 'posted' | 'voided' | 'expired';
  expiresAtUs: number;
  movements: Movement[];
}

export interface Effect {
  version: bigint;
  posted: bigint;
  available: bigint;
}

export type Answer =
  | { done: true; replayed: boolean; effects: { debit: Effect; credit: Effect }[] }
  | { done: false; reason: string; remembered: boolean; replayed: boolean; account: string; posting: number };

class No extends Error {
  readonly reason: string;
  readonly posting: number;
  readonly account: string;
  constructor(reason: string, posting = -1, account = '') {
    super(reason);
    this.reason = reason;
    this.posting = posting;
    this.account = account;
  }
}

type Callers = Exclude<LedgerCommand, { op: 'expire' }>;

const bodyOf = (command: Callers) =>
  JSON.stringify(command, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? [...value] : value,
  );

const posted = (one: Account) => (one.creditNormal ? one.credits - one.debits : one.debits - one.credits);
const available = (one: Account) => posted(one) - (one.creditNormal ? one.debitsHeld : one.creditsHeld);
const reachable = (one: Account) => posted(one) + (one.creditNormal ? one.creditsHeld : one.debitsHeld);

const below = (one: Account) =>
  (one.limits[0] !== null && posted(one) < one.limits[0]) ||
  (one.limits[2] !== null && available(one) < one.limits[2]);
const above = (one: Account) =>
  (one.limits[1] !== null && posted(one) > one.limits[1]) ||
  (one.limits[3] !== null && reachable(one) > one.limits[3]);
const overflown = (one: Account) =>
  one.debits + one.debitsHeld > INT64_MAX || one.credits + one.creditsHeld > INT64_MAX;

export class LedgerModel {
  nowUs: number;
  accounts = new Map<string, Account>();
  readonly #codes = new Set<string>();
  readonly #spent = new Map<string, { body: string; answer: Answer }>();
  transactions = new Map<string, Transaction>();

  constructor(nowUs: number) {
    this.nowUs = nowUs;
  }

  /** Debits and credits posted, debits and credits held by open holds, of an account. */
  heldOf(id: string): [bigint, bigint] {
    let debits = 0n,
      credits = 0n;
    for (const { kind, state, movements } of this.transactions.values()) {
      if (kind !== 'pending' || state !== 'pending') continue;
      for (const { debit, credit, amount, posted } of movements) {
        if (debit === id) debits += amount - posted;
        if (credit === id) credits += amount - posted;
      }
    }
    return [debits, credits];
  }

  send(command: LedgerCommand): Answer | null {
    if (command.op === 'expire') return this.#expire(command.target);
    const early = this.#early(command);
    if (early !== null) return early;
    const before = {
      accounts: structuredClone(this.accounts),
      transactions: structuredClone(this.transactions),
    };
    try {
      const effects = this.#try(command);
      return this.#remember(command, { done: true, replayed: false, effects });
    } catch (error) {
      if (!(error instanceof No)) throw error;
      Object.assign(this, before);
      return this.#refuse(command, error);
    }
  }

  group(commands: readonly CreateTransaction[]): Answer[] {
    const early = commands.map((command) => this.#early(command));
    if (early.every((one) => one !== null)) return early;
    const before = {
      accounts: structuredClone(this.accounts),
      transactions: structuredClone(this.transactions),
    };
    const effects: { debit: Effect; credit: Effect }[][] = [];
    let fault: { index: number; error: No } | null = early.some((one) => one !== null)
      ? { index: -1, error: new No('LINKED_FAILED') }
      : null;
    for (let i = 0; i < commands.length && fault === null; i++) {
      try {
        if (commands.findIndex(({ id }) => id === commands[i].id) < i) throw new No('ID_REUSED');
        effects.push(this.#try(commands[i]));
      } catch (error) {
        if (!(error instanceof No)) throw error;
        fault = { index: i, error };
      }
    }
    if (fault === null)
      return commands.map((command, i) =>
        this.#remember(command, { done: true, replayed: false, effects: effects[i] }),
      );
    const failed = fault;
    Object.assign(this, before);
    return commands.map((command, i) => {
      if (early[i] !== null) return early[i];
      if (commands.findIndex(({ id }) => id === command.id) < i)
        return {
          done: false,
          reason: 'ID_REUSED',
          remembered: false,
          replayed: false,
          account: '',
          posting: -1,
        };
      return this.#refuse(command, i === failed.index ? failed.error : new No('LINKED_FAILED'));
    });
  }

  #early(command: Callers): Answer | null {
    const spent = this.#spent.get(command.id);
    if (spent === undefined) return null;
    if (spent.body === bodyOf(command)) return { ...spent.answer, replayed: true };
    return { done: false, reason: 'ID_REUSED', remembered: false, replayed: false, account: '', posting: -1 };
  }

  #remember(command: Callers, answer: Answer): Answer {
    this.#spent.set(command.id, { body: bodyOf(command), answer });
    return answer;
  }

  #refuse(command: Callers, { reason, posting, account }: No): Answer {
    return this.#remember(command, {
      done: false,
      reason,
      remembered: true,
      replayed: false,
      posting,
      account,
    });
  }

  #try(command: Callers): { debit: Effect; credit: Effect }[] {
    switch (command.op) {
      case 'create':
        return this.#create(command);
      case 'post':
        return this.#post(command);
      case 'void':
        return this.#void(command);
      case 'reverse':
        return this.#reverse(command);
      case 'openAccount':
        return this.#open(command);
      case 'changeAccount':
        return this.#change(command);
      case 'closeAccount':
        return this.#close(command);
    }
  }

  #account(id: string, posting = -1): Account {
    const found = this.accounts.get(id);
    if (found === undefined) throw new No('ACCOUNT_NOT_FOUND', posting, id);
    return found;
  }

  /** Moves posting by posting; the first refusal of the first posting that has one is the answer. */
  #move(
    moves: { index: number; debit: string; credit: string; posted: bigint; held: bigint }[],
  ): { debit: Effect; credit: Effect }[] {
    return moves.map(({ index, debit, credit, posted: amount, held }) => {
      const from = this.#account(debit),
        to = this.#account(credit);
      from.debits += amount;
      from.debitsHeld += held;
      to.credits += amount;
      to.creditsHeld += held;
      from.version++;
      to.version++;
      for (const [reason, is] of [
        ['COUNTER_OVERFLOW', overflown],
        ['INSUFFICIENT_FUNDS', below],
        ['LIMIT_EXCEEDED', above],
      ] as const) {
        if (is(from)) throw new No(reason, index, debit);
        if (is(to)) throw new No(reason, index, credit);
      }
      const effect = (one: Account): Effect => ({
        version: one.version,
        posted: posted(one),
        available: available(one),
      });
      return { debit: effect(from), credit: effect(to) };
    });
  }

  #create({ id, postings, pending, expiresAfterSeconds }: CreateTransaction) {
    const sides = postings.flatMap(
      ({ debitAccount, creditAccount }, i) =>
        [
          [debitAccount, i],
          [creditAccount, i],
        ] as const,
    );
    for (const [account, i] of sides) this.#account(account, i);
    for (const [account, i] of sides)
      if (this.#account(account).closed) throw new No('ACCOUNT_CLOSED', i, account);
    postings.forEach(({ debitAccount, creditAccount }, i) => {
      if (this.#account(debitAccount).asset !== this.#account(creditAccount).asset)
        throw new No('ASSET_MISMATCH', i);
    });
    const effects = this.#move(
      postings.map(({ debitAccount, creditAccount, amount }, index) => ({
        index,
        debit: debitAccount,
        credit: creditAccount,
        posted: pending ? 0n : amount,
        held: pending ? amount : 0n,
      })),
    );
    this.transactions.set(id, {
      kind: pending ? 'pending' : 'direct',
      state: pending ? 'pending' : 'posted',
      expiresAtUs: expiresAfterSeconds === 0 ? Infinity : this.nowUs + expiresAfterSeconds * 1_000_000,
      movements: postings.map(({ debitAccount, creditAccount, amount }) => ({
        debit: debitAccount,
        credit: creditAccount,
        amount,
        posted: 0n,
        reversed: 0n,
      })),
    });
    return effects;
  }

  #held(id: string): Transaction {
    const found = this.transactions.get(id);
    if (found === undefined) throw new No('TRANSACTION_NOT_FOUND');
    if (found.kind !== 'pending') throw new No('NOT_PENDING');
    if (found.state === 'posted') throw new No('ALREADY_POSTED');
    if (found.state === 'voided') throw new No('ALREADY_VOIDED');
    if (found.state === 'expired' || this.nowUs >= found.expiresAtUs) throw new No('ALREADY_EXPIRED');
    return found;
  }

  /** How much is asked of each movement, within what is open on it. */
  #asked(
    transaction: Transaction,
    amounts: PostingAmount[] | null,
    open: (movement: Movement) => bigint,
    beyond: string,
  ): bigint[] {
    const asked = transaction.movements.map((movement) => (amounts === null ? open(movement) : 0n));
    for (const { posting } of amounts ?? [])
      if (posting >= asked.length) throw new No('POSTING_NOT_FOUND', posting);
    for (const { posting, amount } of amounts ?? []) {
      if (amount > open(transaction.movements[posting])) throw new No(beyond, posting);
      asked[posting] = amount;
    }
    return asked;
  }

  #post({ id, target, amounts, keepOpen }: PostTransaction) {
    const hold = this.#held(target);
    const rest = (movement: Movement) => movement.amount - movement.posted;
    const asked = this.#asked(hold, amounts, rest, 'EXCEEDS_HELD');
    const closes = !keepOpen || hold.movements.every((movement, i) => rest(movement) === asked[i]);
    const moves = hold.movements
      .map((movement, index) => ({
        index,
        debit: movement.debit,
        credit: movement.credit,
        posted: asked[index],
        held: -(closes ? rest(movement) : asked[index]),
      }))
      .filter(({ held }) => held !== 0n);
    const effects = this.#move(moves);
    hold.movements.forEach((movement, i) => (movement.posted += asked[i]));
    if (closes) hold.state = 'posted';
    const movements = moves.map(({ debit, credit, posted }) => ({
      debit,
      credit,
      amount: posted,
      posted: 0n,
      reversed: 0n,
    }));
    this.transactions.set(id, { kind: 'post', state: 'posted', expiresAtUs: Infinity, movements });
    return effects;
  }

  #release(hold: Transaction, state: 'voided' | 'expired') {
    const moves = hold.movements.map(({ debit, credit, amount, posted }, index) => ({
      index,
      debit,
      credit,
      posted: 0n,
      held: posted - amount,
    }));
    hold.state = state;
    return this.#move(moves.filter(({ held }) => held !== 0n));
  }

  #void({ id, target }: VoidTransaction) {
    const effects = this.#release(this.#held(target), 'voided');
    this.transactions.set(id, { kind: 'void', state: 'posted', expiresAtUs: Infinity, movements: [] });
    return effects;
  }

  #expire(target: string): Answer | null {
    const hold = this.transactions.get(target);
    if (hold?.kind !== 'pending' || hold.state !== 'pending' || this.nowUs < hold.expiresAtUs) return null;
    return { done: true, replayed: false, effects: this.#release(hold, 'expired') };
  }

  #reverse({ id, target, amounts }: ReverseTransaction) {
    const original = this.transactions.get(target);
    if (original === undefined) throw new No('TRANSACTION_NOT_FOUND');
    if (original.kind !== 'direct' && original.kind !== 'post') throw new No('NOT_REVERSIBLE');
    const rest = ({ amount, reversed }: Movement) => amount - reversed;
    if (original.movements.every((movement) => rest(movement) === 0n)) throw new No('ALREADY_REVERSED');
    const asked = this.#asked(original, amounts, rest, 'EXCEEDS_ORIGINAL');
    const moves = original.movements
      .map(({ debit, credit }, index) => ({
        index,
        debit: credit,
        credit: debit,
        posted: asked[index],
        held: 0n,
      }))
      .filter(({ posted }) => posted > 0n);
    for (const { index, debit, credit } of moves)
      for (const account of [debit, credit])
        if (this.#account(account).closed) throw new No('ACCOUNT_CLOSED', index, account);
    const effects = this.#move(moves);
    original.movements.forEach((movement, i) => (movement.reversed += asked[i]));
    this.transactions.set(id, { kind: 'reversal', state: 'posted', expiresAtUs: Infinity, movements: [] });
    return effects;
  }

  #open({ id, code, asset, normalSide, limits }: OpenAccount) {
    if (!['EUR', 'USD', 'JPY'].includes(asset)) throw new No('ASSET_NOT_FOUND');
    if (this.#codes.has(code)) throw new No('CODE_TAKEN');
    const account: Account = {
      asset,
      creditNormal: normalSide === 2,
      closed: false,
      version: 0n,
      debits: 0n,
      credits: 0n,
      debitsHeld: 0n,
      creditsHeld: 0n,
      limits,
    };
    if (below(account) || above(account)) throw new No('LIMIT_VIOLATED');
    this.#codes.add(code);
    this.accounts.set(id, account);
    return [];
  }

  #openAccount(id: string): Account {
    const account = this.#account(id);
    if (account.closed) throw new No('ACCOUNT_CLOSED', -1, id);
    return account;
  }

  #change({ account: id, limits }: ChangeAccount) {
    const account = this.#openAccount(id);
    if (limits === null) return [];
    account.limits = limits;
    if (below(account) || above(account)) throw new No('LIMIT_VIOLATED', -1, id);
    return [];
  }

  #close({ account: id }: CloseAccount) {
    const account = this.#openAccount(id);
    if (account.debits !== account.credits) throw new No('ACCOUNT_NOT_ZERO', -1, id);
    if (account.debitsHeld + account.creditsHeld !== 0n) throw new No('ACCOUNT_HAS_HOLDS', -1, id);
    account.closed = true;
    return [];
  }
}
