import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { boundLog } from './log.ts';

const TOO_LONG = 16 * 1024 * 1024 + 1;
const MINUTE_MS = 60_000;

let folder: string;
let file: string;
beforeEach(() => {
  vi.useFakeTimers();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'florin test '));
  file = path.join(folder, 'postgres.log');
  fs.writeFileSync(file, '');
});
afterEach(() => {
  vi.useRealTimers();
  fs.rmSync(folder, { recursive: true });
});

test('a log that cannot be copied away ends nothing, and is cut once it can be', () => {
  const bound = boundLog(file);
  fs.truncateSync(file, TOO_LONG);
  // Nothing can be copied onto a folder, not by root either.
  fs.mkdirSync(`${file}.1`);
  vi.advanceTimersByTime(MINUTE_MS);
  expect(fs.statSync(file).size).toBe(TOO_LONG);
  fs.rmdirSync(`${file}.1`);
  vi.advanceTimersByTime(MINUTE_MS);
  expect(fs.statSync(file).size).toBe(0);
  expect(fs.statSync(`${file}.1`).size).toBe(TOO_LONG);
  bound.stop();
});
