import type { Command } from 'commander';
import { type ApiKey, ApiKeyKind, type ApiKeyResult, Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { isoMoment, type Json, shortMoment } from '../print/json.ts';
import { tableLines } from '../print/table.ts';
import { refused } from '../problem.ts';
import { SHOP } from '../sample/story.ts';
import { itemsOf } from './pages.ts';
import { type BookOptions, bookOf, FRESH, type Session, withCore } from './session.ts';
import { bookCommand, choice, count, readId } from './shape.ts';

interface ListOptions extends BookOptions {
  readonly merchant?: string;
  readonly json?: true;
}

interface CreateOptions extends BookOptions {
  readonly merchant: string;
  readonly mode?: 'test' | 'live';
  readonly publishable?: true;
  readonly scope?: readonly string[];
  readonly name?: string;
  readonly json?: true;
}

interface EndOptions extends BookOptions {
  readonly after?: number;
  readonly json?: true;
}

const WEEK_HOURS = 168;
const MODES: Readonly<Record<Mode, string>> = {
  [Mode.UNSPECIFIED]: '',
  [Mode.TEST]: 'test',
  [Mode.LIVE]: 'live',
};
const KINDS: Readonly<Record<ApiKeyKind, string>> = {
  [ApiKeyKind.UNSPECIFIED]: '',
  [ApiKeyKind.SECRET]: 'secret',
  [ApiKeyKind.PUBLISHABLE]: 'publishable',
};

export function addKeys(program: Command): void {
  const keys = program.command('keys').description("the API keys that merchants' requests come with");
  bookCommand(keys, 'list', {
    description: 'list the keys of a book, newest first; secrets are known to nobody',
    example: 'florin keys list --book shop',
  })
    .option('--merchant <id>', 'only those of this merchant', readId)
    .action((options: ListOptions) => withCore(options, (session) => list(session, options)));
  bookCommand(keys, 'create', {
    description: 'make a key, and print its secret: this once',
    example: 'florin keys create --book shop --merchant 0190a000-0000-7000-8000-000000000011',
  })
    .requiredOption('--merchant <id>', 'the merchant for whom it acts')
    .addOption(
      choice('--mode <mode>', 'whether real money moves: that of the merchant, which is the default', {
        test: 'test',
        live: 'live',
      }),
    )
    .option('--publishable', 'for a browser, and not for a server')
    .option(
      '--scope <resource:access>',
      'what it may do, for example refunds:write; give it once a scope (default: everything)',
      (scope: string, before: CreateOptions['scope']) => [...(before ?? []), scope],
    )
    .option('--name <text>', 'what people call it')
    .action((options: CreateOptions) => withCore(options, (session) => create(session, options)));
  bookCommand(keys, 'roll', {
    description: 'make a successor of a key, and end the key after a while',
    example: 'florin keys roll 0190a000-0000-7000-8000-000000000012 --book shop --after 24',
  })
    .argument('<id>', "the key's id", readId)
    .addOption(
      count('--after <hours>', 'for how long the old one is still good', { min: 0, max: WEEK_HOURS }),
    )
    .action((id: string, options: EndOptions) => withCore(options, (session) => roll(session, id, options)));
  bookCommand(keys, 'revoke', {
    description: 'end a key, at once unless --after says otherwise',
    example: 'florin keys revoke 0190a000-0000-7000-8000-000000000012 --book shop',
  })
    .argument('<id>', "the key's id", readId)
    .addOption(count('--after <hours>', 'for how long it is still good', { min: 0, max: WEEK_HOURS }))
    .action((id: string, options: EndOptions) =>
      withCore(options, (session) => revoke(session, id, options)),
    );
}

async function keysOf({ client }: Session, book: string, merchantId: string): Promise<ApiKey[]> {
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.apiKeys.listApiKeys({ book, merchantId, freshness: FRESH, ...page });
    return { items: answer.apiKeys, nextPageToken: answer.nextPageToken };
  };
  const keys: ApiKey[] = [];
  for await (const one of itemsOf(fetch, Infinity)) keys.push(one);
  return keys;
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { terminal } = session;
  const book = await bookOf(session, options, SHOP);
  const keys = await keysOf(session, book, options.merchant ?? '');
  if (options.json === true) return terminal.print(JSON.stringify(keys.map(keyJson)));
  if (keys.length === 0) return terminal.remark(`Book ${book} has no such key.`);
  const lines = tableLines<ApiKey>(
    [
      { title: 'CREATED (UTC)', text: ({ createdAt }) => shortMoment(createdAt) },
      { title: 'KEY', text: ({ id }) => id },
      { title: 'SECRET', text: ({ mode, kind, secretSuffix }) => `${prefixOf(kind, mode)}..${secretSuffix}` },
      { title: 'SCOPES', isFlexible: true, text: ({ scopes }) => scopes.join(' ') || 'everything' },
      { title: 'NAME', isFlexible: true, text: ({ name }) => name },
      {
        title: 'ENDS (UTC)',
        text: ({ revokedAt }) => (revokedAt === undefined ? '' : shortMoment(revokedAt)),
      },
      { title: 'MERCHANT', text: ({ merchantId }) => merchantId },
    ],
    keys,
    terminal,
  );
  for (const line of lines) await terminal.print(line);
}

async function create(session: Session, options: CreateOptions): Promise<void> {
  const book = await bookOf(session, options, SHOP);
  const kind = options.publishable === true ? 'publishable' : 'secret';
  const { merchant, scope: scopes = [], name = '' } = options;
  const mode = options.mode ?? (await modeOf(session, book, merchant));
  await make(session, { book, merchant, mode, kind, scopes, name }, options);
}

async function modeOf({ client }: Session, book: string, merchantId: string): Promise<'test' | 'live'> {
  const { merchant } = await client.merchants.getMerchant({ book, merchantId, freshness: FRESH });
  return merchant?.mode === Mode.LIVE ? 'live' : 'test';
}

interface Wanted {
  readonly book: string;
  readonly merchant: string;
  readonly mode: 'test' | 'live';
  readonly kind: 'secret' | 'publishable';
  readonly scopes: readonly string[];
  readonly name: string;
}

async function make(
  { client, terminal }: Session,
  { book, merchant, mode, kind, scopes, name }: Wanted,
  { json }: { json?: true },
): Promise<void> {
  const { newApiKeySecret, uuidv7 } = await import('../../client/index.ts');
  const { secret, ...hash } = newApiKeySecret({ kind, mode });
  const id = uuidv7();
  const { outcome } = await client.apiKeys.createApiKey(book, {
    id,
    merchantId: merchant,
    mode: mode === 'live' ? Mode.LIVE : Mode.TEST,
    kind: kind === 'secret' ? ApiKeyKind.SECRET : ApiKeyKind.PUBLISHABLE,
    scopes: [...scopes],
    name,
    ...hash,
  });
  expectDone(outcome);
  if (json === true) return terminal.print(JSON.stringify({ id, secret }));
  await terminal.print(secret);
  terminal.remark(`Key ${id}. Its secret is not shown again.`);
}

async function roll(session: Session, id: string, options: EndOptions): Promise<void> {
  const book = await bookOf(session, options, SHOP);
  const key = (await keysOf(session, book, '')).find((one) => one.id === id.toLowerCase());
  if (key === undefined) throw refused(`book ${book} has no key ${id}.`);
  const { merchantId: merchant, scopes, name } = key;
  const mode = key.mode === Mode.LIVE ? 'live' : 'test';
  const kind = key.kind === ApiKeyKind.PUBLISHABLE ? 'publishable' : 'secret';
  await make(session, { book, merchant, mode, kind, scopes, name }, options);
  await end(session, { book, id, after: options.after });
}

async function revoke(session: Session, id: string, options: EndOptions): Promise<void> {
  const book = await bookOf(session, options, SHOP);
  await end(session, { book, id, after: options.after });
  if (options.json === true) return session.terminal.print(JSON.stringify({ id }));
  session.terminal.remark(`Key ${id} ${options.after === undefined ? 'is' : 'will be'} refused.`);
}

async function end(
  { client }: Session,
  { book, id, after = 0 }: { book: string; id: string; after: number | undefined },
): Promise<void> {
  const { uuidv7 } = await import('../../client/index.ts');
  const revocation = { id: uuidv7(), apiKeyId: id, afterSeconds: BigInt(after * 3_600) };
  const { outcome } = await client.apiKeys.revokeApiKey(book, revocation);
  expectDone(outcome);
}

function expectDone(outcome: ApiKeyResult['outcome']): void {
  if (outcome.case === 'refused') throw refused(`${outcome.value.reason}: ${outcome.value.message}`);
}

function prefixOf(kind: ApiKeyKind, mode: Mode): string {
  return `${kind === ApiKeyKind.PUBLISHABLE ? 'pk' : 'sk'}_${MODES[mode]}_`;
}

/** A key as `--json` shows it. */
function keyJson(key: ApiKey): Json {
  const { id, merchantId, mode, kind, scopes, name, secretSuffix, createdAt, revokedAt } = key;
  return {
    id,
    merchant_id: merchantId,
    mode: MODES[mode],
    kind: KINDS[kind],
    scopes,
    name,
    secret_suffix: secretSuffix,
    created_at: isoMoment(createdAt),
    revoked_at: revokedAt === undefined ? null : isoMoment(revokedAt),
  };
}
