import type { Command } from 'commander';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { type PaymentLink, PaymentLinkState } from '../../gen/florin/payments/v1/payment_links_pb.ts';
import { isoMoment, type Json, jsonInteger, shortMoment } from '../print/json.ts';
import { formatAmount } from '../print/money.ts';
import { tableLines } from '../print/table.ts';
import { cannotRun, refused } from '../problem.ts';
import { SHOP } from '../sample/story.ts';
import { itemsOf } from './pages.ts';
import { amountOf, metadataEntry } from './paymentChanges.ts';
import { limit } from './payments.ts';
import { type BookOptions, bookOf, FRESH, scaleReader, type Session, withCore } from './session.ts';
import { bookCommand, readId } from './shape.ts';

const SHOWN_DEFAULT = 20;

interface ListOptions extends BookOptions {
  readonly merchant?: string;
  readonly active?: true;
  readonly limit?: number;
  readonly json?: true;
}

interface CreateOptions extends BookOptions {
  readonly merchant: string;
  readonly amount: string;
  readonly currency: string;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly id?: string;
  readonly json?: true;
}

export function addPaymentLinks(program: Command): void {
  const links = program
    .command('payment-links')
    .description('pages of the edge on which somebody pays an amount');
  bookCommand(links, 'list', {
    description: 'list the payment links of a book, newest first',
    example: 'florin payment-links list --book shop',
  })
    .option('--merchant <id>', 'only those of this merchant', readId)
    .option('--active', 'only those that take payments')
    .addOption(limit())
    .action((options: ListOptions) => withCore(options, (session) => list(session, options)));
  bookCommand(links, 'create', {
    description: 'make a payment link, and print where the edge shows it; of test mode alone',
    example:
      'florin payment-links create --book shop --merchant 0190a000-0000-7000-8000-000000000011 ' +
      '--amount 19.99 --currency EUR --description "A mug"',
  })
    .requiredOption('--merchant <id>', 'the merchant who is paid', readId)
    .requiredOption('--amount <amount>', 'how much, in the units of the currency: 19.99')
    .requiredOption('--currency <code>', 'ISO 4217')
    .option('--description <text>', 'what is paid for: payers read it')
    .option('--metadata <key=value>', 'an entry; give it once an entry', metadataEntry)
    .option('--id <uuid>', "the link's id, to say the same again (default: a new one)")
    .action((options: CreateOptions) => withCore(options, (session) => create(session, options)));
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { client, terminal } = session;
  const most = options.limit ?? SHOWN_DEFAULT;
  const book = await bookOf(session, options, SHOP);
  const state = options.active === true ? PaymentLinkState.ACTIVE : PaymentLinkState.UNSPECIFIED;
  const asked = { book, merchantId: options.merchant ?? '', state, freshness: FRESH };
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.paymentLinks.listPaymentLinks({ ...asked, ...page });
    return { items: answer.paymentLinks, nextPageToken: answer.nextPageToken };
  };
  const links: PaymentLink[] = [];
  for await (const one of itemsOf(fetch, most === 0 ? Infinity : most)) links.push(one);
  if (options.json === true) return terminal.print(JSON.stringify(links.map(linkJson)));
  if (links.length === 0) return terminal.remark(`Book ${book} has no such payment link.`);
  const scaleOf = scaleReader(session);
  const scales = new Map<string, number>();
  for (const { amount } of links) scales.set(amount?.asset ?? '', await scaleOf(amount?.asset ?? ''));
  const lines = tableLines<PaymentLink>(
    [
      { title: 'CREATED (UTC)', text: ({ createdAt }) => shortMoment(createdAt) },
      { title: 'LINK', text: ({ id }) => id },
      {
        title: 'AMOUNT',
        align: 'right',
        text: ({ amount }) => formatAmount(amount?.minorUnits ?? 0n, scales.get(amount?.asset ?? '') ?? 0),
      },
      { title: 'CURRENCY', text: ({ amount }) => amount?.asset ?? '' },
      { title: 'STATE', text: ({ state: one }) => (one === PaymentLinkState.ACTIVE ? 'active' : 'inactive') },
      { title: 'DESCRIPTION', isFlexible: true, text: ({ description }) => description },
    ],
    links,
    terminal,
  );
  for (const line of lines) await terminal.print(line);
  if (links.length === most) terminal.remark(`The newest ${most}; --limit 0 shows all.`);
}

async function create(session: Session, options: CreateOptions): Promise<void> {
  const { client, terminal } = session;
  const { merchant: merchantId, description = '', metadata = {} } = options;
  const book = await bookOf(session, options, SHOP);
  const { merchant } = await client.merchants.getMerchant({ book, merchantId, freshness: FRESH });
  // The page of a link has no field for real cards.
  if (merchant?.mode === Mode.LIVE)
    throw cannotRun(`merchant ${merchantId} takes real money: payment links are of test mode alone.`);
  const asset = options.currency.toUpperCase();
  const minorUnits = await amountOf(session, options.amount, asset);
  const { uuidv7 } = await import('../../client/index.ts');
  const id = options.id ?? uuidv7();
  const link = { id, merchantId, mode: Mode.TEST, amount: { minorUnits, asset }, description, metadata };
  const { results } = await client.paymentLinks.createPaymentLinks({ book, paymentLinks: [link] });
  const { outcome } = results[0];
  if (outcome.case === 'refused') throw refused(`${outcome.value.reason}: ${outcome.value.message}`);
  if (options.json === true) return terminal.print(JSON.stringify({ id, path: pathOf(book, id) }));
  await terminal.print(pathOf(book, id));
  terminal.remark(`Payment link ${id}. The edge shows it at this path.`);
}

function pathOf(book: string, id: string): string {
  return `/pay/${encodeURIComponent(book)}/plink_${id.toLowerCase().replaceAll('-', '')}`;
}

/** A payment link as `--json` shows it. */
function linkJson(link: PaymentLink): Json {
  const { id, book, merchantId, mode, state, amount, description, metadata } = link;
  return {
    id,
    merchant_id: merchantId,
    mode: mode === Mode.LIVE ? 'live' : 'test',
    state: state === PaymentLinkState.ACTIVE ? 'active' : 'inactive',
    amount: jsonInteger(amount?.minorUnits ?? 0n),
    currency: amount?.asset ?? '',
    description,
    metadata,
    path: pathOf(book, id),
    created_at: isoMoment(link.createdAt),
    version: jsonInteger(link.version),
    seq: jsonInteger(link.seq),
  };
}
