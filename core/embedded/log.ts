import * as fs from 'node:fs';

const BYTES_MAX = 16 * 1024 * 1024;
const CHECK_MS = 60_000;

/**
 * Keeps postgres.log below its bound, with one older file beside it. The server appends to the open file, so it is
 * copied and cut, never renamed away beneath the server.
 */
export function boundLog(file: string): { stop(): void } {
  const check = (): void => {
    try {
      if ((fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= BYTES_MAX) return;
      fs.copyFileSync(file, `${file}.1`);
      fs.truncateSync(file);
    } catch {
      // A full disk has no room for the copy, one that is gone has no log: neither may end the core. The next look tries again.
    }
  };
  check();
  const timer = setInterval(check, CHECK_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
