import { COUNTERS } from './paymentFold.ts';

/** How a column's binary form is read for a report. */
export type ColumnType =
  | 'i16'
  | 'i32'
  | 'i64'
  | 'boolean'
  | 'uuid'
  | 'moment'
  | 'date'
  | 'text'
  | 'jsonb'
  | 'bytes';

export interface Column {
  name: string;
  type: ColumnType;
  /** What is selected where it is not the column itself. */
  expression?: string;
}

/** A table of the read models as verify compares it: the key first, then what the journal says of it. */
export interface Table {
  /** In florin; two parts of one table bear the same name. */
  name: string;
  /** The view that shows all of its rows, where they stand in several tables. */
  view?: string;
  /** How many of the columns are its key. */
  keys: number;
  columns: readonly Column[];
  where?: string;
}

const of =
  (type: ColumnType) =>
  (name: string): Column => ({ name, type });
const i16 = of('i16'),
  i32 = of('i32'),
  i64 = of('i64'),
  flag = of('boolean'),
  uuid = of('uuid'),
  moment = of('moment'),
  date = of('date'),
  text = of('text'),
  json = of('jsonb');

/** An array without the zeros at its end, which the projector may leave out. */
const trimmed = (name: string): Column => ({
  name,
  type: 'text',
  expression: `regexp_replace(array_to_string(${name}, ','), '(^|,)0(,0)*$', '')`,
});

const limits = ['posted_floor', 'posted_ceiling', 'available_floor', 'available_ceiling'].map(i64);

/** Sums that are written once an event or once an entry: compared row by row. Seals are left out: their key is the core's. */
export const TABLES = {
  entries: {
    name: 'entries',
    view: 'all_entries',
    keys: 2,
    columns: [
      i64('account_key'),
      i64('version'),
      i64('seq'),
      moment('booked_at'),
      i64('amount'),
      i64('debits_posted'),
      i64('credits_posted'),
      i64('pending_change'),
      i64('debits_pending'),
      i64('credits_pending'),
      date('effective_date'),
      i16('posting'),
      i16('side'),
    ],
  },
  transactions: {
    name: 'transactions',
    keys: 2,
    columns: [
      i32('book_no'),
      i64('seq'),
      uuid('id'),
      moment('booked_at'),
      i16('kind'),
      i16('posting_count'),
      i64('debit_account_key'),
      i64('credit_account_key'),
      i64('amount'),
      date('effective_date'),
      i64('target_seq'),
      i16('target_posting'),
      i64('released'),
      moment('expires_at'),
      text('reference'),
      json('metadata'),
    ],
  },
  postings: {
    name: 'postings',
    keys: 3,
    columns: [
      i32('book_no'),
      i64('seq'),
      i16('posting'),
      i64('debit_account_key'),
      i64('credit_account_key'),
      i64('amount'),
      i16('target_posting'),
      i64('released'),
    ],
  },
  accounts: {
    name: 'accounts',
    keys: 1,
    columns: [
      i64('account_key'),
      i64('seq'),
      uuid('id'),
      moment('opened_at'),
      i32('book_no'),
      i16('normal_side'),
      text('asset'),
      text('code'),
    ],
  },
  accountStates: {
    name: 'accounts',
    keys: 1,
    columns: [i64('account_key'), moment('closed_at'), ...limits, json('metadata')],
  },
  balances: {
    name: 'account_balances',
    keys: 1,
    columns: [
      i64('account_key'),
      i64('version'),
      i64('debits_posted'),
      i64('credits_posted'),
      i64('debits_pending'),
      i64('credits_pending'),
      i64('last_seq'),
    ],
  },
  changes: {
    name: 'account_changes',
    keys: 2,
    columns: [
      i64('account_key'),
      i64('seq'),
      uuid('id'),
      moment('changed_at'),
      ...limits,
      i32('book_no'),
      flag('sets_limits'),
      flag('sets_metadata'),
      flag('closes'),
      flag('opens'),
      json('metadata'),
    ],
  },
  progress: {
    name: 'transaction_progress',
    keys: 2,
    columns: [
      i16('shard'),
      i64('seq'),
      i32('book_no'),
      i16('state'),
      i64('expires_at_us'),
      i64('last_seq'),
      trimmed('posted'),
      trimmed('reversed'),
    ],
  },
  refusals: {
    name: 'refusals',
    keys: 2,
    columns: [
      i32('book_no'),
      uuid('id'),
      i64('seq'),
      moment('booked_at'),
      i16('reason'),
      i16('op'),
      i16('posting'),
      uuid('account_id'),
      text('field'),
      { name: 'body', type: 'bytes' },
    ],
  },
  books: {
    name: 'books',
    keys: 1,
    columns: [
      i32('number'),
      text('name'),
      i16('shard'),
      flag('overridden'),
      text('description'),
      moment('created_at'),
      i64('seq'),
    ],
  },
  adoptedBooks: {
    name: 'adopted_books',
    keys: 1,
    columns: [
      i32('number'),
      i16('shard'),
      text('name'),
      moment('adopted_at'),
      i64('seq'),
      i64('control_seq'),
    ],
  },
  assets: {
    name: 'assets',
    keys: 1,
    where: 'NOT iso_4217',
    columns: [text('code'), i16('scale'), text('name'), i64('seq')],
  },
  adoptedAssets: {
    name: 'adopted_assets',
    keys: 2,
    columns: [i16('shard'), text('code'), i16('scale'), text('name'), i64('seq'), i64('control_seq')],
  },
  paymentEvents: {
    name: 'payment_events',
    keys: 3,
    columns: [
      i16('shard'),
      i64('subject_seq'),
      i64('seq'),
      i32('book_no'),
      i16('subject'),
      uuid('subject_id'),
      uuid('id'),
      moment('booked_at'),
      i16('transaction_count'),
      text('name'),
      text('cause'),
      text('change'),
    ],
  },
  paymentIntents: {
    name: 'payment_intents',
    keys: 2,
    columns: [
      i32('book_no'),
      i64('seq'),
      i16('shard'),
      uuid('id'),
      uuid('merchant_id'),
      i16('terms_number'),
      uuid('customer_id'),
      moment('created_at'),
      moment('expires_at'),
      i64('amount'),
      text('currency'),
      text('capture'),
      text('reference'),
      text('description'),
      text('statement_descriptor'),
      text('return_url'),
      json('metadata'),
    ],
  },
  paymentStates: {
    name: 'payment_states',
    keys: 2,
    columns: [
      i16('shard'),
      i64('seq'),
      i32('book_no'),
      i64('version'),
      ...COUNTERS.map(i64),
      moment('due_at'),
      moment('available_at'),
      i64('last_seq'),
      i16('attempts'),
      flag('canceling'),
      text('state'),
      text('cancel_reason'),
      text('attention'),
      text('method_type'),
      text('provider'),
      text('owing'),
    ],
  },
  merchants: {
    name: 'merchants',
    keys: 2,
    columns: [
      i32('book_no'),
      i64('seq'),
      i16('shard'),
      uuid('id'),
      moment('created_at'),
      i64('version'),
      i64('last_seq'),
      text('name'),
      text('country'),
      i16('terms_number'),
      i16('settlement_days'),
      i32('tax_ppm'),
      text('tax_jurisdiction'),
      flag('fees_returned'),
      i32('reserve_ppm'),
      i16('reserve_days'),
      json('fees'),
      json('routing'),
      text('mode'),
    ],
  },
  customers: {
    name: 'customers',
    keys: 2,
    columns: [
      i16('shard'),
      i64('seq'),
      i32('book_no'),
      uuid('id'),
      uuid('merchant_id'),
      moment('created_at'),
      i64('version'),
      i64('last_seq'),
      text('name'),
      text('email'),
      text('description'),
      text('reference'),
      json('metadata'),
    ],
  },
  paymentMethods: {
    name: 'payment_methods',
    keys: 2,
    columns: [
      i16('shard'),
      i64('seq'),
      i32('book_no'),
      uuid('id'),
      uuid('merchant_id'),
      uuid('customer_id'),
      moment('created_at'),
      i64('version'),
      i64('last_seq'),
      text('state'),
      text('type'),
      text('token'),
      text('billing_country'),
      json('metadata'),
    ],
  },
  toldEvents: {
    name: 'told_events',
    keys: 4,
    columns: [
      i32('book_no'),
      uuid('merchant_id'),
      i64('seq'),
      i16('index'),
      i16('shard'),
      moment('booked_at'),
      i16('subject'),
      i64('subject_seq'),
      text('type'),
      text('about'),
    ],
  },
  webhookEndpoints: {
    name: 'webhook_endpoints',
    keys: 3,
    columns: [
      i32('book_no'),
      uuid('merchant_id'),
      i16('number'),
      i16('shard'),
      uuid('id'),
      moment('created_at'),
      moment('deleted_at'),
      moment('old_secret_until'),
      i64('last_seq'),
      i64('version'),
      i32('secret_generation'),
      text('mode'),
      text('state'),
      text('disabled_reason'),
      text('api_version'),
      text('url'),
      text('description'),
      text('events'),
      json('metadata'),
    ],
  },
  webhookDeliveries: {
    name: 'webhook_deliveries',
    keys: 5,
    columns: [
      i32('book_no'),
      uuid('merchant_id'),
      i16('endpoint'),
      i64('seq'),
      i16('index'),
      i16('shard'),
      moment('told_at'),
      moment('next_at'),
      moment('delivered_at'),
      i16('tries'),
      i16('last_status'),
      i64('asked_seq'),
    ],
  },
  webhookAttempts: {
    name: 'webhook_attempts',
    keys: 5,
    columns: [
      i32('book_no'),
      uuid('merchant_id'),
      i16('endpoint'),
      i64('log_seq'),
      i16('place'),
      i16('shard'),
      i64('seq'),
      i16('index'),
      i16('try'),
      moment('started_at'),
      i32('took_ms'),
      i16('status'),
      text('error'),
      text('excerpt'),
    ],
  },
  apiKeys: {
    name: 'api_keys',
    keys: 2,
    columns: [
      i16('shard'),
      i64('seq'),
      i32('book_no'),
      uuid('id'),
      uuid('merchant_id'),
      moment('created_at'),
      moment('revoked_at'),
      i64('version'),
      i64('last_seq'),
      text('mode'),
      text('kind'),
      text('scopes'),
      text('name'),
      text('secret_sha256'),
      text('secret_suffix'),
    ],
  },
  projection: {
    name: 'projection',
    keys: 1,
    columns: [
      i16('shard'),
      i64('height'),
      i64('seq'),
      { name: 'hash', type: 'bytes' },
      i64('block_time_us'),
      i64('high_stamp_ms'),
      i64('last_account'),
      i64('control_seq'),
    ],
  },
} as const satisfies Record<string, Table>;

export type TableName = keyof typeof TABLES;

/** Tables of sums a key: the journal's entries add up to the rows. */
export const SUMS = {
  displacedDays: {
    name: 'displaced_days',
    keys: 2,
    columns: [i64('account_key'), date('day'), i64('debits'), i64('credits')],
  },
  refusalDays: {
    name: 'refusal_days',
    keys: 2,
    columns: [i32('book_no'), date('day'), { name: 'count', type: 'i64', expression: 'count::bigint' }],
  },
} as const satisfies Record<string, Table>;

export type SumName = keyof typeof SUMS;

export function selectOf(table: Table): string {
  const columns = table.columns.map((column) => column.expression ?? column.name).join(', ');
  return `SELECT ${columns} FROM florin.${table.view ?? table.name}${table.where === undefined ? '' : ` WHERE ${table.where}`}`;
}
