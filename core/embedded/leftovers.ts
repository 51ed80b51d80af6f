import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CannotStart } from './cannotStart.ts';

const POLL_MS = 20;
/** Fast shutdown writes a checkpoint; after this it is told to drop everything, and recovery does the rest. */
const FAST_STOP_MS = 20_000;
const IMMEDIATE_STOP_MS = 10_000;

/**
 * Stops what an earlier Florin on this data folder left running when it was killed. The caller holds the folder's lock,
 * so whatever Postgres works in it has no master any more. Tells how many processes were stopped.
 */
export async function stopLeftovers(cluster: string): Promise<number> {
  const pidFile = path.join(cluster, 'postmaster.pid');
  if (!fs.existsSync(pidFile)) return 0;
  const postmaster = Number(fs.readFileSync(pidFile, 'utf8').split('\n')[0]);
  const found = postgresProcesses(cluster, postmaster);
  if (found.length > 0) await stopAll(cluster, postmaster, found);
  // The number may be a stranger's after a reboot, or that of a dead process which nobody has collected: Postgres would
  // take either for a running server and refuse.
  if (isAlive(postmaster)) fs.rmSync(pidFile, { force: true });
  return found.length;
}

async function stopAll(cluster: string, postmaster: number, found: readonly number[]): Promise<void> {
  if (found.includes(postmaster)) signal(postmaster, 'SIGINT');
  else for (const pid of found) signal(pid, 'SIGQUIT');
  if (await ended(cluster, postmaster, FAST_STOP_MS)) return;
  for (const pid of postgresProcesses(cluster, postmaster)) signal(pid, 'SIGQUIT');
  if (await ended(cluster, postmaster, IMMEDIATE_STOP_MS)) return;
  throw new CannotStart(
    `a Postgres left over from an earlier start (process ${postmaster}) does not stop: end it with "kill -QUIT ${postmaster}", then start again.`,
  );
}

async function ended(cluster: string, postmaster: number, limitMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
    if (postgresProcesses(cluster, postmaster).length === 0) return true;
    await sleep(POLL_MS);
  }
  return false;
}

/** Processes whose program is a postgres and whose working folder is this cluster: nobody else's fit both. */
export function postgresProcesses(cluster: string, postmaster: number): number[] {
  if (process.platform !== 'linux') return isPostgresByCommand(cluster, postmaster) ? [postmaster] : [];
  const here = fs.statSync(cluster);
  const isOurs = (pid: number): boolean => {
    try {
      const folder = fs.statSync(`/proc/${pid}/cwd`);
      // After an update of node_modules the program's file is gone and the link says "(deleted)".
      const program = path.basename(fs.readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
      return program === 'postgres' && folder.dev === here.dev && folder.ino === here.ino;
    } catch {
      return false;
    }
  };
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(isOurs);
}

function isPostgresByCommand(cluster: string, pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes('postgres') && command.includes(cluster);
  } catch {
    return false;
  }
}

export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between.
  }
}
