import * as fs from 'node:fs';
import * as path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CannotStart, errnoOf } from './cannotStart.ts';

/** The layout that this version of Florin writes; a higher number in the folder was written by a newer one. */
export const LAYOUT_VERSION = 1;

/** Less than this and the journal would soon stop: one WAL segment, a checkpoint, and air. */
const FREE_BYTES_MIN = 512 * 1024 * 1024;

/**
 * The folder named by FLORIN_DATA_DIR, held by this process alone:
 * `version` (layout), `lock`, `secrets/` (0700), `postgres/` (the cluster), `postgres.log`.
 */
export interface DataFolder {
  readonly path: string;
  readonly secrets: string;
  readonly cluster: string;
  readonly log: string;
  /** Lets the next start have the folder. Idempotent. */
  close(): void;
}

/** Creates or opens the folder, and refuses one that is in use, newer than this Florin, or on a full disk. */
export function openDataFolder(dataDir: string): DataFolder {
  const folder = path.resolve(dataDir);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    if (errnoOf(error) === 'ENOSPC') throw new NoSpace(folder);
    throw new CannotStart(
      `the data folder ${folder} cannot be written (${errnoOf(error)}): give this user the right, or set FLORIN_DATA_DIR to another folder.`,
    );
  }
  const release = lock(folder);
  try {
    refuseFullDisk(folder);
    checkLayout(folder);
    fs.mkdirSync(path.join(folder, 'secrets'), { recursive: true, mode: 0o700 });
  } catch (error) {
    release();
    throw error;
  }
  return {
    path: folder,
    secrets: path.join(folder, 'secrets'),
    cluster: path.join(folder, 'postgres'),
    log: path.join(folder, 'postgres.log'),
    close: release,
  };
}

/** Makes names that were created or renamed in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, 'r');
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}

/** A full disk, wherever that shows itself. */
export class NoSpace extends CannotStart {
  constructor(folder: string) {
    super(
      `no disk space left for ${folder}: free at least ${FREE_BYTES_MIN / 1024 / 1024} MiB, or set FLORIN_DATA_DIR to a folder on another disk.`,
    );
  }
}

/** What an ordinary user may still write there. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}

function refuseFullDisk(folder: string): void {
  if (freeBytes(folder) < FREE_BYTES_MIN) throw new NoSpace(folder);
}

/**
 * SQLite's exclusive lock is one of the kernel's: it ends with the process, however that ends, so there is no stale lock
 * file to judge, and two starts at the same moment cannot both win.
 */
function lock(folder: string): () => void {
  const database = new DatabaseSync(path.join(folder, 'lock'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch {
    database.close();
    throw new CannotStart(
      `another florin runs on the data folder ${folder}: stop it, or set FLORIN_DATA_DIR (and other ports) for a second one.`,
    );
  }
  return () => {
    if (database.isOpen) database.close();
  };
}

function checkLayout(folder: string): void {
  const file = path.join(folder, 'version');
  if (!fs.existsSync(file)) {
    fs.writeFileSync(file, `${LAYOUT_VERSION}\n`);
    return;
  }
  const version = Number(fs.readFileSync(file, 'utf8').trim());
  if (!Number.isInteger(version) || version < 1) {
    throw new CannotStart(
      `${file} is not a number: this is no data folder of florin, set FLORIN_DATA_DIR to another.`,
    );
  }
  if (version > LAYOUT_VERSION) {
    throw new CannotStart(
      `the data folder ${folder} was written by a newer florin (layout ${version}, this one knows ${LAYOUT_VERSION}): run that version, or set FLORIN_DATA_DIR to another folder.`,
    );
  }
}
