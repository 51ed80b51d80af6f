import { CallRefused, type ControlAnswer } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import type { Reads } from '../reads.ts';

/** It is durable either way, so nobody waits longer for the read models. */
const WAIT_MS = 1_000;

type DoneAnswer = Extract<ControlAnswer, { done: true }>;

/** Books and assets come one a call: what the control shard refuses, refuses the call. */
export function done(answer: ControlAnswer): DoneAnswer {
  if (answer.done) return answer;
  throw new CallRefused(answer.reason, { field: answer.field });
}

/** Whoever was told that a book or an asset is there finds it: their reads name no freshness. */
export async function readable(reads: Reads, { position }: DoneAnswer, { signal }: Call): Promise<void> {
  await reads.reached(position.shard, position.seq, { waitMs: WAIT_MS, signal });
}
