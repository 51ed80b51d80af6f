import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { PostgresUser } from './user.ts';

const MIB = 1024 * 1024;

/** The file that initdb's postgresql.conf includes; written again at each start. */
export const SETTINGS_FILE = 'florin.conf';

/**
 * Settings for a journal of big blocks and bulk COPY on a small machine. Durability is not negotiable here: an answer
 * was given on the strength of fsync and synchronous_commit.
 */
export function settings({ port, memoryBytes }: { port: number; memoryBytes: number }): string {
  const shared = Math.max(128, Math.min(1024, Math.floor(memoryBytes / 8 / MIB)));
  const rows: [string, string][] = [
    ['listen_addresses', "'127.0.0.1'"],
    ['port', String(port)],
    ['unix_socket_directories', "''"],
    ['password_encryption', "'scram-sha-256'"],
    ['max_connections', '100'],
    ['fsync', 'on'],
    ['synchronous_commit', 'on'],
    ['full_page_writes', 'on'],
    ['wal_level', 'replica'],
    ['shared_buffers', `${shared}MB`],
    ['effective_cache_size', `${Math.max(256, Math.floor(memoryBytes / 2 / MIB))}MB`],
    ['work_mem', '16MB'],
    ['maintenance_work_mem', `${Math.min(256, shared)}MB`],
    ['wal_buffers', `${Math.min(64, Math.floor(shared / 16))}MB`],
    // Blocks are dense already: compressing the log costs more than it saves.
    ['wal_compression', 'off'],
    ['min_wal_size', '512MB'],
    ['max_wal_size', '4GB'],
    ['checkpoint_timeout', '15min'],
    ['checkpoint_completion_target', '0.9'],
    ['jit', 'off'],
    ['random_page_cost', '1.1'],
    ['autovacuum', 'on'],
    ['timezone', "'UTC'"],
    ['log_timezone', "'UTC'"],
    ['log_line_prefix', "'%m [%p] %q%u@%d '"],
    ['log_checkpoints', 'off'],
    ['log_min_messages', 'warning'],
    // A statement can carry amounts and metadata of customers.
    ['log_min_error_statement', 'panic'],
    ['cluster_name', `'florin ${port}'`],
  ];
  const lines = rows.map(([name, value]) => `${name} = ${value}`);
  return [
    '# Written by florin at each start. Put settings of your own into local.conf beside this file.',
    ...lines,
    "include_if_exists = 'local.conf'",
    '',
  ].join('\n');
}

/** What this process may use: a container's limit counts before the machine's memory. */
export function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}

/** Replaces the settings as a whole: root must not write through a link that the Postgres user could have put there. */
export function writeSettings(cluster: string, text: string, user: PostgresUser | undefined): void {
  const draft = path.join(cluster, `${SETTINGS_FILE}.${process.pid}`);
  fs.rmSync(draft, { force: true });
  const fd = fs.openSync(draft, 'wx', 0o600);
  fs.writeSync(fd, text);
  if (user !== undefined) fs.fchownSync(fd, user.uid, user.gid);
  fs.closeSync(fd);
  fs.renameSync(draft, path.join(cluster, SETTINGS_FILE));
}
