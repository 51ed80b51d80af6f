import type { Clock, Timers } from '../shard/ports.ts';
import type { ProjectedMark } from '../readmodels/queries/leaving.ts';
import type { Leaving } from './envelopes/encoder.ts';
import type { JournalSource, ShardSource } from './source.ts';
import type { StreamName } from './streams.ts';

/** How long it waits for news of the journal, which all who follow ask for together. */
const NEWS_MS = 25;
/** Of one part. */
const ENVELOPES_MAX = 512;
const BYTES_MAX = 1024 * 1024;

export interface FollowRequest {
  readonly stream: StreamName;
  /** Names; null for all. */
  readonly books: ReadonlySet<string> | null;
  /** Those of the books; null for all. */
  readonly shards: ReadonlySet<number> | null;
  readonly after: ReadonlyMap<number, number>;
  readonly onlyNew: boolean;
  readonly heartbeatMs: number;
}

export interface FollowedPart {
  readonly envelopes: readonly Uint8Array[];
  readonly positions: readonly (readonly [shard: number, seq: number])[];
}

interface Followed {
  readonly source: ShardSource;
  /** The shard was read up to here. */
  at: number;
  /** The last event of the stream up to there; unknown before anything was read. */
  previous: number | undefined;
}

/** The journal's events for whoever asks for them without a bus: by the same source, each at its own pace. */
export class JournalFeed {
  readonly #source: JournalSource;
  readonly #clock: Clock;
  readonly #timers: Timers;
  #marks: { readonly asked: Promise<ProjectedMark[]>; readonly atUs: number } | null = null;

  constructor({ source, clock, timers }: { source: JournalSource; clock: Clock; timers: Timers }) {
    this.#source = source;
    this.#clock = clock;
    this.#timers = timers;
  }

  async *follow(wanted: FollowRequest, signal: AbortSignal): AsyncGenerator<FollowedPart> {
    const shards = new Map<number, Followed>();
    const begin = (shard: number, at: number): void =>
      void shards.set(shard, { source: this.#source.shard(shard), at, previous: at === 0 ? 0 : undefined });
    const isWanted = ({ shard }: { shard: number }): boolean => wanted.shards?.has(shard) ?? true;
    for (const [shard, seq] of wanted.after) if (isWanted({ shard })) begin(shard, seq);
    if (wanted.onlyNew)
      for (const { shard, seq } of await this.#source.marks())
        if (!shards.has(shard) && isWanted({ shard })) begin(shard, seq);
    let spokeUs = -Infinity;
    for (;;) {
      const marks = (await this.#look()).filter(isWanted);
      let isNews = false;
      for (const mark of marks) {
        if (!shards.has(mark.shard)) begin(mark.shard, 0);
        const followed = shards.get(mark.shard)!;
        const part = await this.#next(followed, mark, wanted.stream);
        signal.throwIfAborted();
        if (part === null) continue;
        isNews = true;
        for (const some of inParts(mark.shard, part, wanted.books)) {
          spokeUs = this.#clock.monotonicUs();
          yield some;
          signal.throwIfAborted();
        }
      }
      if (isNews) continue;
      if (this.#clock.monotonicUs() - spokeUs >= wanted.heartbeatMs * 1000) {
        spokeUs = this.#clock.monotonicUs();
        yield { envelopes: [], positions: [...shards].map(([shard, { at }]) => [shard, at] as const) };
      }
      await this.#pause(signal);
    }
  }

  async #next(
    followed: Followed,
    mark: ProjectedMark,
    stream: StreamName,
  ): Promise<{ leaving: readonly Leaving[]; seq: number } | null> {
    if (followed.at >= mark.seq) return null;
    followed.previous ??= await followed.source.lastUpTo(stream, followed.at);
    const cursor = { after: followed.at, previous: followed.previous };
    const part = await followed.source.next(followed.at, mark, { [stream]: cursor });
    if (part === null) return null;
    followed.at = part.seq;
    followed.previous = part.leaving.at(-1)?.seq ?? followed.previous;
    return part;
  }

  /** One question for all who follow. */
  #look(): Promise<ProjectedMark[]> {
    const nowUs = this.#clock.monotonicUs();
    if (this.#marks === null || nowUs - this.#marks.atUs >= NEWS_MS * 1000)
      this.#marks = { asked: this.#source.marks(), atUs: nowUs };
    return this.#marks.asked;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = (): void => {
        cancel();
        signal.removeEventListener('abort', go);
        resolve();
      };
      const cancel = this.#timers.after(NEWS_MS, go);
      signal.addEventListener('abort', go);
      if (signal.aborted) go();
    });
    signal.throwIfAborted();
  }
}

/** Each part says how far the shard was read with it; where no event is of the books, nothing is said. */
function* inParts(
  shard: number,
  { leaving, seq }: { leaving: readonly Leaving[]; seq: number },
  books: ReadonlySet<string> | null,
): Generator<FollowedPart> {
  const wanted = books === null ? leaving : leaving.filter(({ book }) => books.has(book));
  let envelopes: Uint8Array[] = [];
  let bytes = 0;
  for (const [index, one] of wanted.entries()) {
    envelopes.push(one.bytes);
    bytes += one.bytes.length;
    const isLast = index === wanted.length - 1;
    if (!isLast && envelopes.length < ENVELOPES_MAX && bytes < BYTES_MAX) continue;
    yield { envelopes, positions: [[shard, isLast ? seq : one.seq]] };
    envelopes = [];
    bytes = 0;
  }
}
