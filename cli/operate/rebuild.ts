import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { keepPassword } from '../../core/embedded/password.ts';
import { PgStore } from '../../core/journal/pgStore.ts';
import { serverOf } from '../../core/journal/servers.ts';
import { RebuildRunning, rebuild } from '../../core/readmodels/rebuild.ts';
import { sealKeyOf } from '../../core/readmodels/sealing/sealKey.ts';
import { systemTimers } from '../../core/timers.ts';
import type { Terminal } from '../print/terminal.ts';
import { cannotRun } from '../problem.ts';
import { openDatabases, settings } from './verify/databases.ts';

const SHARDS = 64;
const SEAL_KEY = 'seal.key';

export interface RebuildCommandOptions {
  readonly isJson: boolean;
  /** Make the key of the seals where it is gone; the core must not run then. */
  readonly isNewKeyAllowed: boolean;
  readonly terminal: Terminal;
}

/** `florin rebuild`: the read models of every server anew from the journal, while the core runs. */
export async function runRebuild({
  isJson,
  isNewKeyAllowed,
  terminal,
}: RebuildCommandOptions): Promise<void> {
  const tell = (line: string): void => terminal.remark(line);
  const databases = await openDatabases(settings(), tell);
  const began = performance.now();
  let events = 0;
  try {
    const sealKey = sealKeyOf(secretOf(databases.secrets, isNewKeyAllowed));
    for (const [index, url] of databases.urls.entries()) {
      const shards = Array.from({ length: SHARDS + 1 }, (_, shard) => shard).filter(
        (shard) => serverOf(shard, databases.urls.length) === index,
      );
      const journal = new PgStore({ url });
      try {
        const report = await rebuild({ url, shards, journal, timers: systemTimers, sealKey });
        events += report.events;
        if (report.oldTablesKept !== null)
          tell(`the old tables are kept in florin_old: ${report.oldTablesKept}`);
      } finally {
        await journal.close();
      }
    }
  } catch (error) {
    throw error instanceof RebuildRunning ? cannotRun(error.message) : error;
  } finally {
    await databases.close();
  }
  const seconds = Math.round((performance.now() - began) / 10) / 100;
  await terminal.print(
    isJson
      ? JSON.stringify({ events, servers: databases.urls.length, seconds })
      : `Rebuilt the read models from ${events.toLocaleString('en')} events in ${seconds} s.`,
  );
}

function secretOf(secrets: string, isNewKeyAllowed: boolean): string {
  if (!isNewKeyAllowed && !existsSync(join(secrets, SEAL_KEY)))
    throw cannotRun(
      `${join(secrets, SEAL_KEY)} is missing: put it back, or stop Florin and seal all rows anew with --new-seal-key.`,
    );
  return keepPassword(secrets, SEAL_KEY);
}
