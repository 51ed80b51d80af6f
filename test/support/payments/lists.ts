import { setTimeout as wait } from 'node:timers/promises';

const LAG = 'florin_provider_events_lag_seconds';

/** A metric of the core with that label; 0 where there is none. */
export async function metric(opsUrl: string, name: string, label: string): Promise<number> {
  const answer = await fetch(`${opsUrl}/metrics`);
  const line = (await answer.text())
    .split('\n')
    .find((one) => one.startsWith(`${name}{`) && one.includes(label));
  return Number(line?.split(' ').at(-1) ?? 0);
}

/** Waits until the provider's list of events was read from now on to its end, so many times. */
export async function listRead(
  opsUrl: string,
  times = 1,
  { provider = 'simulator', withinMs = 60_000 } = {},
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  for (let n = 0; n < times; n++) {
    const fromMs = performance.now();
    for (;;) {
      // From before the question: what it answers is older by the time of its way.
      const elapsedMs = performance.now() - fromMs;
      const text = await fetch(`${opsUrl}/metrics`).then(
        (answer) => answer.text(),
        () => '',
      );
      const line = text.split('\n').find((one) => one.startsWith(`${LAG}{provider="${provider}"}`));
      if (line !== undefined && Number(line.split(' ').at(-1)) * 1_000 < elapsedMs) break;
      if (performance.now() > untilMs) throw new Error(`the list of ${provider} was not read in time`);
      await wait(100);
    }
  }
}

/**
 * Waits until everything that the provider has listed so far is in the books: read to the end from now on, and nothing of it
 * waits. False where that takes longer.
 */
export async function listsTaken(opsUrl: string, withinMs: number): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  try {
    await listRead(opsUrl, 1, { withinMs });
    while ((await metric(opsUrl, 'florin_provider_events_waiting', 'provider=')) > 0) {
      if (performance.now() > untilMs) return false;
      await wait(200);
    }
    return true;
  } catch {
    return false;
  }
}
