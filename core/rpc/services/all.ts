import type { ServedService } from '../contract.ts';
import { accountService } from './accounts.ts';
import { assetService } from './assets.ts';
import { balanceService } from './balances.ts';
import { bookService } from './books.ts';
import type { ReadSide } from './freshness.ts';
import { proofService } from './proofs.ts';
import { statementService } from './statements.ts';
import { transactionService } from './transactions.ts';

/** Every service that Florin serves. A new one is one line here. */
export function florinServices(side: ReadSide): ServedService[] {
  return [
    assetService(side),
    bookService(side),
    accountService(side),
    transactionService(side),
    balanceService(side),
    statementService(side),
    proofService(side),
  ];
}
