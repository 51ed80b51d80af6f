import { CODE, FlorinError } from '../../client/index.ts';
import type { IdempotencyRecord } from '../../gen/florin/idempotency/v1/records_pb.ts';
import type { Caller } from '../auth/caller.ts';
import type { Core } from '../core.ts';
import { Problem } from '../problems/problem.ts';
import { refusalProblem } from '../problems/fromCore.ts';
import { commandId, type IdempotentRequest } from './key.ts';

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface OnceAnswer extends Answer {
  /** Whether it was answered before. */
  readonly isReplayed: boolean;
}

/** Carries a request out under the id of a command, after tries under others that came to nothing; a Problem where it is not. */
export type Act = (commandId: string, before: readonly string[]) => Promise<Answer>;

/** Each try but the last was refused by the core for ever; beyond so many a merchant has to take another key. */
const TRIES_MAX = 50;

/**
 * Carries requests out once for each key. The ids of their commands derive from the key, so the core does each once
 * whatever happens here, and the answer is saved before it is given: the first one saved is the answer for ever, at
 * every edge. Answers that are Problems are not saved: the next try is a command of its own.
 */
export class Once {
  readonly #core: Pick<Core, 'idempotencyRecords'>;
  /** Records of requests that are under way here. */
  readonly #inFlight = new Set<string>();

  constructor(core: Pick<Core, 'idempotencyRecords'>) {
    this.#core = core;
  }

  run(request: IdempotentRequest, caller: Caller, act: Act): Promise<OnceAnswer> {
    return this.#alone(request, caller, async () => {
      const answer = await tries(request, act, () => this.#find(request, caller));
      return 'isReplayed' in answer ? answer : this.#save(request, caller, answer);
    });
  }

  /** Where the answer holds a secret, which stands nowhere: the core replays the command, and the answer is made again. */
  runUnsaved(request: IdempotentRequest, caller: Caller, act: Act): Promise<OnceAnswer> {
    return this.#alone(request, caller, async () => ({
      ...(await tries(request, act, () => Promise.resolve(undefined))),
      isReplayed: false,
    }));
  }

  async #alone(
    { recordId }: IdempotentRequest,
    { book }: Caller,
    run: () => Promise<OnceAnswer>,
  ): Promise<OnceAnswer> {
    const name = `${book} ${recordId}`;
    if (this.#inFlight.has(name)) throw new Problem('request_in_flight', { retryAfterSeconds: 1 });
    this.#inFlight.add(name);
    try {
      return await run();
    } finally {
      this.#inFlight.delete(name);
    }
  }

  /** The answer that the key keeps, if there is one. */
  async #find(
    { recordId, fingerprint }: IdempotentRequest,
    { book }: Caller,
  ): Promise<OnceAnswer | undefined> {
    const { idempotencyRecords } = this.#core;
    const { record } = await idempotencyRecords
      .getIdempotencyRecord({ book, recordId, freshness: { latest: true } })
      .catch((error: unknown) => {
        if (error instanceof FlorinError && error.code === CODE.NOT_FOUND) return { record: undefined };
        throw error;
      });
    if (record === undefined) return undefined;
    checkSame(record, fingerprint);
    return { status: record.status, body: record.body, isReplayed: true };
  }

  async #save(
    { recordId, fingerprint }: IdempotentRequest,
    { book }: Caller,
    { status, body }: Answer,
  ): Promise<OnceAnswer> {
    const record = { id: recordId, fingerprint, status, body };
    const { outcome } = await this.#core.idempotencyRecords.saveIdempotencyRecord(book, record);
    if (outcome.case === 'refused') throw refusalProblem(outcome.value);
    const kept = outcome.value?.record;
    if (kept === undefined) throw new Error('the core kept no record and refused none');
    checkSame(kept, fingerprint);
    return { status: kept.status, body: kept.body, isReplayed: outcome.value!.replayed };
  }
}

function checkSame({ fingerprint }: IdempotencyRecord, asked: Uint8Array): void {
  if (Buffer.compare(fingerprint, asked) !== 0)
    throw new Problem('idempotency_key_reused', { param: 'Idempotency-Key' });
}

/**
 * A command that came to nothing earlier does so for ever, so this time is a command of its own; but where the key has an
 * answer meanwhile, nothing is done any more. That is looked for only here: most requests come once.
 */
async function tries(
  request: IdempotentRequest,
  act: Act,
  find: () => Promise<OnceAnswer | undefined>,
): Promise<Answer | OnceAnswer> {
  const before: string[] = [];
  for (;;) {
    const id = commandId(request, before.length);
    try {
      return await act(id, before);
    } catch (error) {
      const isRepeated = error instanceof Problem && error.fields.isRepeated === true;
      before.push(id);
      if (!isRepeated || before.length === TRIES_MAX) throw error;
      const kept = await find();
      if (kept !== undefined) return kept;
    }
  }
}
