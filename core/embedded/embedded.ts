import * as fs from 'node:fs';
import { adopt } from './adopt.ts';
import { type Binaries, placeBinaries } from './binaries.ts';
import { ADMIN_ROLE, checkClusterVersion, createCluster } from './cluster.ts';
import type { CannotStart } from './cannotStart.ts';
import { type DataFolder, freeBytes, NoSpace, openDataFolder } from './dataFolder.ts';
import { keepRunning } from './keepRunning.ts';
import { stopLeftovers } from './leftovers.ts';
import { boundLog } from './log.ts';
import { keepPassword } from './password.ts';
import { type Postmaster, refuseBusyPort, startPostmaster } from './postmaster.ts';
import { CORE_ROLE, DATABASE, READER_ROLE, ensureRoles, urlOf } from './roles.ts';
import { memoryBytes, settings, writeSettings } from './settings.ts';
import { type PostgresUser, postgresUser } from './user.ts';

/** What happens to the server, as stable event names for the log. */
export type EmbeddedEvent =
  | { readonly event: 'postgres_creating'; readonly folder: string }
  | { readonly event: 'postgres_adopted'; readonly pid: number }
  | { readonly event: 'postgres_leftovers_stopped'; readonly processes: number }
  | { readonly event: 'postgres_ready'; readonly port: number; readonly pid: number }
  | { readonly event: 'postgres_ended'; readonly restart: number }
  /** The disk is full; the line says what to do. It goes on by itself once there is room. */
  | { readonly event: 'postgres_out_of_space'; readonly line: string };

export interface EmbeddedOptions {
  /** FLORIN_DATA_DIR. */
  readonly dataDir: string;
  /** FLORIN_PG_PORT, on 127.0.0.1. */
  readonly port: number;
  readonly log: (event: EmbeddedEvent) => void;
  /** Runs a step of the start, for whoever wants to know how long it takes. */
  readonly span?: <T>(step: string, task: () => Promise<T>) => Promise<T>;
  /** Called once the server's process is there and becomes ready by itself: time for work that needs no database. */
  readonly meanwhile?: () => void;
}

export interface EmbeddedPostgres {
  /** Superuser, database `postgres`: for tests that need databases of their own. */
  readonly adminUrl: string;
  /** The role that owns the schemas, database `florin`. */
  readonly coreUrl: string;
  /** Read only, database `florin`: for people. */
  readonly readerUrl: string;
  readonly readerPassword: string;
  /** The process now; another one after a restart. */
  pid(): number;
  /** Settles only if the server ended by itself and could not be brought back. */
  readonly failed: Promise<CannotStart>;
  /** Stops the server in at most 10 s and frees the data folder. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Runs the Postgres that came with npm: creates the cluster on the first start, takes over or clears away what a kill left
 * behind on a later one, and starts the server again when it dies beneath us. Throws `CannotStart` with one line for the operator.
 */
export async function startEmbeddedPostgres({
  dataDir,
  port,
  log,
  span = (_, task) => task(),
  meanwhile = () => undefined,
}: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const user = postgresUser();
  const folder = openDataFolder(dataDir);
  let postmaster: Postmaster | undefined;
  try {
    const binaries = await span('postgres.binaries', () => placeBinaries(user));
    checkClusterVersion(folder, binaries.major);
    const passwords = {
      admin: keepPassword(folder.secrets, ADMIN_ROLE),
      core: keepPassword(folder.secrets, CORE_ROLE),
      reader: keepPassword(folder.secrets, READER_ROLE),
    };
    const start = (): Promise<Postmaster> => startPostmaster({ folder, binaries, user, port, meanwhile });
    postmaster = await startOrAdopt({
      folder,
      binaries,
      user,
      adminPassword: passwords.admin,
      options: { port, log, span, meanwhile },
      start,
    });
    const logBound = boundLog(folder.log);
    await span('postgres.roles', () => ensureRoles(port, passwords));
    log({ event: 'postgres_ready', port, pid: postmaster.pid });
    const kept = keepRunning({
      first: postmaster,
      restart: async () => {
        await stopLeftovers(folder.cluster);
        return start();
      },
      freeBytes: () => freeBytes(folder.path),
      outOfSpace: new NoSpace(folder.path).message,
      log,
    });
    return {
      adminUrl: urlOf({ role: ADMIN_ROLE, password: passwords.admin, port, database: 'postgres' }),
      coreUrl: urlOf({ role: CORE_ROLE, password: passwords.core, port, database: DATABASE }),
      readerUrl: urlOf({ role: READER_ROLE, password: passwords.reader, port, database: DATABASE }),
      readerPassword: passwords.reader,
      pid: () => kept.pid(),
      failed: kept.failed,
      stop: async () => {
        await kept.stop();
        logBound.stop();
        folder.close();
      },
    };
  } catch (error) {
    await postmaster?.stop();
    folder.close();
    throw error;
  }
}

/** The server on this folder: the one that a kill has left, if it is the right one, else a new process; made first if need be. */
async function startOrAdopt({
  folder,
  binaries,
  user,
  adminPassword,
  options: { port, log, span, meanwhile },
  start,
}: {
  folder: DataFolder;
  binaries: Binaries;
  user: PostgresUser | undefined;
  adminPassword: string;
  options: Required<Omit<EmbeddedOptions, 'dataDir'>>;
  start: () => Promise<Postmaster>;
}): Promise<Postmaster> {
  const { cluster } = folder;
  const wanted = settings({ port, memoryBytes: memoryBytes() });
  if (fs.existsSync(cluster)) {
    const adopted = await span('postgres.adopt', () =>
      adopt({ cluster, binaries, user, port, settings: wanted, adminPassword }),
    );
    if (adopted !== undefined) {
      log({ event: 'postgres_adopted', pid: adopted.pid });
      meanwhile();
      return adopted;
    }
    const processes = await span('postgres.leftovers', () => stopLeftovers(cluster));
    if (processes > 0) log({ event: 'postgres_leftovers_stopped', processes });
    await refuseBusyPort(port);
  } else {
    await refuseBusyPort(port);
    log({ event: 'postgres_creating', folder: cluster });
    const created = span('postgres.create', () => createCluster({ folder, binaries, user, adminPassword }));
    meanwhile();
    await created;
  }
  writeSettings(cluster, wanted, user);
  return span('postgres.start', start);
}
