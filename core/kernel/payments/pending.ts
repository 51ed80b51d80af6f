import type { Intent } from './model.ts';

type Pending = Pick<Intent, 'counters' | 'availableAtUs' | 'later'>;

/** What of a payment's pending money becomes available next, at `availableAtUs`; the rest has days of its own. */
export function nextAvailable({ counters, later }: Pending): bigint {
  return later.reduce((rest, { amount }) => rest - amount, counters.pending);
}

/** Money of a capture: it waits for its own day, and puts no earlier one off. */
export function addPending(intent: Pending, amount: bigint, atUs: number): void {
  intent.counters.pending += amount;
  if (intent.availableAtUs === Infinity) {
    intent.availableAtUs = atUs;
    return;
  }
  const last = intent.later.at(-1);
  if (atUs <= lastAvailableUs(intent)) {
    if (last !== undefined)
      intent.later = [...intent.later.slice(0, -1), { ...last, amount: last.amount + amount }];
    return;
  }
  intent.later = [...intent.later, { amount, atUs }];
}

/** Takes as much as there is of an amount, what would become available last first; returns what was taken. */
export function takePending(intent: Pending, amount: bigint): bigint {
  const { counters } = intent;
  const taken = amount < counters.pending ? amount : counters.pending;
  let rest = taken;
  const later = [...intent.later];
  while (rest > 0n && later.length > 0) {
    const last = later[later.length - 1];
    later.pop();
    if (last.amount > rest) later.push({ ...last, amount: last.amount - rest });
    rest -= last.amount < rest ? last.amount : rest;
  }
  intent.later = later;
  counters.pending -= taken;
  if (counters.pending === 0n) intent.availableAtUs = Infinity;
  return taken;
}

/** When the last of it becomes available; Infinity where nothing is pending. */
export function lastAvailableUs({ availableAtUs, later }: Pending): number {
  return later.at(-1)?.atUs ?? availableAtUs;
}

/** Money that was taken and was not used: it waits for its day, which may have come. */
export function putBack(intent: Pending, amount: bigint, atUs: number): void {
  const parts = [{ amount: nextAvailable(intent), atUs: intent.availableAtUs }, ...intent.later];
  const before = parts.filter((one) => one.amount > 0n && one.atUs < atUs);
  const after = parts.filter((one) => one.amount > 0n && one.atUs > atUs);
  const same = parts.find((one) => one.atUs === atUs)?.amount ?? 0n;
  const [next, ...later] = [...before, { amount: same + amount, atUs }, ...after];
  intent.counters.pending += amount;
  intent.availableAtUs = next.atUs;
  intent.later = later;
}

/** What becomes available next has done so: what is left waits for the day after. */
export function dropAvailable(intent: Pending): void {
  intent.counters.pending -= nextAvailable(intent);
  const [next, ...later] = intent.later;
  intent.availableAtUs = next?.atUs ?? Infinity;
  intent.later = later;
}
