import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { paymentsDocument } from './paymentsDocument.ts';

/** Run by hand after a change of the tables of states: node core/rpc/docs/generatePayments.ts */
const file = join(import.meta.dirname, '../../../docs/payments.md');
writeFileSync(file, paymentsDocument(readFileSync(file, 'utf8')));
