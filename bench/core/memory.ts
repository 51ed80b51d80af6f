import { mkdtempSync, openSync, readFileSync, readSync, rmSync, closeSync, ftruncateSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { nowMs } from '../measure/clock.ts';

const PAGE_BYTES = 4_096;
const PROBE_BYTES = 32 * 1_048_576;
const CHUNK_BYTES = 4 * 1_048_576;
/** Left free, so that nothing has to be given back in a hurry. */
const LEFT_BYTES = 1_024 * 1_048_576;
/** A machine that has its memory clears a page in a fraction of this. */
const FIRST_TOUCH_US_MAX = 2;

export interface HeldMemory {
  /** What the first write to a fresh page cost before; microseconds. null where nobody asked. */
  readonly firstTouchUs: number | null;
  /** Gives the memory back. */
  release(): void;
}

/**
 * Many virtual machines get their memory from the host only when a page is first written, at many times the price of
 * any later use, and give free memory back. A server that has run for a day has all of its memory in its page cache; a
 * bench on a fresh machine would measure the host's page faults. Where they are that dear, a file without contents is
 * read through the page cache, which takes what is free and lends it to whoever needs memory from then on.
 */
export async function holdMemory({
  dir,
  tell,
}: {
  dir: string;
  tell: (line: string) => void;
}): Promise<HeldMemory> {
  const firstTouchUs = firstTouch();
  const bytes = freeBytes() - LEFT_BYTES;
  if (firstTouchUs <= FIRST_TOUCH_US_MAX || bytes < LEFT_BYTES) return { firstTouchUs, release: () => {} };
  tell(
    `a fresh page of memory costs ${firstTouchUs.toFixed(1)} us here: fetching ${Math.round(bytes / 2 ** 30)} GiB first`,
  );
  const folder = mkdtempSync(join(dir, 'florin-bench-memory-'));
  const release = (): void => rmSync(folder, { recursive: true, force: true });
  const file = openSync(join(folder, 'sparse'), 'w+');
  try {
    ftruncateSync(file, bytes);
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; at < bytes; at += CHUNK_BYTES) {
      readSync(file, chunk, 0, CHUNK_BYTES, at);
      await breathe();
    }
  } catch (error) {
    release();
    throw error;
  } finally {
    closeSync(file);
  }
  return { firstTouchUs, release };
}

function firstTouch(): number {
  const fresh = Buffer.allocUnsafeSlow(PROBE_BYTES);
  const began = nowMs();
  for (let at = 0; at < PROBE_BYTES; at += PAGE_BYTES) fresh[at] = 1;
  return ((nowMs() - began) * 1_000) / (PROBE_BYTES / PAGE_BYTES);
}

function freeBytes(): number {
  const kib = /^MemFree:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1];
  return Number(kib ?? 0) * 1_024;
}
