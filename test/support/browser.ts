import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { isOnPath, skipped } from './needs.ts';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];
/** Where .ci/run has npm put what test/browser/package.json names: kept beside what npm brings, as Python's packages are. */
const FOLDER = resolve(import.meta.dirname, '../../node_modules/.cache/florin-browser');
const PACKED = join(FOLDER, 'node_modules/@sparticuz/chromium/bin');
const UNPACKED = join(FOLDER, 'unpacked');

interface Program {
  readonly executablePath: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A Chromium of this machine, or that of npm; undefined, said or failed as `needs` does it, where there is none. */
export function browserProgram(): Program | undefined {
  const onPath = PROGRAMS.find(isOnPath);
  if (onPath !== undefined) {
    const found = execFileSync('sh', ['-c', 'command -v "$0"', onPath], { encoding: 'utf8' });
    return { executablePath: found.trim() };
  }
  if (process.arch === 'x64' && existsSync(PACKED)) return unpacked();
  skipped('chromium');
  return undefined;
}

export function launchBrowser({ executablePath, env = {} }: Program): Promise<Browser> {
  const path = process.env.PATH === undefined ? {} : { PATH: process.env.PATH };
  return chromium.launch({ executablePath, env: { ...path, ...env } });
}

/** The package brings the program and the libraries that a small machine lacks, compressed. Unpacked once, in two seconds. */
function unpacked(): Program {
  const executablePath = join(UNPACKED, 'chromium');
  if (!existsSync(executablePath)) {
    // Of two that do it at once the last one's files stand, and they are the same.
    const own = `${UNPACKED}.${process.pid}`;
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'chromium'), plain('chromium.br'));
    chmodSync(join(own, 'chromium'), 0o755);
    execFileSync('tar', ['-x', '-C', own], { input: plain('al2023.tar.br') });
    try {
      renameSync(own, UNPACKED);
    } catch (error) {
      if (!existsSync(executablePath)) throw error;
    }
  }
  return { executablePath, env: { LD_LIBRARY_PATH: join(UNPACKED, 'lib') } };
}

function plain(name: string): Buffer {
  return brotliDecompressSync(readFileSync(join(PACKED, name)));
}
