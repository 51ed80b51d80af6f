import { fileURLToPath } from 'node:url';
import { connectFlorin } from '../../../client/index.ts';
import { reaching } from '../../core.ts';
import { problemOf } from '../../coreErrors.ts';
import { DEFAULT_BOOK, type ImportReport, importBerka, readBankFile } from './import.ts';

const BUNDLED_FILE = fileURLToPath(new URL('../../../examples/berka/trans.asc', import.meta.url));
const CALL_TIMEOUT_MS = 30_000;

export interface ImportBundledOptions {
  /** Host and port of the core's gRPC. */
  readonly target: string;
  readonly onProgress?: (progress: { rowsDone: number; rowCount: number }) => void;
}

/**
 * Books the bank that comes with florin, for the very first start. Run again it changes nothing, so a first start that
 * was cut short may simply do it over.
 */
export async function importBundled({ target, onProgress }: ImportBundledOptions): Promise<ImportReport> {
  const client = connectFlorin({ ...reaching(target), timeoutMs: CALL_TIMEOUT_MS });
  try {
    const text = readBankFile(BUNDLED_FILE);
    return await importBerka({ client, text, book: DEFAULT_BOOK, onBadRow: 'stop', onProgress });
  } catch (error) {
    throw problemOf(error, target);
  } finally {
    client.close();
  }
}
