import { uuidv7 } from '../../../client/index.ts';
import { type FlorinOptions, settingsOf } from '../../../client/options.ts';
import { serviceClient, type ServiceClient } from '../../../client/services/serviceClient.ts';
import { Channels } from '../../../client/transport/channels.ts';
import { BookService } from '../../../gen/florin/ledger/v1/books_pb.ts';
import { MerchantService } from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentIntentService } from '../../../gen/florin/payments/v1/payment_intents_pb.ts';
import { RefundService } from '../../../gen/florin/payments/v1/refunds_pb.ts';

/** Payments over gRPC, as the contract has them: batches, and nothing gathered. */
export interface PaymentsClient {
  readonly books: ServiceClient<typeof BookService>;
  readonly merchants: ServiceClient<typeof MerchantService>;
  readonly intents: ServiceClient<typeof PaymentIntentService>;
  readonly refunds: ServiceClient<typeof RefundService>;
  close(): void;
}

export function connectPayments(options: FlorinOptions): PaymentsClient {
  const settings = settingsOf(options);
  const channels = new Channels(settings);
  return {
    books: serviceClient(BookService, channels, settings),
    merchants: serviceClient(MerchantService, channels, settings),
    intents: serviceClient(PaymentIntentService, channels, settings),
    refunds: serviceClient(RefundService, channels, settings),
    close: () => channels.close(),
  };
}

/** A book with one merchant that payments are made for. */
export interface Shop {
  readonly book: string;
  readonly merchant: string;
}

/** Makes a book and a merchant who is charged 2.5 % and 40 a payment, and 20 % tax on that. */
export async function openShop(
  client: PaymentsClient,
  book: string,
  more: { shard?: number; feesReturned?: boolean; settlementDays?: number; attemptsMax?: number } = {},
): Promise<Shop> {
  const { shard, feesReturned = false, settlementDays = 2, attemptsMax = 3 } = more;
  await client.books.createBook({ name: book, ...(shard === undefined ? {} : { shard }) });
  const merchant = uuidv7();
  const { results } = await client.merchants.createMerchants({
    book,
    merchants: [
      {
        id: merchant,
        name: `The shop of ${book}`,
        country: 'DE',
        fees: [{ currency: 'EUR', ppm: 25_000, fixed: 40n }],
        taxPpm: 200_000,
        taxJurisdiction: 'DE',
        feesReturned,
        settlementDays,
        routing: { attemptsMax },
      },
    ],
  });
  if (results[0].outcome.case !== 'done') throw new Error(JSON.stringify(results[0].outcome));
  return { book, merchant };
}
