import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Binaries } from './binaries.ts';
import { ADMIN_ROLE } from './cluster.ts';
import { postgresProcesses, signal } from './leftovers.ts';
import { commandLine, type Postmaster } from './postmaster.ts';
import { urlOf } from './roles.ts';
import { SETTINGS_FILE } from './settings.ts';
import type { PostgresUser } from './user.ts';

/** Whoever edits one of these expects that a start reads it. */
const OPERATORS_FILES = [
  'local.conf',
  'postgresql.conf',
  'postgresql.auto.conf',
  'pg_hba.conf',
  'pg_ident.conf',
];
/** Lines by which those files have the server read another one: a directive, or @ before a name in the rules of access. */
const READS_OTHER = /^\s*(include|include_if_exists|include_dir|hba_file|ident_file)\b|^[^#]*(^|[\s,])"?@/i;
/** The one other file that we watch: it is compared as a whole. */
const READS_SETTINGS = `include_if_exists = '${SETTINGS_FILE}'`;
/** What must be on for a commit to outlive a power cut. */
const DURABLE = ['fsync', 'full_page_writes', 'synchronous_commit'];
/** A server that takes longer to answer is not well. */
const PROBE_LIMIT_MS = 3_000;
/** The moment of its start is told in whole seconds, cut off. */
const SECOND_MS = 1_000;
const POLL_MS = 100;
const FAST_STOP_MS = 8_000;
const IMMEDIATE_STOP_MS = 2_000;

export interface Wanted {
  readonly cluster: string;
  readonly binaries: Binaries;
  readonly user: PostgresUser | undefined;
  readonly port: number;
  /** What a start would write into the settings. */
  readonly settings: string;
  readonly adminPassword: string;
}

/**
 * The server that a killed Florin has left running, where it is the one that we would start now: the same program file on
 * this cluster by the same command line, with the same settings on the same port, and it answers that what it commits is
 * durable. Stopping it would write out all that it has in memory first, which takes seconds under load. Undefined where
 * anything differs: then it is stopped as any other.
 */
export async function adopt(wanted: Wanted): Promise<Postmaster | undefined> {
  const pid = sameServer(wanted);
  if (pid === undefined) return undefined;
  const postmaster = follow(pid);
  return (await answersAsWanted(wanted)) ? postmaster : undefined;
}

function sameServer({ cluster, binaries, user, port, settings }: Wanted): number | undefined {
  // Only there can be told for certain what a process is.
  if (process.platform !== 'linux') return undefined;
  try {
    const lines = fs.readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    const startedMs = Number(lines[2]) * 1_000;
    const isSame =
      postgresProcesses(cluster, pid).includes(pid) &&
      fs.readlinkSync(`/proc/${pid}/exe`) === fs.realpathSync(binaries.postgres) &&
      // Whoever started it by hand for maintenance may have told it to be fast instead of durable.
      fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8') ===
        commandLine({ cluster, binaries, user })
          .map((word) => `${word}\0`)
          .join('') &&
      Number(lines[3]) === port &&
      lines[7]?.startsWith('ready') &&
      fs.readFileSync(path.join(cluster, SETTINGS_FILE), 'utf8') === settings &&
      !OPERATORS_FILES.map((name) => path.join(cluster, name)).some(
        (file) => changedSince(file, startedMs) || readsOthers(file),
      );
    return isSame ? pid : undefined;
  } catch {
    // No such file or process, or none that we may look at.
    return undefined;
  }
}

/** A file that was put back by `mv` or `cp -p` brings an old moment of its content along, but not of its place. */
export function changedSince(file: string, momentMs: number): boolean {
  const found = fs.statSync(file, { throwIfNoEntry: false });
  return found !== undefined && Math.max(found.mtimeMs, found.ctimeMs) > momentMs + SECOND_MS;
}

/** Files anywhere can decide then what a start would do, and they are not followed. */
export function readsOthers(file: string): boolean {
  const found = fs.lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return false;
  // Led elsewhere at any step of its way, a link gives another file of any age.
  if (found.isSymbolicLink()) return true;
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  return lines.some((line) => line.trim() !== READS_SETTINGS && READS_OTHER.test(line));
}

async function answersAsWanted({ cluster, port, adminPassword }: Wanted): Promise<boolean> {
  const client = new pg.Client({
    connectionString: urlOf({ role: ADMIN_ROLE, password: adminPassword, port, database: 'postgres' }),
    connectionTimeoutMillis: PROBE_LIMIT_MS,
    query_timeout: PROBE_LIMIT_MS,
  });
  // A connection that breaks is told by the query's own error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Whatever way it came by its settings, it is asked for those that our own answers rest on.
    for (const name of DURABLE) {
      const { rows } = await client.query<Record<string, string>>(`SHOW ${name}`);
      if (rows[0]?.[name] !== 'on') return false;
    }
    // A file that was removed leaves no moment behind, but the server remembers where its settings are from.
    const { rows: sources } = await client.query<{ file: string }>(
      'SELECT DISTINCT sourcefile AS file FROM pg_settings WHERE sourcefile IS NOT NULL',
    );
    return sources.every(({ file }) => fs.existsSync(path.join(cluster, path.basename(file))));
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A server that is no child of ours, so that nobody tells us of its end. */
export function follow(pid: number, birthNow: (pid: number) => string | undefined = birthOf): Postmaster {
  const birth = birthNow(pid);
  const isRunning = (): boolean => birth !== undefined && birthNow(pid) === birth;
  const ended = (async () => {
    while (isRunning()) await sleep(POLL_MS, undefined, { ref: false });
  })();
  return { pid, ended, stop: () => stop({ pid, isRunning, ended }) };
}

/**
 * When a process began, in ticks since the machine did: a number that is given out again has another birth. Undefined where
 * there is none, or one that has ended and that the first process of a container does not collect.
 */
function birthOf(pid: number): string | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program stands in brackets and may hold anything; behind it are the state and, as the 20th, the birth.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

async function stop({
  pid,
  isRunning,
  ended,
}: {
  pid: number;
  isRunning: () => boolean;
  ended: Promise<void>;
}): Promise<void> {
  const isOver = (limitMs: number): Promise<boolean> =>
    Promise.race([ended.then(() => true), sleep(limitMs, false)]);
  for (const [name, limitMs] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', IMMEDIATE_STOP_MS],
    ['SIGKILL', IMMEDIATE_STOP_MS],
  ] as const) {
    // Its number may be a stranger's by now.
    if (!isRunning()) return;
    signal(pid, name);
    if (await isOver(limitMs)) return;
  }
}
