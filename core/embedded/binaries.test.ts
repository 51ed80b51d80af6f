import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copied } from './binaries.ts';

let base: string;
let native: string;
beforeEach(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), 'florin test '));
  native = path.join(base, 'package', 'native');
  fs.mkdirSync(path.join(native, 'bin'), { recursive: true });
  fs.mkdirSync(path.join(native, 'lib'));
  for (const program of ['initdb', 'postgres', 'pg_ctl'])
    fs.writeFileSync(path.join(native, 'bin', program), program);
  fs.writeFileSync(path.join(native, 'lib', 'libpq.so.5.18'), 'library');
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
  fs.writeFileSync(path.join(native, 'pg-symlinks.json'), JSON.stringify(links));
});
afterEach(() => fs.rmSync(base, { recursive: true }));

describe('a copy of the programs', () => {
  test('stands on its own: its links lead nowhere outside, its programs can be run', () => {
    // A link that a postinstall script has already made must not lead back into the package.
    fs.symlinkSync('libpq.so.5.18', path.join(native, 'lib', 'libpq.so'));
    const folder = copied(native, base, '18.0.0');
    expect(fs.readlinkSync(path.join(folder, 'lib', 'libpq.so'))).toBe('libpq.so.5.18');
    expect(fs.readlinkSync(path.join(folder, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
    expect(fs.statSync(path.join(folder, 'bin', 'postgres')).mode & 0o777).toBe(0o755);
  });

  test('is made once, and again when files have been swept away', () => {
    const folder = copied(native, base, '18.0.0');
    const { ino } = fs.statSync(folder);
    expect(fs.statSync(copied(native, base, '18.0.0')).ino).toBe(ino);
    fs.rmSync(path.join(folder, 'bin', 'initdb'));
    expect(fs.existsSync(path.join(copied(native, base, '18.0.0'), 'bin', 'initdb'))).toBe(true);
    expect(fs.readdirSync(base).toSorted()).toEqual([path.basename(folder), 'package']);
  });

  test('is never taken from a folder that others may write', () => {
    const folder = copied(native, base, '18.0.0');
    fs.chmodSync(folder, 0o777);
    expect(() => copied(native, base, '18.0.0')).toThrow(/belongs to somebody else/);
  });
});
