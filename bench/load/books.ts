import { type FlorinClient } from '../../client/index.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { AccountIds } from './accountIds.ts';

/** As many as one call may open. */
const BATCH = 8_192;
/** Batches on their way at once. */
const IN_FLIGHT = 3;

/** Makes a book with this many accounts in EUR without limits, half of either normal side. */
export async function openBook(
  client: FlorinClient,
  { book, accounts }: { book: string; accounts: number },
): Promise<AccountIds> {
  await client.books.createBook({ name: book, description: 'load' });
  const ids = new AccountIds(accounts);
  let opened = 0;
  const openOn = async (): Promise<void> => {
    while (opened < accounts) {
      const first = opened;
      opened = Math.min(opened + BATCH, accounts);
      await openBatch(client, { book, ids, first, end: opened });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, openOn));
  return ids;
}

async function openBatch(
  client: FlorinClient,
  { book, ids, first, end }: { book: string; ids: AccountIds; first: number; end: number },
): Promise<void> {
  const accounts = Array.from({ length: end - first }, (_, i) => ({
    id: ids.at(first + i),
    code: `load:${first + i}`,
    asset: 'EUR',
    normalSide: (first + i) % 2 === 0 ? NormalSide.CREDIT : NormalSide.DEBIT,
  }));
  const { results } = await client.accounts.createAccounts({ book, accounts }, { timeoutMs: 60_000 });
  const done = results.filter(({ outcome }) => outcome.case === 'done').length;
  if (done !== accounts.length) throw new Error(`of ${accounts.length} accounts only ${done} were opened`);
}
