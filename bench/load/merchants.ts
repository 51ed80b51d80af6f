import { type FlorinClient, uuidv7 } from '../../client/index.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import { WrongAnswer } from './answers.ts';

/** Their money becomes available two business days later: not while anything is measured. */
const SETTLEMENT_DAYS = 2;

/** Makes a book with merchants who are charged 2.9% and 30 cents a payment, and 20% of tax on that. */
export async function openMerchants(
  client: FlorinClient,
  { book, merchants }: { book: string; merchants: number },
): Promise<string[]> {
  await client.books.createBook({ name: book, description: 'payments under load' });
  const ids = Array.from({ length: merchants }, () => uuidv7());
  const { results } = await client.merchants.createMerchants({
    book,
    merchants: ids.map((id, i) => ({
      id,
      name: `Merchant ${i}`,
      country: 'DE',
      fees: [{ method: PaymentMethodType.UNSPECIFIED, currency: 'EUR', ppm: 29_000, fixed: 30n }],
      taxPpm: 200_000,
      taxJurisdiction: 'DE',
      settlementDays: SETTLEMENT_DAYS,
    })),
  });
  const done = results.filter(({ outcome }) => outcome.case === 'done').length;
  if (done !== merchants) throw new WrongAnswer(`of ${merchants} merchants only ${done} were made`);
  return ids;
}
