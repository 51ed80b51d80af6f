import { create, type DescField, type DescMessage, type DescMethod, ScalarType } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFlorin, type Florin, FlorinError, uuidv7 } from '../../client/index.ts';
import { settingsOf } from '../../client/options.ts';
import { serviceClient } from '../../client/services/serviceClient.ts';
import { Channels } from '../../client/transport/channels.ts';
import { NormalSide } from '../../gen/florin/ledger/v1/accounts_pb.ts';
import { contractServices } from '../support/contract.ts';
import { type PaymentProcesses, startPaymentProcesses } from '../support/payments/processes.ts';
import { openTenant, type Tenant } from '../support/tenants.ts';

const services = await contractServices();
const methods = services.flatMap((service) => service.methods);

/** Fields that name something of a book, and what of a tenant they name. */
const OBJECTS: Readonly<Record<string, keyof Tenant>> = {
  merchant_id: 'merchant',
  customer_id: 'customer',
  customer_ids: 'customer',
  payment_method_id: 'method',
  payment_method_ids: 'method',
  payment_intent_id: 'intent',
  payment_intent_ids: 'intent',
  operation_id: 'operation',
  refund_id: 'refund',
  balance_transaction_id: 'balanceTransaction',
  api_key_id: 'apiKey',
  payment_link_id: 'paymentLink',
  record_id: 'record',
  request_id: 'request',
  before_request_id: 'request',
  after_request_id: 'request',
  webhook_endpoint_id: 'endpoint',
  event_id: 'event',
  event_ids: 'event',
  before_event_id: 'event',
  after_event_id: 'event',
  account_id: 'account',
  debit_account: 'account',
  credit_account: 'otherAccount',
  transaction_id: 'transaction',
  // Where they say which, and not what something new is to have.
  'account.code': 'accountCode',
  'list.code_prefix': 'accountCode',
  'list.reference': 'reference',
};
/** Items that are about one of a certain state: of any other that would be the fault. */
const IN_STATE: Readonly<Record<string, keyof Tenant>> = {
  'TransactionPost.transaction_id': 'hold',
  'TransactionVoid.transaction_id': 'hold',
  'PaymentIntentUpdate.payment_intent_id': 'openIntent',
  'PaymentIntentConfirmation.payment_intent_id': 'openIntent',
};
/** Where a page begins or ends: with both of them there is nothing between. */
const EDGES = new Set(['before_event_id', 'after_event_id', 'before_request_id', 'after_request_id']);
/** A part of what the request names, and not of a book by itself: told like one that was made up. */
const PARTS = ['SettleOperations: settlements.operation_id', 'UpdateRefunds: updates.refund_id'];

/** What a request needs besides, so that nothing but a foreign name can be at fault. */
const VALUES: Readonly<Record<string, () => unknown>> = {
  id: uuidv7,
  name: () => 'x',
  description: () => 'x',
  country: () => 'DE',
  asset: () => 'EUR',
  currency: () => 'EUR',
  code: () => `new:${uuidv7().slice(-12)}`,
  token: () => 'pm_card_visa',
  type: () => 1,
  mode: () => 1,
  kind: () => 1,
  verdict: () => 1,
  normal_side: () => 1,
  note: () => 'looked at',
  minor_units: () => 1_000n,
  seconds: () => 1_700_000_000n,
  amount: () => 1n,
  set_metadata: () => true,
  fingerprint: () => new Uint8Array(32),
  secret_sha256: () => crypto.getRandomValues(new Uint8Array(32)),
  secret_suffix: () => 'aZ09',
  status: () => 200,
  url: () => 'https://shop.example/webhooks',
  api_version: () => '2026-12-01',
  events: () => '*',
  state: () => 1,
  try: () => 2,
  endpoint_number: () => 1,
  endpoint_version: () => 1n,
  // Of an event that comes later, as a resend's.
  asked_seq: () => 1_000_000_000n,
  body: () => '{}',
  from_date: () => '2020-01-01',
  to_date: () => '2030-12-31',
  latest: () => true,
};
/** Texts that name nothing and are needed nowhere. */
const PLAIN = new Set(
  `email reference metadata entries statement_descriptor return_url redirect_result tax_jurisdiction jurisdiction
   providers provider brand billing_country scopes books page_token effective_date code_prefix types error excerpt
   method route path problem_code param object_id idempotency_key address user_agent path_prefix headers`.split(
    /\s+/,
  ),
);
/** Messages inside of requests that are filled; all others stay away. */
const FILLED = new Set(['Money', 'Freshness', 'Posting', 'MetadataChange']);
/** Methods that are about no book: what each may tell is said in core/rpc/callers/guard.ts. */
const WITHOUT_BOOK = [
  'CreateAsset',
  'CreateBook',
  'GetApiKeyBySecret',
  'GetAsset',
  'GetBlock',
  'GetBook',
  'GetCheckpoint',
  'GetProvider',
  'LeaseDeliveries',
  'ListAssets',
  'ListBooks',
  'ListProviders',
  'ReceiveProviderWebhooks',
  'Subscribe',
  'WriteRequestLogs',
];
/** Those that name nothing but their book and what is new in it. */
const NAMES_NOTHING = ['CreateAccounts', 'CreateMerchants', 'ListMerchants', 'SaveIdempotencyRecords'];

let processes: PaymentProcesses;
let florin: Florin;
let channels: Channels;
let ours: Tenant;
let theirs: Tenant;

beforeAll(async () => {
  processes = await startPaymentProcesses();
  const options = { target: processes.core.target, retry: { attemptsMax: 1 } };
  florin = connectFlorin(options);
  channels = new Channels(settingsOf(options));
  ours = await openTenant(florin, 'ours');
  theirs = await openTenant(florin, 'theirs');
});

afterAll(async () => {
  channels?.close();
  florin?.close();
  await processes?.stop();
});

/** What of a tenant the field names; undefined where it names nothing. */
function objectOf(field: DescField): keyof Tenant | undefined {
  const inState = IN_STATE[`${field.parent.name}.${field.name}`];
  if (inState !== undefined) return inState;
  if (field.oneof?.name === 'account' && field.name === 'code') return 'accountCode';
  if (/^List\w+Request$/.test(field.parent.name) && OBJECTS[`list.${field.name}`] !== undefined)
    return OBJECTS[`list.${field.name}`];
  return OBJECTS[field.name];
}

/** Where in a request something is named: "items.postings.debit_account". */
function namesIn(desc: DescMessage, path = ''): string[] {
  return desc.fields.flatMap((field) => {
    const at = path === '' ? field.name : `${path}.${field.name}`;
    if (field.message !== undefined) return isFilled(field, path) ? namesIn(field.message, at) : [];
    return objectOf(field) === undefined ? [] : [at];
  });
}

/** Items of a batch, and what they are not sound without. */
function isFilled(field: DescField, path: string): boolean {
  const { message } = field;
  if (message === undefined || field.fieldKind === 'map') return false;
  if (message.name === 'Timestamp') return path !== '';
  return FILLED.has(message.name) || (path === '' && field.fieldKind === 'list');
}

/** Where a request names what is not ours, and what it names there: theirs unless told. */
interface Foreign {
  readonly at: string;
  readonly id?: string | undefined;
}

/** A request about what is ours, save in one place. */
function requestOf(desc: DescMessage, foreign: Foreign | null, path = ''): ReflectMessage {
  const message = reflect(desc, create(desc));
  for (const field of desc.fields) {
    const at = path === '' ? field.name : `${path}.${field.name}`;
    const value = valueOf(field, at, { foreign, path });
    if (value === undefined || isOtherChoice(field, at, foreign)) continue;
    if (field.fieldKind === 'list') (message.get(field) as { add: (one: unknown) => void }).add(value);
    else message.set(field, value);
  }
  return message;
}

function valueOf(
  field: DescField,
  at: string,
  { foreign, path }: { foreign: Foreign | null; path: string },
): unknown {
  if (field.message !== undefined)
    return isFilled(field, path) ? requestOf(field.message, foreign, at) : undefined;
  if (field.name === 'book') return ours.book;
  const object = objectOf(field);
  if (EDGES.has(field.name) && at !== foreign?.at) return undefined;
  if (object !== undefined) return at === foreign?.at ? (foreign.id ?? theirs[object]) : ours[object];
  // A filter that is given what is not there finds nothing, whoever's it is.
  return /^(List|Get)\w+Request$/.test(field.parent.name) &&
    field.name !== 'currency' &&
    !field.name.endsWith('_date')
    ? undefined
    : VALUES[field.name]?.();
}

/** Of a choice the first is taken, or the one that is asked about. */
function isOtherChoice(field: DescField, at: string, foreign: Foreign | null): boolean {
  const { oneof } = field;
  if (oneof === undefined) return false;
  const prefix = at.slice(0, at.length - field.name.length);
  const asked = oneof.fields.find(({ name }) => `${prefix}${name}` === foreign?.at);
  return field !== (asked ?? oneof.fields[0]);
}

const NOT_FOUND =
  /^(BOOK|ACCOUNT|TRANSACTION|MERCHANT|PAYMENT|CUSTOMER|PAYMENT_METHOD|API_KEY|PAYMENT_LINK|REFUND|WEBHOOK_ENDPOINT)?_?NOT_FOUND$/;
const NOTHING = 'NOTHING_LISTED';

/** What a request is told: a refusal's reason, or what it found. */
async function told(method: DescMethod, at: string | null, id?: string): Promise<string> {
  const client = serviceClient(method.parent, channels, settingsOf({ target: processes.core.target }));
  const call = Reflect.get(client, method.localName) as (request: unknown) => unknown;
  const request = requestOf(method.input, at === null ? null : { at, id }).message;
  try {
    const answers =
      method.methodKind === 'server_streaming'
        ? await Array.fromAsync(call(request) as AsyncIterable<object>)
        : [(await call(request)) as object];
    return foundIn(answers);
  } catch (error) {
    if (error instanceof FlorinError) return error.reason ?? error.codeName;
    throw error;
  }
}

function foundIn(answers: object[]): string {
  const lists: unknown[][] = [];
  for (const answer of answers as Record<string, unknown>[]) {
    const refused = answer['refused'] as { reason: string } | undefined;
    if (refused !== undefined) return refused.reason;
    const results = answer['results'] as
      | { outcome: { case: string; value: { reason?: string } } }[]
      | undefined;
    if (results !== undefined)
      return results.map(({ outcome }) => outcome.value.reason ?? outcome.case).join();
    if ((answer['notFoundIds'] as string[] | undefined)?.length) return 'NOT_FOUND';
    lists.push(...Object.values(answer).filter((value) => Array.isArray(value)));
  }
  return lists.length > 0 && lists.every((list) => list.length === 0) ? NOTHING : 'found';
}

const withBook = methods.filter(({ input }) => input.field['book'] !== undefined);
const probes = withBook.flatMap((method) =>
  namesIn(method.input).map((at) => [`${method.name}: ${at}`, method, at] as const),
);

describe('every RPC', () => {
  test('is about one book, or known not to be', () => {
    const without = methods.filter((method) => !withBook.includes(method)).map(({ name }) => name);
    expect(without.toSorted()).toEqual(WITHOUT_BOOK.toSorted());
    expect(withBook.length).toBeGreaterThan(40);
  });

  test('says in no field of text something of which it is not known whether it names an object', () => {
    const unknown = new Set<string>();
    const look = (desc: DescMessage, depth = 0): void => {
      for (const field of desc.fields) {
        if (field.message !== undefined && depth < 6) look(field.message, depth + 1);
        const isText =
          field.scalar === ScalarType.STRING ||
          field.scalar === ScalarType.BYTES ||
          field.fieldKind === 'map';
        if (!isText || field.name === 'book' || objectOf(field) !== undefined) continue;
        if (VALUES[field.name] === undefined && !PLAIN.has(field.name))
          unknown.add(`${field.parent.name}.${field.name}`);
      }
    };
    for (const { input } of methods) look(input);
    expect([...unknown]).toEqual([]);
  });

  test('names something of its book, or is known to name nothing', () => {
    const naming = new Set(probes.map(([, { name }]) => name));
    const silent = withBook.map(({ name }) => name).filter((name) => !naming.has(name));
    expect(silent.toSorted()).toEqual(NAMES_NOTHING.toSorted());
  });
});

describe('what lies in another book', () => {
  let before: unknown;
  beforeAll(async () => {
    before = await standing(theirs);
  });

  test.each(probes)('is not found by %s', async (probe, method, at) => {
    const answer = await told(method, at);
    if (PARTS.includes(probe)) return expect(answer).toBe(await told(method, at, uuidv7()));
    expect(answer === NOTHING ? 'NOT_FOUND' : answer).toMatch(NOT_FOUND);
  });

  test('is as it was, whatever was tried', async () => {
    expect(await standing(theirs)).toEqual(before);
  });

  // After all of them, and those last that change what is ours.
  const isRead = ({ name }: DescMethod): boolean => /^(Get|List|Stream|Explain)/.test(name);
  const ordered = [...withBook.filter(isRead), ...withBook.filter((method) => !isRead(method))];
  test.each(ordered.map((method) => [method.name, method] as const))(
    'is the only reason why nothing was found: %s about what is ours',
    async (_, method) => {
      const answer = await told(method, null);
      expect(answer).not.toMatch(NOT_FOUND);
      expect(answer).not.toBe(NOTHING);
      expect(answer).not.toMatch(/MALFORMED|MISSING|INVALID/);
    },
  );
});

/** Everything that a tenant has, with its versions. */
async function standing({ book, ...of }: Tenant): Promise<unknown> {
  const freshness = { latest: true, waitMs: 10_000 };
  const answers = await Promise.all([
    florin.merchants.getMerchant({ book, merchantId: of.merchant, freshness }),
    florin.merchants.listMerchants({ book, freshness }),
    florin.customers.getCustomer({ book, customerId: of.customer, freshness }),
    florin.paymentMethods.getPaymentMethod({ book, paymentMethodId: of.method, freshness }),
    florin.paymentIntents.getPaymentIntent({ book, paymentIntentId: of.intent, freshness }),
    florin.apiKeys.listApiKeys({ book, freshness }),
    florin.paymentLinks.listPaymentLinks({ book, freshness }),
    florin.webhookEndpoints.listWebhookEndpoints({ book, merchantId: of.merchant, freshness }),
    florin.events.listEvents({ book, merchantId: of.merchant, freshness }),
    florin.webhookDeliveries.listAttempts({ book, merchantId: of.merchant, eventId: of.event, freshness }),
    florin.accounts.listAccounts({ book, freshness }),
    florin.transactions.listTransactions({ book, freshness }),
  ]);
  return answers.map((answer) => ({ ...answer, asOfSeq: undefined }));
}

describe('an account of another book', () => {
  test('is the same as one that does not exist, to the letter', async () => {
    const messageOf = (accountId: string) =>
      florin.accounts.getAccount({ book: 'ours', account: { case: 'accountId', value: accountId } }).then(
        () => 'found',
        (error: FlorinError) => [error.codeName, error.reason, error.rawMessage.replace(accountId, 'ID')],
      );
    expect(await messageOf(theirs.account)).toEqual(await messageOf(uuidv7()));
    const listed = (accountId: string) =>
      florin.transactions.listTransactions({ book: 'ours', accountId }).then(
        ({ transactions }) => transactions.length,
        (error: FlorinError) => [error.codeName, error.reason, error.rawMessage.replace(accountId, 'ID')],
      );
    expect(await listed(theirs.account)).toEqual(await listed(uuidv7()));
    expect(await listed(theirs.account)).toContain('NOT_FOUND');
  });

  test('may have the id and the code that something of ours has', async () => {
    const { results } = await florin.accounts.createAccounts({
      book: 'ours',
      accounts: [
        { id: theirs.account, code: theirs.accountCode, asset: 'USD', normalSide: NormalSide.DEBIT },
      ],
    });
    expect(results[0].outcome.case).toBe('done');
    const { account } = await florin.accounts.getAccount({
      book: 'theirs',
      account: { case: 'code', value: theirs.accountCode },
      freshness: { latest: true },
    });
    expect(account?.asset).toBe('EUR');
  });

  test('shares no id with a record of ours: what was saved there is not told here', async () => {
    const record = { id: uuidv7(), fingerprint: new Uint8Array(32), status: 200 };
    const save = async (book: string, body: string) => {
      const { results } = await florin.idempotencyRecords.saveIdempotencyRecords({
        book,
        records: [{ ...record, body }],
      });
      const [{ outcome }] = results;
      return outcome.case === 'kept' ? outcome.value.record?.body : outcome.value?.reason;
    };
    expect(await save('theirs', 'theirs')).toBe('theirs');
    expect(await save('ours', 'ours')).toBe('ours');
    expect(await save('theirs', 'again')).not.toBe('ours');
  });
});
