import type { EventFeed, FeedPart, FeedRequest } from '../eventFeed.ts';

/** Gives what a test says, then waits for the end. */
export class FakeFeed implements EventFeed {
  parts: FeedPart[] = [];
  readonly asked: FeedRequest[] = [];
  /** How many parts were taken. */
  taken = 0;

  async *follow(wanted: FeedRequest, signal: AbortSignal): AsyncGenerator<FeedPart> {
    this.asked.push(wanted);
    for (const part of this.parts) {
      this.taken++;
      yield part;
    }
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
      if (signal.aborted) resolve();
    });
    signal.throwIfAborted();
  }
}
