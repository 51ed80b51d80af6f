import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Binaries } from './binaries.ts';
import { CannotStart } from './cannotStart.ts';
import { type DataFolder, NoSpace, syncFolder } from './dataFolder.ts';
import { SETTINGS_FILE } from './settings.ts';
import type { PostgresUser } from './user.ts';

export const ADMIN_ROLE = 'florin_admin';

/**
 * How another user is led to a file that only root can reach: opened by us, inherited as this descriptor, and named
 * through /proc, which asks for no right on the folders above.
 */
export function inherited(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** Refuses a cluster that another major version of Postgres has written. */
export function checkClusterVersion(folder: DataFolder, major: number): void {
  const file = path.join(folder.cluster, 'PG_VERSION');
  if (!fs.existsSync(file)) return;
  const found = fs.readFileSync(file, 'utf8').trim();
  if (found === String(major)) return;
  throw new CannotStart(
    Number(found) > major
      ? `the data folder ${folder.path} was written by a newer Postgres (${found}, this florin has ${major}): run the newer florin, or set FLORIN_DATA_DIR to another folder.`
      : `the data folder ${folder.path} was written by Postgres ${found}, this florin has ${major}: upgrade it as docs/operating says, or set FLORIN_DATA_DIR to another folder.`,
  );
}

/** Makes the cluster where there is none. It appears under its name only when whole, so a start cut short leaves nothing. */
export async function createCluster(options: {
  folder: DataFolder;
  binaries: Binaries;
  user: PostgresUser | undefined;
  adminPassword: string;
}): Promise<void> {
  const { folder, binaries, user, adminPassword } = options;
  for (const name of fs.readdirSync(folder.path)) {
    if (name.startsWith('postgres.new')) fs.rmSync(path.join(folder.path, name), { recursive: true });
  }
  const draft = path.join(folder.path, 'postgres.new');
  const passwordFile = path.join(folder.path, 'postgres.new.password');
  fs.mkdirSync(draft, { mode: 0o700 });
  fs.writeFileSync(passwordFile, `${adminPassword}\n`, { mode: 0o600 });
  if (user !== undefined) {
    fs.chownSync(draft, user.uid, user.gid);
    fs.chownSync(passwordFile, user.uid, user.gid);
  }
  await initdb({ binaries, user, draft, passwordFile, folder });
  fs.rmSync(passwordFile);
  fs.appendFileSync(path.join(draft, 'postgresql.conf'), `\ninclude_if_exists = '${SETTINGS_FILE}'\n`, {
    flush: true,
  });
  fs.renameSync(draft, folder.cluster);
  // initdb has synced the files; without this a power cut could give the draft's name back, and the next start clears drafts.
  syncFolder(folder.path);
}

async function initdb(options: {
  binaries: Binaries;
  user: PostgresUser | undefined;
  draft: string;
  passwordFile: string;
  folder: DataFolder;
}): Promise<void> {
  const { binaries, user, draft, passwordFile, folder } = options;
  const fds = user === undefined ? [] : [fs.openSync(draft, 'r'), fs.openSync(passwordFile, 'r')];
  const [dataArgument, passwordArgument] =
    user === undefined ? [draft, passwordFile] : [inherited(3), inherited(4)];
  const args = [
    '-D',
    dataArgument,
    '-U',
    ADMIN_ROLE,
    `--pwfile=${passwordArgument}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    // Whoever needs a new segment of the log writes it full of zeros first, and every commit waits: 45 ms for 16 MiB, 3 for one.
    '--wal-segsize=1',
    '--no-instructions',
  ];
  const child = spawn(binaries.initdb, args, {
    ...user,
    cwd: '/',
    env: { TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe', ...fds],
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for (const fd of fds) fs.closeSync(fd);
  if (code === 0) return;
  if (/No space left on device/.test(output)) throw new NoSpace(folder.path);
  const line =
    output.split('\n').find((text) => /error|fatal/i.test(text)) ?? output.trim().split('\n').at(-1);
  throw new CannotStart(`Postgres could not create its files in ${folder.path}: ${line?.trim()}`);
}
