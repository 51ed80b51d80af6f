export { importBundled, type ImportBundledOptions } from './bundled.ts';
export type { ImportReport } from './import.ts';
