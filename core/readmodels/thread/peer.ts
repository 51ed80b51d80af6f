import type { Transferable } from 'node:worker_threads';

/** What a thread and the one that has started it have in common. */
export interface Port {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  on(event: 'message', listener: (message: Message) => void): unknown;
}

type Calls = { readonly [name: string]: (...args: never[]) => unknown };

/** `ask` 0: nobody waits for an answer. */
type Message =
  | { readonly ask: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly answer: number; readonly value: unknown }
  | { readonly failure: number; readonly error: unknown };

/** An answer whose memory changes hands instead of being copied. */
export class Handed<T> {
  readonly value: T;
  readonly transfer: readonly Transferable[];

  constructor(value: T, transfer: readonly Transferable[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

type Answer<Value> = Awaited<Value> extends Handed<infer T> ? T : Awaited<Value>;

/** One end of a channel between two threads: each asks the other by name. What was sent first arrives first. */
export class Peer<Mine extends Calls, Theirs extends Calls> {
  readonly #port: Port;
  readonly #mine: Mine;
  readonly #asked = new Map<number, PromiseWithResolvers<unknown>>();
  #asks = 0;

  constructor(port: Port, mine: Mine) {
    this.#port = port;
    this.#mine = mine;
    port.on('message', (message) => this.#take(message));
  }

  /** Rejects with what the other side throws. */
  ask<Name extends keyof Theirs & string>(
    name: Name,
    ...args: Parameters<Theirs[Name]>
  ): Promise<Answer<ReturnType<Theirs[Name]>>> {
    const asked = Promise.withResolvers<unknown>();
    this.#asked.set(++this.#asks, asked);
    this.#post({ ask: this.#asks, name, args });
    return asked.promise as Promise<Answer<ReturnType<Theirs[Name]>>>;
  }

  /** The same where no answer is wanted. */
  tell<Name extends keyof Theirs & string>(name: Name, ...args: Parameters<Theirs[Name]>): void {
    this.#post({ ask: 0, name, args });
  }

  /** Whoever waits for an answer gets this error. */
  fail(error: Error): void {
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }

  #post(message: Message, transfer?: readonly Transferable[]): void {
    this.#port.postMessage(message, transfer);
  }

  #take(message: Message): void {
    if ('ask' in message) return void this.#answer(message);
    const id = 'answer' in message ? message.answer : message.failure;
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if ('answer' in message) asked?.resolve(message.value);
    else asked?.reject(message.error);
  }

  async #answer({ ask, name, args }: Extract<Message, { ask: number }>): Promise<void> {
    // What nobody waits for has no answer to tell an error by: it goes where every uncaught error goes.
    if (ask === 0) return void (await this.#mine[name](...(args as never[])));
    try {
      const value = await this.#mine[name](...(args as never[]));
      if (value instanceof Handed) this.#post({ answer: ask, value: value.value }, value.transfer);
      else this.#post({ answer: ask, value });
    } catch (error) {
      this.#post({ failure: ask, error });
    }
  }
}
