import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../core/config.ts';
import { importBundled } from '../import/berka/index.ts';
import { type Progress, startProgress } from '../print/progress.ts';

/** In the data folder: the bundled books are in, so no start need look again. */
const MARK = 'sample-imported';

/** Imports the bundled bank's books on the first start. Broken off, it goes on at the next one: its ids are its own. */
export async function importSample(config: Config): Promise<void> {
  const mark = join(config.dataDir, MARK);
  if (existsSync(mark)) return;
  let progress: Progress | undefined;
  const report = await importBundled({
    target: `${config.host}:${config.grpcPort}`,
    onProgress: ({ rowsDone, rowCount }) => {
      progress ??= startProgress({
        label: "importing a real bank's books",
        total: rowCount,
        stream: process.stderr,
      });
      progress.update(rowsDone);
    },
  });
  progress?.end();
  writeFileSync(mark, `${report.transactions} transactions in the book ${report.book}\n`);
}
