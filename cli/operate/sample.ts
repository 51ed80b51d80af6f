import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../core/config.ts';
import { importBundled } from '../import/berka/index.ts';
import { type Progress, startProgress } from '../print/progress.ts';
import { apiKeySecretOf, newApiKeySecret } from '../../client/ids/apiKeySecret.ts';
import { keepKey } from '../sample/key.ts';
import { tellShop } from '../sample/tell.ts';

/** In the data folder: the bundled books are in, so no start need look again. */
const BANK_MARK = 'sample-imported';
/** In the data folder: payments are part of the sample here, and how far they are. */
const SHOP_MARK = 'sample-payments';
const SHOP_BEGUN = 'to be made\n';
const SHOP_DONE = 'made\n';

export interface SampleOptions {
  readonly config: Config;
  /** Whether a simulated provider runs along, by which payments could be made. */
  readonly hasProvider: boolean;
}

/**
 * What the first start brings: the bundled bank's books, and payments of a shop where there is a provider for them.
 * Broken off, it goes on at the next start: its ids are its own.
 */
export async function bringSample({ config, hasProvider }: SampleOptions): Promise<void> {
  const bankMark = join(config.dataDir, BANK_MARK);
  const shopMark = join(config.dataDir, SHOP_MARK);
  const target = `${config.host}:${config.grpcPort}`;
  if (!existsSync(bankMark)) {
    // A folder that has had its bank without a shop is somebody's own by now: nothing is added to that.
    if (hasProvider) writeFileSync(shopMark, SHOP_BEGUN);
    await importBank(target, bankMark);
  }
  if (hasProvider && contentOf(shopMark) === SHOP_BEGUN) await makePayments(target, shopMark);
}

/** In the data folder: the secret of a test key for the sample's shop, made when it is first asked for. */
const KEY_FILE = join('secrets', 'sample-api-key');

/** The secret of a test key of a merchant of the sample. */
export async function sampleKey({ dataDir, host, grpcPort }: Config): Promise<string> {
  const file = join(dataDir, KEY_FILE);
  const kept = contentOf(file)?.trim();
  const { secret, ...hash } =
    kept === undefined ? newApiKeySecret({ kind: 'secret', mode: 'test' }) : apiKeySecretOf(kept);
  if (kept === undefined) writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  await keepKey({ target: `${host}:${grpcPort}`, hash });
  return secret;
}

/** Whether the payments of the sample are all made. */
export function hasSamplePayments({ dataDir }: Config): boolean {
  return contentOf(join(dataDir, SHOP_MARK)) === SHOP_DONE;
}

async function importBank(target: string, mark: string): Promise<void> {
  const bar = barOf("importing a real bank's books");
  try {
    const report = await importBundled({
      target,
      onProgress: ({ rowsDone, rowCount }) => bar.update(rowsDone, rowCount),
    });
    writeFileSync(mark, `${report.transactions} transactions in the book ${report.book}\n`);
  } finally {
    bar.end();
  }
}

async function makePayments(target: string, mark: string): Promise<void> {
  const bar = barOf("making a shop's payments");
  try {
    await tellShop({ target, onProgress: ({ callsDone, callCount }) => bar.update(callsDone, callCount) });
    writeFileSync(mark, SHOP_DONE);
  } finally {
    bar.end();
  }
}

/** A bar that appears with the first that is done. */
function barOf(label: string): { update: (done: number, total: number) => void; end: () => void } {
  let progress: Progress | undefined;
  return {
    update: (done, total) => {
      progress ??= startProgress({ label, total, stream: process.stderr });
      progress.update(done);
    },
    end: () => progress?.end(),
  };
}

function contentOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
