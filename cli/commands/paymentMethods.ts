import type { Command } from 'commander';
import type { StoredPaymentMethod } from '../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import { isoMoment, jsonInteger, type Json, shortMoment } from '../print/json.ts';
import { tableLines } from '../print/table.ts';
import { cannotRun } from '../problem.ts';
import { SHOP } from '../sample/story.ts';
import { methodTypeName, storedMethodStateName } from './names.ts';
import { itemsOf } from './pages.ts';
import { limit } from './payments.ts';
import { type BookOptions, bookOf, FRESH, type Session, withCore } from './session.ts';
import { bookCommand, readId } from './shape.ts';

const SHOWN_DEFAULT = 20;

interface ListOptions extends BookOptions {
  readonly merchant?: string;
  readonly customer?: string;
  readonly limit?: number;
  readonly json?: true;
}

export function addPaymentMethods(program: Command): void {
  bookCommand(program, 'payment-methods', {
    description: 'list the stored payment methods of a merchant, or of a customer, newest first',
    example: 'florin payment-methods --customer 0190a000-0000-7000-8000-000000000015 --book shop',
  })
    .option('--merchant <id>', 'all of this merchant', readId)
    .option('--customer <id>', 'those that are attached to this customer', readId)
    .addOption(limit())
    .action((options: ListOptions) => withCore(options, (session) => list(session, options)));
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { client, terminal } = session;
  const of = ofWhom(options);
  const most = options.limit ?? SHOWN_DEFAULT;
  const book = await bookOf(session, options, SHOP);
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.paymentMethods.listPaymentMethods({ book, of, freshness: FRESH, ...page });
    return { items: answer.paymentMethods, nextPageToken: answer.nextPageToken };
  };
  const methods: StoredPaymentMethod[] = [];
  for await (const one of itemsOf(fetch, most === 0 ? Infinity : most)) methods.push(one);
  if (options.json === true) return terminal.print(JSON.stringify(methods.map(paymentMethodJson)));
  if (methods.length === 0) return terminal.remark('There is no such payment method.');
  const lines = tableLines<StoredPaymentMethod>(
    [
      { title: 'CREATED (UTC)', text: ({ createdAt }) => shortMoment(createdAt) },
      { title: 'PAYMENT METHOD', text: ({ id }) => id },
      { title: 'TYPE', text: ({ type }) => methodTypeName(type) },
      { title: 'TOKEN', isFlexible: true, text: ({ token }) => token },
      { title: 'STATE', text: ({ state }) => storedMethodStateName(state) },
      { title: 'CUSTOMER', text: ({ customerId }) => customerId },
    ],
    methods,
    terminal,
  );
  for (const line of lines) await terminal.print(line);
  if (methods.length === most) terminal.remark(`The newest ${most}; --limit 0 shows all.`);
}

function ofWhom({ merchant, customer }: ListOptions) {
  if (merchant !== undefined && customer === undefined)
    return { case: 'merchantId', value: merchant } as const;
  if (customer !== undefined && merchant === undefined)
    return { case: 'customerId', value: customer } as const;
  throw cannotRun('whose? Name one of --merchant and --customer.');
}

/** A stored payment method as `--json` shows it. */
export function paymentMethodJson(method: StoredPaymentMethod): Json {
  const { id, merchantId, customerId, state, type, token, billingCountry, metadata } = method;
  return {
    id,
    merchant_id: merchantId,
    customer_id: customerId === '' ? null : customerId,
    state: storedMethodStateName(state),
    type: methodTypeName(type),
    token,
    billing_country: billingCountry === '' ? null : billingCountry,
    metadata,
    created_at: isoMoment(method.createdAt),
    version: jsonInteger(method.version),
    seq: jsonInteger(method.seq),
  };
}
