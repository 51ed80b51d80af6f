import { setTimeout as sleep } from 'node:timers/promises';
import { CannotStart } from './cannotStart.ts';
import { NoSpace } from './dataFolder.ts';
import { KilledWhileStarting, type Postmaster } from './postmaster.ts';

/** A server that ends by itself more often than this in a row will not get well by another start. */
const RESTARTS_MAX = 5;
/** After running this long, earlier ends are forgotten. */
const HEALTHY_MS = 60_000;
/** Four segments of its log: with less a server that ended for want of room ends again. */
const ROOM_BYTES_MIN = 64 * 1024 * 1024;

export interface KeptOptions {
  readonly first: Postmaster;
  readonly restart: () => Promise<Postmaster>;
  /** Of the disk that the server writes to. */
  readonly freeBytes: () => number;
  readonly log: (
    event:
      | { readonly event: 'postgres_ended'; readonly restart: number }
      | { readonly event: 'postgres_out_of_space'; readonly line: string },
  ) => void;
  /** What to tell the operator when the disk is full. */
  readonly outOfSpace: string;
  /** Between two looks at the disk. Default 1000. */
  readonly pollMs?: number;
}

/**
 * Starts the server again whenever it ends without being told to: the out-of-memory killer does not ask the core, and a
 * Postgres that cannot write its log ends itself. Where the disk is full it waits for room.
 */
export function keepRunning({ first, restart, freeBytes, log, outOfSpace, pollMs = 1_000 }: KeptOptions): {
  pid(): number;
  /** Settles only if the server could not be brought back. */
  readonly failed: Promise<CannotStart>;
  stop(): Promise<void>;
} {
  let current = first;
  let isStopping = false;
  let restarting: Promise<void> | undefined;
  let restarts = 0;
  let startedAt = performance.now();
  let isToldOfSpace = false;
  /** It ended for want of room, and is not back. */
  let isDown = false;
  const { promise: failed, resolve: fail } = Promise.withResolvers<CannotStart>();

  const watch = (postmaster: Postmaster): void => {
    void postmaster.ended.then(() => {
      if (!isStopping) restarting = again();
    });
  };
  const again = async (): Promise<void> => {
    while (await startOnceMore());
  };
  /** Whether another try is to be made. */
  const startOnceMore = async (): Promise<boolean> => {
    restarts = performance.now() - startedAt > HEALTHY_MS ? 1 : restarts + 1;
    log({ event: 'postgres_ended', restart: restarts });
    if (restarts > RESTARTS_MAX) {
      fail(new CannotStart('Postgres ended again and again: postgres.log in the data folder says why.'));
      return false;
    }
    await sleep(100 * restarts);
    try {
      const next = await startWithRoom();
      if (next === undefined) return false;
      current = next;
      startedAt = performance.now();
      watch(current);
    } catch (error) {
      startedAt = performance.now();
      if (error instanceof KilledWhileStarting) return !isStopping;
      fail(
        error instanceof CannotStart
          ? error
          : new CannotStart(`Postgres could not be restarted: ${String(error)}`),
      );
    }
    return false;
  };
  const tellOfSpace = (isFull: boolean): void => {
    if (isFull && !isToldOfSpace) log({ event: 'postgres_out_of_space', line: outOfSpace });
    isToldOfSpace = isFull;
  };
  const startWithRoom = async (): Promise<Postmaster | undefined> => {
    const isOver = (): boolean => isStopping;
    for (; !isOver(); await sleep(pollMs)) {
      // The first try finds out why it ended; from then on only room makes another worth it.
      if (isDown && freeBytes() < ROOM_BYTES_MIN) continue;
      try {
        const next = await restart();
        isDown = false;
        return next;
      } catch (error) {
        if (!(error instanceof NoSpace)) throw error;
        isDown = true;
        tellOfSpace(true);
        // What ended for want of room did not end by itself.
        restarts = 0;
      }
    }
    return undefined;
  };

  watch(current);
  // A server may well run on a full disk, refusing whatever needs room.
  const watchSpace = setInterval(() => {
    if (isDown) return;
    try {
      tellOfSpace(freeBytes() < ROOM_BYTES_MIN);
    } catch {
      // A disk that is gone has no room to tell of. Thrown here it would end the core and leave the server without a master.
    }
  }, pollMs);
  watchSpace.unref();
  return {
    pid: () => current.pid,
    failed,
    stop: async () => {
      isStopping = true;
      clearInterval(watchSpace);
      await restarting;
      await current.stop();
    },
  };
}
