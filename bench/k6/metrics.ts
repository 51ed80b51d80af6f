/** Counts of a histogram as Prometheus writes them: up to each bound, seconds. */
export type Buckets = ReadonlyMap<number, number>;

/** The buckets of a histogram without labels, of a page of metrics. */
export function bucketsOf(page: string, name: string): Buckets {
  const lines = page.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)"\\} (\\d+)$`, 'gm'));
  return new Map(
    [...lines].map(([, bound, count]) => [bound === '+Inf' ? Infinity : Number(bound), Number(count)]),
  );
}

/** What came in between, at that share from below, seconds; within a bucket it is taken to be spread evenly. NaN of none. */
export function percentileBetween(before: Buckets, after: Buckets, share: number): number {
  const bounds = [...after.keys()].toSorted((a, b) => a - b);
  const came = (bound: number): number => (after.get(bound) ?? 0) - (before.get(bound) ?? 0);
  const wanted = came(Infinity) * share;
  let [below, counted] = [0, 0];
  for (const bound of bounds) {
    const count = came(bound);
    if (count >= wanted && count > counted)
      return bound === Infinity ? below : below + ((bound - below) * (wanted - counted)) / (count - counted);
    [below, counted] = [bound, count];
  }
  return NaN;
}
