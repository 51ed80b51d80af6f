import { openMerchants } from '../load/merchants.ts';
import { PaymentLoad } from '../load/payments.ts';
import { PaymentBooks } from '../measure/paymentBooks.ts';
import type { Bar } from '../report/result.ts';
import type { Ground } from './ground.ts';

const MERCHANTS = 100;
const SETTLE_LIMIT_MS = 120_000;

/** Payments of a hundred merchants in a book of the run's own. */
export async function paymentLoad({ client, book, draw }: Ground): Promise<PaymentLoad> {
  const merchants = await openMerchants(client, { book, merchants: MERCHANTS });
  return new PaymentLoad({ client, book, merchants, draw });
}

/** Makes so many payments in batches, with a few batches under way at once. */
export async function inBatches(
  count: number,
  { most, underWay }: { most: number; underWay: number },
  make: (count: number) => Promise<void>,
): Promise<void> {
  let left = count;
  const maker = async (): Promise<void> => {
    while (left > 0) {
      const next = Math.min(left, most);
      left -= next;
      await make(next);
    }
  };
  await Promise.all(Array.from({ length: underWay }, maker));
}

/** Looks at the payments of a core with SQL. */
export async function withBooks<T>({ core }: Ground, look: (books: PaymentBooks) => Promise<T>): Promise<T> {
  const books = await PaymentBooks.open(core.databaseUrl);
  try {
    return await look(books);
  } finally {
    await books.close();
  }
}

/** Waits until nothing is open, and compares the provider's books with ours. */
export async function mismatchesOf(ground: Ground): Promise<number> {
  const { core, tell } = ground;
  await core.operations.caughtUp();
  return withBooks(ground, async (books) => {
    await books.untilSettled({ limitMs: SETTLE_LIMIT_MS });
    await core.operations.caughtUp();
    const mismatches = await books.mismatches(core.simulator.report());
    tell(`the provider's books and ours differ in ${mismatches} places`);
    return mismatches;
  });
}

export function agreementBar(mismatches: number): Bar {
  return {
    what: "differences between the provider's books and ours",
    value: mismatches,
    most: 0,
    atAnySize: true,
  };
}
