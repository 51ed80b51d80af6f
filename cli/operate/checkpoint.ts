import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { DatabaseClient, NoWritableHost } from '../../core/journal/database.ts';
import { BadCheckpoint, type SignedCheckpoint } from '../../core/journal/checkpoint.ts';
import { fileOf, momentOf } from '../../core/journal/checkpointFile.ts';
import { PgCheckpointStore } from '../../core/journal/checkpointStore.ts';
import type { Terminal } from '../print/terminal.ts';
import { cannotRun, Problem, refused } from '../problem.ts';
import { openDatabases, settings } from './verify/databases.ts';

export interface CheckpointOptions {
  /** Undefined: the newest. */
  readonly number: number | undefined;
  readonly terminal: Terminal;
}

/** `florin checkpoint export`: a checkpoint as JSON, verified first. */
export async function exportCheckpoint(
  options: CheckpointOptions & { out: string | undefined },
): Promise<void> {
  const checkpoint = await readCheckpoint(options);
  const text = `${JSON.stringify(fileOf(checkpoint), null, 2)}\n`;
  if (options.out === undefined) return options.terminal.write(text);
  try {
    // Never over another file: an exported checkpoint is evidence.
    writeFileSync(options.out, text, { flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw cannotRun(
      code === 'EEXIST'
        ? `${options.out} is there already: name a new file.`
        : `${options.out} cannot be written (${code}).`,
    );
  }
  options.terminal.remark(
    `checkpoint ${checkpoint.number} of ${momentOf(checkpoint.createdUs)}: keep ${options.out} where nobody who can write the database can write.`,
  );
}

/** `florin checkpoint show`: what a checkpoint says, for a person. */
export async function showCheckpoint(options: CheckpointOptions & { isJson: boolean }): Promise<void> {
  const checkpoint = await readCheckpoint(options);
  const file = fileOf(checkpoint);
  const { terminal } = options;
  if (options.isJson) return terminal.print(JSON.stringify(file));
  await terminal.print(`checkpoint  ${file.number}, ${file.created_at}, signature verified`);
  await terminal.print(`hash        ${file.hash}`);
  await terminal.print(`before      ${file.prev_hash}`);
  await terminal.print(`public key  ${file.public_key}`);
  for (const tip of file.tips)
    await terminal.print(
      `shard ${String(tip.shard).padStart(2)}    height ${String(tip.height).padStart(9)}  ${tip.hash}`,
    );
}

async function readCheckpoint({ number, terminal }: CheckpointOptions): Promise<SignedCheckpoint> {
  const databases = await openDatabases(settings(), (line) => terminal.remark(line));
  const client = new DatabaseClient({
    connectionString: databases.urls[0],
    application_name: 'florin checkpoint',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const store = new PgCheckpointStore(client);
    const checkpoint = number === undefined ? await store.latest() : await store.byNumber(number);
    if (checkpoint === null)
      throw refused(
        number === undefined
          ? 'there is no checkpoint yet: one is made within a minute of the first block.'
          : `there is no checkpoint ${number}.`,
      );
    return checkpoint;
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof NoWritableHost) throw cannotRun(error.message);
    if (error instanceof BadCheckpoint)
      throw refused(`${error.message}: it was changed after it was signed. "florin verify" shows more.`);
    if (error instanceof pg.DatabaseError)
      throw cannotRun(
        error.code === '42P01'
          ? 'this database has no Florin in it.'
          : `Postgres answered ${error.code}: ${error.message}.`,
      );
    if (error instanceof Error && 'code' in error)
      throw cannotRun(`no Postgres answers (${String(error.code)}).`);
    throw error;
  } finally {
    await client.end().catch(() => undefined);
    await databases.close();
  }
}
