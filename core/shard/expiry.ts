import { State } from '../kernel/ledger/layout.ts';
import type { ExpireHold, Uuid } from '../kernel/ledger/commands.ts';
import { EXPIRIES_PER_BLOCK_MAX } from '../kernel/ledger/limits.ts';
import { CommandWork } from './commandWork.ts';
import type { StateLoader } from './ports.ts';
import type { ShardWriter } from './writer.ts';

/** How long the timer rests where unexpired holds are only in the read models. */
const REST_US = 1_000_000;

/**
 * Expires holds whose time has come: those in memory, and those that only the read models still know. A hold past its
 * time is refused to posts by block time in any case, so a late timer loses nothing. Call it about once a second.
 */
export async function expireDue(writer: ShardWriter, loader: StateLoader, nowUs: number): Promise<number> {
  if (writer.phase !== 'writing' || nowUs < writer.state.nextExpiryUs) return 0;
  writer.state.nextExpiryUs = Infinity;
  try {
    const stored = await loader.dueHolds(writer.shard, nowUs, EXPIRIES_PER_BLOCK_MAX);
    const due = new Map<Uuid, number>(stored.map((row) => [row.id as Uuid, row.book]));
    let next = Infinity;
    for (const hold of writer.state.progress.values()) {
      if (hold.state !== State.pending || hold.expiresAtUs === Infinity) continue;
      if (hold.expiresAtUs <= nowUs && due.size < EXPIRIES_PER_BLOCK_MAX) due.set(hold.id, hold.book);
      else next = Math.min(next, hold.expiresAtUs);
    }
    // The read models may know holds that memory does not, and when those expire is not known here.
    if (next > nowUs + REST_US) {
      const others = await loader.dueHolds(writer.shard, Number.MAX_SAFE_INTEGER, 1);
      if (others.length > 0) next = nowUs + REST_US;
    }
    await expire(writer, due);
    writer.state.nextExpiryUs = Math.min(
      writer.state.nextExpiryUs,
      stored.length === EXPIRIES_PER_BLOCK_MAX ? nowUs : next,
    );
    return due.size;
  } catch (error) {
    // Whatever it was, the holds are still there: the timer looks again.
    writer.state.nextExpiryUs = nowUs + REST_US;
    throw error;
  }
}

async function expire(writer: ShardWriter, due: ReadonlyMap<Uuid, number>): Promise<void> {
  const books = new Map<number, ExpireHold[]>();
  for (const [target, book] of due) {
    const commands = books.get(book) ?? [];
    commands.push({ op: 'expire', target });
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
