import { State } from '../kernel/ledger/layout.ts';
import type { ExpireHold, Uuid } from '../kernel/ledger/commands.ts';
import { EXPIRIES_PER_BLOCK_MAX } from '../kernel/ledger/limits.ts';
import type { LedgerState } from '../kernel/ledger/state.ts';
import { CommandWork } from './commandWork.ts';
import type { StateLoader } from './ports.ts';
import type { ShardWriter } from './writer.ts';

/** How long the timer rests after something went wrong. */
const REST_US = 1_000_000;
/** Below this size done holds are not cleared out of the heap. */
const CLEARED_ABOVE = 4_096;

/** A hold whose time has come. */
interface Due {
  seq: number;
  id: Uuid;
  book: number;
}

/**
 * Expires holds whose time has come: those in memory, and those that only the read models still know. A hold past its
 * time is refused to posts by block time in any case, so a late timer loses nothing. Call it about once a second; where
 * nothing is due it looks at two numbers.
 *
 * Every hold that was booked or replayed since the shard was taken over stands in the state's heap. The others are in
 * the read models since before, and there can only become fewer of them: so it is known when the next of them is due.
 */
export async function expireDue(writer: ShardWriter, loader: StateLoader, nowUs: number): Promise<number> {
  if (writer.phase !== 'writing') return 0;
  const { state } = writer;
  clearDone(state);
  const resident = takeDue(state, nowUs);
  try {
    const stored = nowUs < state.storedExpiryUs ? [] : await storedDue(writer, loader, nowUs);
    const due = new Map([...resident, ...stored].map((one) => [one.seq, one]));
    if (due.size > 0) await expire(writer, due.values());
    if (stored.some(({ seq }) => isOpen(state, seq))) state.storedExpiryUs = nowUs;
    return due.size;
  } catch (error) {
    // Whatever it was, the holds are still there: the timer looks again.
    state.storedExpiryUs = Math.min(state.storedExpiryUs, nowUs + REST_US);
    throw error;
  } finally {
    // The open block may have begun before their time, or be full of expiries.
    for (const { seq } of resident)
      if (isOpen(state, seq)) state.expiries.add(state.progress.get(seq)!.expiresAtUs, seq);
      // Evicted meanwhile, open or not: the read models know.
      else if (!state.progress.has(seq)) state.storedExpiryUs = Math.min(state.storedExpiryUs, nowUs);
  }
}

function isOpen(state: LedgerState, seq: number): boolean {
  return state.progress.get(seq)?.state === State.pending;
}

/** Takes the holds out of the heap whose time has come, as many as a block takes. */
function takeDue(state: LedgerState, nowUs: number): Due[] {
  const due: Due[] = [];
  const { expiries, progress } = state;
  for (; expiries.firstUs <= nowUs && due.length < EXPIRIES_PER_BLOCK_MAX; expiries.removeFirst()) {
    const hold = progress.get(expiries.firstSeq);
    // Let go of, open or not: the read models know.
    if (hold === undefined) state.storedExpiryUs = Math.min(state.storedExpiryUs, expiries.firstUs);
    else if (hold.state === State.pending) due.push({ seq: hold.seq, id: hold.id, book: hold.book });
  }
  return due;
}

/** Holds that are due by the read models and not known to be done, and notes when to look there again. */
async function storedDue({ shard, state }: ShardWriter, loader: StateLoader, nowUs: number): Promise<Due[]> {
  const rows = await loader.dueHolds(shard, nowUs, EXPIRIES_PER_BLOCK_MAX);
  state.storedExpiryUs =
    rows.length === EXPIRIES_PER_BLOCK_MAX ? nowUs : await loader.nextExpiry(shard, nowUs);
  return rows
    .filter(({ seq }) => !state.progress.has(seq) || isOpen(state, seq))
    .map((row) => ({ ...row, id: row.id as Uuid }));
}

/** Holds that were posted or voided stay in the heap until their time: once they are most of it, they go. */
function clearDone(state: LedgerState): void {
  const { expiries, progress } = state;
  if (expiries.size < CLEARED_ABOVE || expiries.size < 2 * progress.size) return;
  expiries.retain((atUs, seq) => {
    const hold = progress.get(seq);
    if (hold === undefined) state.storedExpiryUs = Math.min(state.storedExpiryUs, atUs);
    return hold?.state === State.pending;
  });
}

async function expire(writer: ShardWriter, due: Iterable<Due>): Promise<void> {
  const books = new Map<number, ExpireHold[]>();
  for (const { id, book } of due) {
    const commands = books.get(book) ?? [];
    commands.push({ op: 'expire', target: id });
    books.set(book, commands);
  }
  await Promise.all(
    [...books].map(
      ([book, commands]) =>
        new Promise<void>((resolve, reject) => {
          writer.submit(
            new CommandWork({ commands, book, deadlineUs: Infinity, done: () => resolve(), fail: reject }),
          );
        }),
    ),
  );
}
