import { AsyncLocalStorage } from 'node:async_hooks';
import type { Core } from '../core.ts';

type Call = (...args: unknown[]) => unknown;

/** How long one request has waited for the core: while at least one of its calls was under way, milliseconds. */
export class Waited {
  readonly #nowMs: () => number;
  #underWay = 0;
  #sinceMs = 0;
  #ms = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get ms(): number {
    return this.#ms;
  }

  begin(): void {
    if (this.#underWay++ === 0) this.#sinceMs = this.#nowMs();
  }

  readonly end = (): void => {
    if (--this.#underWay === 0) this.#ms += this.#nowMs() - this.#sinceMs;
  };
}

/** Tells for each request how long it waited for the core, so that what is left is the edge's own. */
export class CoreTime {
  readonly #requests = new AsyncLocalStorage<Waited>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** For a request that begins. */
  waited(): Waited {
    return new Waited(this.#nowMs);
  }

  /** Whatever `task` asks of the core, and whatever follows from it, is of that request. */
  within(request: Waited, task: () => void): void {
    this.#requests.run(request, task);
  }

  /** The same core; its calls are counted for the request that makes them. Streams are not: nobody waits for their end. */
  counted<Counted extends Core>(core: Counted): Counted {
    const parts: [string, unknown][] = Object.entries(core);
    return Object.fromEntries(
      parts.map(([name, part]) => [name, this.#countedPart(part)]),
    ) as unknown as Counted;
  }

  #countedPart(part: unknown): unknown {
    if (typeof part !== 'object' || part === null) return part;
    const calls: [string, unknown][] = Object.entries(part);
    return Object.fromEntries(
      calls.map(([name, call]) => [
        name,
        typeof call === 'function' ? this.#countedCall(call as Call) : call,
      ]),
    );
  }

  #countedCall(call: Call): Call {
    return (...args) => {
      const answer = call(...args);
      const waited = this.#requests.getStore();
      if (waited === undefined || !(answer instanceof Promise)) return answer;
      waited.begin();
      answer.then(waited.end, waited.end);
      return answer;
    };
  }
}
