import type { CallOptions, Settings } from '../options.ts';
import type { Channels } from '../transport/channels.ts';
import { type BatchMethod, Lane, type SingleAnswer } from './lane.ts';

/** The single calls of one method: a lane a book, for as long as the book has calls. */
export class Coalescer<Item, Result extends { outcome: unknown }> {
  readonly #channels: Channels;
  readonly #settings: Settings;
  readonly #method: BatchMethod<Item, Result>;
  readonly #lanes = new Map<string, Lane<Item, Result>>();

  constructor(channels: Channels, settings: Settings, method: BatchMethod<Item, Result>) {
    this.#channels = channels;
    this.#settings = settings;
    this.#method = method;
  }

  /** Resolves with the item's own outcome, a refusal included; rejects with FlorinError where there is none. */
  readonly call = (
    book: string,
    item: Item,
    options?: CallOptions,
  ): Promise<SingleAnswer<Result['outcome']>> =>
    (this.#lanes.get(book) ?? this.#open(book)).call(item, options);

  close(): void {
    for (const lane of this.#lanes.values()) lane.close();
    this.#lanes.clear();
  }

  #open(book: string): Lane<Item, Result> {
    const lane = new Lane<Item, Result>({
      channels: this.#channels,
      settings: this.#settings,
      method: this.#method,
      book,
      onIdle: () => this.#lanes.delete(book),
    });
    this.#lanes.set(book, lane);
    return lane;
  }
}
