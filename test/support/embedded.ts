import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../core/embedded/embedded.ts';
import { freePort } from './ports.ts';

export interface DisposablePostgres {
  readonly postgres: EmbeddedPostgres;
  readonly dataDir: string;
  readonly port: number;
  /** Stops the server and removes its folder. */
  remove(): Promise<void>;
}

/** A Postgres of its own for tests that kill it. Takes about a second. */
export async function disposablePostgres(): Promise<DisposablePostgres> {
  const dataDir = await temporaryFolder();
  const port = await freePort();
  const postgres = await startEmbeddedPostgres({ dataDir, port, log: () => {} });
  return {
    postgres,
    dataDir,
    port,
    remove: async () => {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** An empty folder with a space in its name. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'florin test '));
}
