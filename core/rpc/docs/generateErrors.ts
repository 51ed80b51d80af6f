import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorsDocument } from './errorsDocument.ts';

/** Run by hand after a change of the registry: node core/rpc/docs/generateErrors.ts */
writeFileSync(join(import.meta.dirname, '../../../docs/errors.md'), errorsDocument());
