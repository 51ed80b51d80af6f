import type { Command } from 'commander';
import type { Customer } from '../../gen/florin/payments/v1/customers_pb.ts';
import { isoMoment, jsonInteger, type Json, shortMoment } from '../print/json.ts';
import { tableLines } from '../print/table.ts';
import { SHOP } from '../sample/story.ts';
import { itemsOf } from './pages.ts';
import { limit } from './payments.ts';
import { type BookOptions, bookOf, FRESH, type Session, withCore } from './session.ts';
import { bookCommand, readId } from './shape.ts';

const SHOWN_DEFAULT = 20;

interface CustomersOptions extends BookOptions {
  readonly merchant?: string;
  readonly reference?: string;
  readonly limit?: number;
  readonly json?: true;
}

export function addCustomers(program: Command): void {
  bookCommand(program, 'customers', {
    description: 'list the customers of a book, newest first',
    example: 'florin customers --book shop',
  })
    .option('--merchant <id>', 'only those of this merchant', readId)
    .option('--reference <text>', 'only with exactly this reference')
    .addOption(limit())
    .action((options: CustomersOptions) => withCore(options, (session) => listCustomers(session, options)));
}

async function listCustomers(session: Session, options: CustomersOptions): Promise<void> {
  const { client, terminal } = session;
  const most = options.limit ?? SHOWN_DEFAULT;
  const filter = { merchantId: options.merchant ?? '', reference: options.reference ?? '' };
  const book = await bookOf(session, options, SHOP);
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.customers.listCustomers({ book, ...filter, freshness: FRESH, ...page });
    return { items: answer.customers, nextPageToken: answer.nextPageToken };
  };
  const customers: Customer[] = [];
  for await (const one of itemsOf(fetch, most === 0 ? Infinity : most)) customers.push(one);
  if (options.json === true) return terminal.print(JSON.stringify(customers.map(customerJson)));
  if (customers.length === 0) return terminal.remark(`Book ${book} has no such customer.`);
  const lines = tableLines<Customer>(
    [
      { title: 'CREATED (UTC)', text: ({ createdAt }) => shortMoment(createdAt) },
      { title: 'CUSTOMER', text: ({ id }) => id },
      { title: 'NAME', isFlexible: true, text: ({ name }) => name },
      { title: 'EMAIL', isFlexible: true, text: ({ email }) => email },
      { title: 'REFERENCE', isFlexible: true, text: ({ reference }) => reference },
      { title: 'MERCHANT', text: ({ merchantId }) => merchantId },
    ],
    customers,
    terminal,
  );
  for (const line of lines) await terminal.print(line);
  if (customers.length === most) terminal.remark(`The newest ${most}; --limit 0 shows all.`);
}

/** A customer as `--json` shows it. */
export function customerJson(customer: Customer): Json {
  const { id, merchantId, name, email, description, reference, metadata } = customer;
  return {
    id,
    merchant_id: merchantId,
    name,
    email,
    description,
    reference,
    metadata,
    created_at: isoMoment(customer.createdAt),
    version: jsonInteger(customer.version),
    seq: jsonInteger(customer.seq),
  };
}
