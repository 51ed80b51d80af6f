import { readFile } from 'node:fs/promises';
import { fromJsonString } from '@bufbuild/protobuf';
import { InvalidArgumentError, type Command } from 'commander';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import {
  type Merchant,
  type MerchantResult,
  RoutingSchema,
} from '../../gen/florin/payments/v1/merchants_pb.ts';
import { isNotFound } from '../coreErrors.ts';
import { tableLines } from '../print/table.ts';
import { refused, cannotRun } from '../problem.ts';
import { SHOP } from '../sample/story.ts';
import { feeOf, merchantJson, merchantLines, modeName, reserveOf, taxOf } from './merchantForms.ts';
import { itemsOf } from './pages.ts';
import { limit } from './payments.ts';
import { type BookOptions, bookOf, FRESH, type Session, withCore } from './session.ts';
import { bookCommand, choice, count, readId } from './shape.ts';

const MODES = { test: Mode.TEST, live: Mode.LIVE } as const;

const SHOWN_DEFAULT = 20;

interface ShowOptions extends BookOptions {
  readonly json?: true;
}

interface ListOptions extends ShowOptions {
  readonly limit?: number;
}

interface TermOptions extends ShowOptions {
  readonly id?: string;
  readonly fee?: NonNullable<ReturnType<typeof feeOf>>[];
  readonly tax?: NonNullable<ReturnType<typeof taxOf>>;
  readonly feesReturned?: boolean;
  readonly settlementDays?: number;
  readonly reserve?: NonNullable<ReturnType<typeof reserveOf>>;
  readonly routing?: string;
}

interface CreateOptions extends TermOptions {
  readonly name: string;
  readonly country: string;
  readonly mode?: Mode;
}

interface UpdateOptions extends TermOptions {
  readonly name?: string;
}

export function addMerchants(program: Command): void {
  const merchants = program
    .command('merchants')
    .description('whose payments they are, and what is agreed with them');
  bookCommand(merchants, 'show', {
    description: 'print a merchant: what it is charged, what is kept back, and the terms of before',
    example: 'florin merchants show 0190a000-0000-7000-8000-000000000011 --book shop',
  })
    .argument('<id>', "the merchant's id", readId)
    .action((id: string, options: ShowOptions) =>
      withCore(options, async (session) =>
        show(session, { id, book: await bookOf(session, options, SHOP) }, options),
      ),
    );
  bookCommand(merchants, 'list', {
    description: 'list the merchants of a book, newest first',
    example: 'florin merchants list --book shop',
  })
    .addOption(limit())
    .action((options: ListOptions) => withCore(options, (session) => listMerchants(session, options)));
  const create = bookCommand(merchants, 'create', {
    description: 'make a merchant in a book, and the book with it where there is none of that name',
    example:
      'florin merchants create --book chairs --name "Chairs GmbH" --country DE --fee card:EUR:25000:30',
  })
    .requiredOption('--name <text>', 'its name, 1 to 200 characters')
    .requiredOption('--country <code>', 'ISO 3166-1 alpha-2, such as DE')
    .addOption(choice('--mode <mode>', 'whether real money moves, for ever; default test', MODES));
  withTerms(create, "the merchant's id, to say the same again (default: a new one)").action(
    (options: CreateOptions) => withCore(options, (session) => createOne(session, options)),
  );
  const change = bookCommand(merchants, 'update', {
    description: 'change a merchant; payments that are there already keep their terms',
    example:
      'florin merchants update 0190a000-0000-7000-8000-000000000011 --book shop --fee card:EUR:25000:30 --reserve 100000:180',
  })
    .argument('<id>', "the merchant's id", readId)
    .option('--name <text>', 'another name');
  withTerms(change, "the change's id, to say the same again (default: a new one)").action(
    (merchant: string, options: UpdateOptions) =>
      withCore(options, (session) => update(session, merchant, options)),
  );
}

/** What is agreed with a merchant is said in the same options when it is made and when it is changed. */
function withTerms(command: Command, id: string): Command {
  return command
    .option(
      '--fee <method:currency:ppm:fixed[:cap]>',
      'a fee rule; give it once a rule, together they are all there are; * for every method; minor units',
      (text: string, before?: TermOptions['fee']) => [...(before ?? []), checked(feeOf, text)],
    )
    .option('--tax <ppm:jurisdiction>', 'the tax on fees', (text) => checked(taxOf, text))
    .addOption(choice('--fees-returned <yes|no>', 'whether refunds give fees back', { yes: true, no: false }))
    .addOption(count('--settlement-days <n>', 'business days until money is available', { min: 0, max: 60 }))
    .option('--reserve <ppm:days>', 'what is kept back, and for how long; 0:0 for nothing', (text) =>
      checked(reserveOf, text),
    )
    .option('--routing <file>', 'the whole routing, as JSON of florin.payments.v1.Routing')
    .option('--id <uuid>', id);
}

/** What cannot be read is the caller's to put right, before anything is sent. */
function checked<T>(read: (text: string) => T | undefined, text: string): T {
  const value = read(text);
  if (value === undefined) throw new InvalidArgumentError(`"${text}" is not of that form.`);
  return value;
}

async function show(
  { client, terminal }: Session,
  { id, book }: { id: string; book: string },
  { json }: ShowOptions,
): Promise<void> {
  const { merchant } = await client.merchants.getMerchant({ book, merchantId: id, freshness: FRESH });
  if (merchant === undefined) throw new Error('the core answered without a merchant');
  if (json === true) return terminal.print(JSON.stringify(merchantJson(merchant)));
  for (const line of merchantLines(merchant)) await terminal.print(line);
}

async function listMerchants(session: Session, options: ListOptions): Promise<void> {
  const { client, terminal } = session;
  const most = options.limit ?? SHOWN_DEFAULT;
  const book = await bookOf(session, options, SHOP);
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.merchants.listMerchants({ book, freshness: FRESH, ...page });
    return { items: answer.merchants, nextPageToken: answer.nextPageToken };
  };
  const merchants: Merchant[] = [];
  for await (const one of itemsOf(fetch, most === 0 ? Infinity : most)) merchants.push(one);
  if (options.json === true) return terminal.print(JSON.stringify(merchants.map(merchantJson)));
  if (merchants.length === 0) return terminal.remark(`Book ${book} has no merchant.`);
  const lines = tableLines<Merchant>(
    [
      { title: 'MERCHANT', text: ({ id }) => id },
      { title: 'NAME', isFlexible: true, text: ({ name }) => name },
      { title: 'COUNTRY', text: ({ country }) => country },
      { title: 'MODE', text: modeName },
      { title: 'TERMS', text: ({ termsNumber }) => String(termsNumber) },
    ],
    merchants,
    terminal,
  );
  for (const line of lines) await terminal.print(line);
  if (merchants.length === most) terminal.remark(`The newest ${most}; --limit 0 shows all.`);
}

async function createOne(session: Session, options: CreateOptions): Promise<void> {
  const { client } = session;
  const { fee, tax, feesReturned, settlementDays, reserve, routing } = options;
  const { uuidv7 } = await import('../../client/index.ts');
  const merchant = {
    id: options.id ?? uuidv7(),
    name: options.name,
    country: options.country,
    ...(options.mode === undefined ? {} : { mode: options.mode }),
    ...(fee === undefined ? {} : { fees: fee }),
    ...(tax === undefined ? {} : { taxPpm: tax.ppm, taxJurisdiction: tax.jurisdiction }),
    ...(feesReturned === undefined ? {} : { feesReturned }),
    ...(settlementDays === undefined ? {} : { settlementDays }),
    ...(reserve === undefined ? {} : { reserve }),
    ...(routing === undefined ? {} : { routing: await routingIn(routing) }),
  };
  const book = await bookOf(session, options, SHOP);
  await openBook(client, book);
  const { outcome } = await client.merchants.createMerchant(book, merchant);
  agreed(outcome);
  await show(session, { id: merchant.id, book }, options);
}

async function openBook(client: Session['client'], name: string): Promise<void> {
  try {
    await client.books.getBook({ name });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.books.createBook({ name });
  }
}

async function update(session: Session, merchantId: string, options: UpdateOptions): Promise<void> {
  const { client } = session;
  const change = await changeOf(options);
  if (Object.keys(change).length === 0)
    throw cannotRun('nothing to change was said; --help shows what can be.');
  const book = await bookOf(session, options, SHOP);
  const { uuidv7 } = await import('../../client/index.ts');
  const item = { id: options.id ?? uuidv7(), merchantId, ...change };
  const { outcome } = await client.merchants.updateMerchant(book, item);
  agreed(outcome);
  await show(session, { id: merchantId, book }, options);
}

function agreed(outcome: MerchantResult['outcome']): void {
  if (outcome.case === 'done') return;
  const { reason, field } = outcome.value ?? { reason: 'no outcome', field: '' };
  throw refused(`it was refused: ${reason}${field === '' ? '' : ` (${field})`}; see docs/errors.md.`);
}

async function changeOf(options: UpdateOptions) {
  const { name, fee, tax, feesReturned, settlementDays, reserve, routing } = options;
  return {
    ...(name === undefined ? {} : { name }),
    ...(fee === undefined ? {} : { fees: { rules: fee } }),
    ...(tax === undefined ? {} : { tax }),
    ...(feesReturned === undefined ? {} : { feesReturned }),
    ...(settlementDays === undefined ? {} : { settlementDays }),
    ...(reserve === undefined ? {} : { reserve }),
    ...(routing === undefined ? {} : { routing: await routingIn(routing) }),
  };
}

async function routingIn(file: string) {
  try {
    return fromJsonString(RoutingSchema, await readFile(file, 'utf8'));
  } catch (error) {
    throw cannotRun(`the routing in ${file} cannot be read: ${(error as Error).message}`);
  }
}
