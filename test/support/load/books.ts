import { randomUUID } from 'node:crypto';
import { type Florin, uuidv7 } from '../../../client/index.ts';
import { NormalSide } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import type { Asked, Movement } from './clientLedger.ts';
import type { Draw } from './draw.ts';

/** Few, so that they meet each other's changes. */
const CUSTOMERS = 12;
/** A customer rarely holds as much: some transfers are refused for want of money. */
const TRANSFER_MAX = 2_000;

/** A book with a source of money, customers who cannot overdraw, and an account that is closed. */
export interface LoadedBook {
  readonly name: string;
  readonly shard: number;
  readonly world: string;
  readonly customers: readonly string[];
  readonly closed: string;
}

export async function openBook(
  florin: Florin,
  name: string,
  shard: number,
  customers = CUSTOMERS,
): Promise<LoadedBook> {
  await florin.books.createBook({ name, shard });
  const book = {
    name,
    shard,
    world: uuidv7(),
    closed: uuidv7(),
    customers: Array.from({ length: customers }, () => uuidv7()),
  };
  const open = (id: string, code: string) => ({ id, code, asset: 'EUR', normalSide: NormalSide.CREDIT });
  const opened = await florin.accounts.createAccounts({
    book: name,
    accounts: [
      { ...open(book.world, 'world'), normalSide: NormalSide.DEBIT },
      open(book.closed, 'closed'),
      ...book.customers.map((id, i) => ({ ...open(id, `customers:${i}`), limits: { availableFloor: 0n } })),
    ],
  });
  const closed = await florin.accounts.closeAccounts({
    book: name,
    closures: [{ id: uuidv7(), accountId: book.closed }],
  });
  for (const { outcome } of [...opened.results, ...closed.results])
    if (outcome.case !== 'done') throw new Error(`the book was not opened: ${JSON.stringify(outcome)}`);
  return book;
}

/** Mostly deposits, then transfers that may find too little, and some that cannot be booked at all. */
export function drawTransfer(draw: Draw, book: LoadedBook): Extract<Asked, { op: 'create' }> {
  const postings = [drawMovement(draw, book)];
  while (draw.unit() < 0.1) postings.push(drawMovement(draw, book));
  // Ids without a stamp take another way through the core than those with one.
  const id = draw.unit() < 0.2 ? randomUUID() : uuidv7();
  const reference = draw.unit() < 0.1 ? `order ${draw.from(1, 1_000)}` : '';
  return { op: 'create', item: { id, postings, pending: false, reference } };
}

function drawMovement(draw: Draw, book: LoadedBook): Movement {
  const kind = draw.unit();
  const creditAccount = draw.oneOf(book.customers);
  const amount = BigInt(draw.from(1, TRANSFER_MAX));
  if (kind < 0.02) return { debitAccount: book.world, creditAccount: book.closed, amount };
  if (kind < 0.04) return { debitAccount: book.world, creditAccount: randomUUID(), amount };
  if (kind < 0.55) return { debitAccount: book.world, creditAccount, amount: amount / 2n + 1n };
  const debitAccount = draw.oneOf(book.customers.filter((id) => id !== creditAccount));
  return { debitAccount, creditAccount, amount };
}

export function drawHold(draw: Draw, book: LoadedBook): Extract<Asked, { op: 'create' }> {
  const creditAccount = draw.oneOf(book.customers);
  const others = [book.world, ...book.customers].filter((id) => id !== creditAccount);
  const amount = BigInt(draw.from(2, 500));
  return {
    op: 'create',
    item: {
      id: uuidv7(),
      postings: [{ debitAccount: draw.oneOf(others), creditAccount, amount }],
      pending: true,
      reference: '',
    },
  };
}

/** What becomes of a hold: posted in full, in two parts, in part with the rest released, voided, or left as it is. */
export function drawEnd(draw: Draw, hold: { id: string; amount: bigint }): Asked[] {
  const target = { transactionId: hold.id };
  const post = (amount: bigint, keepOpen: boolean): Asked => ({
    op: 'post',
    item: { ...target, id: uuidv7(), amounts: [{ posting: 0, amount }], keepOpen },
  });
  const part = hold.amount / 2n;
  switch (draw.from(0, 5)) {
    case 0:
      return [];
    case 1:
      return [{ op: 'void', item: { ...target, id: uuidv7() } }];
    case 2:
      return [post(part, true), post(hold.amount - part, false)];
    case 3:
      return [post(part, false)];
    case 4:
      // The second is refused: more than what is still held.
      return [post(part, true), post(hold.amount, false)];
    default:
      return [post(hold.amount, false)];
  }
}

export function reversalOf(create: { id: string; amount: bigint }): Asked {
  return {
    op: 'reverse',
    item: { id: uuidv7(), transactionId: create.id, amounts: [{ posting: 0, amount: create.amount }] },
  };
}
