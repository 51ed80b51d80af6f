import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAccounts } from './commands/accounts.ts';
import { addAssets } from './commands/assets.ts';
import { addBalance } from './commands/balance.ts';
import { addBalanceTransactions } from './commands/balanceTransactions.ts';
import { addBooks } from './commands/books.ts';
import { addLogs } from './commands/logs.ts';
import { addMerchants } from './commands/merchants.ts';
import { addCustomers } from './commands/customers.ts';
import { addKeys } from './commands/keys.ts';
import { addPaymentLinks } from './commands/paymentLinks.ts';
import { addOperations } from './commands/operations.ts';
import { addPaymentMethods } from './commands/paymentMethods.ts';
import { addPayments } from './commands/payments.ts';
import { addProviders } from './commands/providers.ts';
import { addStatement } from './commands/statement.ts';
import { addTransactions } from './commands/transactions.ts';
import { addBerka } from './import/berka/command.ts';
import { addListen } from './merchant/listen.ts';
import { addEvents } from './merchant/tail.ts';
import { addTrigger } from './merchant/trigger.ts';
import { addOperate } from './operate/commands.ts';

const HELP = `
A first look, once "npm start" says that Florin is ready:
  florin accounts --prefix banks:
  florin balance customers:2378 --effective 1993-12-31
  florin statement customers:2378 --from 1993-12-01 --to 1993-12-31
  florin payments --limit 5
  florin sql "select code, posted_balance from accounts order by 2 limit 5"

The core is found at FLORIN_HOST (127.0.0.1) and FLORIN_GRPC_PORT (7400), or where --target says.
Exit codes: 0 done; 1 refused, malformed, not there, or a check failed; 2 wrong usage, or could not run.`;

/** All commands of florin. */
export function florinProgram(): Command {
  const program = new Command('florin')
    .description('A ledger and payments core: double entry over gRPC, books in plain Postgres.')
    .version(versionOfPackage())
    .showHelpAfterError('(florin --help shows all commands)')
    .addHelpText('after', HELP);
  addOperate(program);
  addBerka(program.command('import').description("book other systems' data"));
  addBooks(program);
  addAccounts(program);
  addBalance(program);
  addStatement(program);
  addTransactions(program);
  addPayments(program);
  addMerchants(program);
  addOperations(program);
  addBalanceTransactions(program);
  addCustomers(program);
  addPaymentMethods(program);
  addKeys(program);
  addPaymentLinks(program);
  addLogs(program);
  addEvents(program);
  addListen(program);
  addTrigger(program);
  addProviders(program);
  addAssets(program);
  return program;
}

function versionOfPackage(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
