import type { Freshness } from '../../../gen/florin/ledger/v1/journal_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import type { Call } from '../call.ts';
import { BadField } from '../errors/badField.ts';
import type { Scope } from '../reads.ts';
import type { Grounds } from './grounds.ts';
import { checkedBook } from './names.ts';

const WAIT_MS_DEFAULT = 1_000;
const WAIT_MS_MAX = 10_000;

/** Finds the book, and waits until its read models are as fresh as asked; READ_MODEL_BEHIND where they are not in time. */
export async function freshScope(
  { ledger, reads, clock }: Grounds,
  request: { book: string; freshness?: Freshness | undefined },
  call: Call,
): Promise<Scope> {
  const wait = checkedFreshness(request.freshness);
  const { shard, number } = ledger.locate(checkedBook(request.book));
  const latest = wait.latest ? await ledger.latestSeq(shard) : 0;
  const seq = Math.max(wait.minSeq, latest);
  if (seq > 0) {
    const leftMs = Math.max(0, (call.deadlineUs - clock.monotonicUs()) / 1000);
    const isFresh = await reads.reached(shard, seq, {
      waitMs: Math.min(wait.waitMs, leftMs),
      signal: call.signal,
    });
    call.signal.throwIfAborted();
    if (!isFresh) throw new CallRefused('READ_MODEL_BEHIND');
  }
  return { shard, book: number };
}

function checkedFreshness(freshness: Freshness | undefined): {
  minSeq: number;
  latest: boolean;
  waitMs: number;
} {
  const { minSeq = 0n, latest = false, waitMs = 0 } = freshness ?? {};
  if (minSeq < 0n || minSeq > BigInt(Number.MAX_SAFE_INTEGER))
    throw new BadField('freshness.min_seq', 'INVALID_VALUE');
  if (waitMs < 0 || waitMs > WAIT_MS_MAX) {
    throw new BadField('freshness.wait_ms', 'INVALID_VALUE', `freshness.wait_ms: from 0 to ${WAIT_MS_MAX}.`);
  }
  return { minSeq: Number(minSeq), latest, waitMs: waitMs === 0 ? WAIT_MS_DEFAULT : waitMs };
}
