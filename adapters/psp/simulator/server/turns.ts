import type { DatabaseSync } from 'node:sqlite';

interface Waiting {
  readonly task: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One transaction for all that has gathered in a turn of the event loop. A task is synchronous, touches nothing but the
 * database, and its promise settles after the commit. One that throws takes nothing of the others with it.
 */
export class Turns {
  readonly #database: DatabaseSync;
  #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  do<T>(task: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error('the simulator is stopping'));
        return;
      }
      this.#waiting.push({ task, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#run());
    });
  }

  /** Carries out what waits; nothing is taken after that. */
  close(): void {
    this.#isClosed = true;
    this.#run();
  }

  #run(): void {
    const turn = this.#waiting;
    if (turn.length === 0) return;
    this.#waiting = [];
    try {
      settle(turn, this.#transaction(turn));
    } catch (error) {
      if (turn.length === 1) turn[0].reject(error);
      else for (const one of turn) this.#alone(one);
    }
  }

  /** After a turn that was rolled back: each by itself, so that only the culprit fails. */
  #alone(one: Waiting): void {
    try {
      settle([one], this.#transaction([one]));
    } catch (error) {
      one.reject(error);
    }
  }

  #transaction(turn: readonly Waiting[]): unknown[] {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const results = turn.map(({ task }) => task());
      this.#database.exec('COMMIT');
      return results;
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

function settle(turn: readonly Waiting[], results: readonly unknown[]): void {
  for (const [index, { resolve }] of turn.entries()) resolve(results[index] as never);
}
