/** How much of a journal is read at once: both bounds hold, but a first block comes whatever its size. */
export interface ReadBounds {
  readonly eventsMax: number;
  /** Of the blocks' bodies. */
  readonly bytesMax: number;
}

/** Of blocks that follow each other the first ones, as many as fit the bounds. */
export function within<T extends { eventCount: number }>(
  blocks: readonly T[],
  bytesOf: (block: T) => number,
  bounds: ReadBounds,
): T[] {
  let events = 0;
  let bytes = 0;
  const over = blocks.findIndex((block, i) => {
    events += block.eventCount;
    bytes += bytesOf(block);
    return i > 0 && (events > bounds.eventsMax || bytes > bounds.bytesMax);
  });
  return over < 0 ? [...blocks] : blocks.slice(0, over);
}
