import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { readConfig } from '../../core/config.ts';
import { startEmbeddedPostgres } from '../../core/embedded/embedded.ts';
import { freePort } from './ports.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL; test files take databases of their own from `freshDatabase`. */
    adminUrl: string;
  }
}

/** One Postgres for the whole run: the one that DATABASE_URL names, else the embedded one in a folder that is removed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [external] = readConfig().databaseUrls;
  if (external !== undefined) {
    project.provide('adminUrl', external);
    return async () => {};
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'florin-test-'));
  const postgres = await startEmbeddedPostgres({ dataDir, port: await freePort(), log: () => {} });
  project.provide('adminUrl', postgres.adminUrl);
  return async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true });
  };
}
