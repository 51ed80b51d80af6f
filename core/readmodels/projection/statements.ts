import { accountChangesColumns } from '../rows/accountChanges.ts';
import { accountsColumns } from '../rows/accounts.ts';
import { balancesColumns } from '../rows/balances.ts';
import { apiKeysColumns } from '../rows/apiKeys.ts';
import { customersColumns } from '../rows/customers.ts';
import { entriesColumns } from '../rows/entries.ts';
import { entryPagesColumns } from '../rows/entryPages.ts';
import { merchantsColumns } from '../rows/merchants.ts';
import { paymentLinksColumns } from '../rows/paymentLinks.ts';
import { paymentMethodsColumns } from '../rows/paymentMethods.ts';
import { paymentEventsColumns } from '../rows/paymentEvents.ts';
import { INTENT_UPDATE_NUMBERS, INTENT_UPDATE_TEXTS, paymentIntentsColumns } from '../rows/paymentIntents.ts';
import { providerReferencesColumns } from '../rows/providerReferences.ts';
import { COUNTER_NAMES, UPDATE_NUMBERS, UPDATE_TEXTS, paymentStatesColumns } from '../rows/paymentStates.ts';
import { postingsColumns } from '../rows/postings.ts';
import { progressColumns } from '../rows/progress.ts';
import { refusalsColumns } from '../rows/refusals.ts';
import { toldEventsColumns, webhookDeliveriesColumns } from '../rows/toldEvents.ts';
import { webhookAttemptsColumns } from '../rows/webhookLog.ts';
import { transactionsColumns, transfersColumns } from '../rows/transactions.ts';

/** The schemas that hold read models: the one in use, and the one that a rebuild fills. */
export type ReadModelSchema = 'florin' | 'florin_next';

/** A moment from microseconds since 1970, exact. */
const momentOf = (us: string): string =>
  `to_timestamp(${us} / 1000000) + ${us} % 1000000 * interval '1 microsecond'`;

/** The parameters of an update that has its numbers first, then its texts. */
function columnsOf(numbers: readonly string[], texts: readonly string[]): string {
  const types = [...numbers.map(() => 'bigint'), ...texts.map(() => 'text')];
  return types.map((type, index) => `$${index + 1}::${type}[]`).join(', ');
}

/** What the projector says to Postgres. A function of the schema only. */
export function projectionStatements(schema: ReadModelSchema) {
  const copy = (table: string, columns: string) =>
    `COPY ${schema}.${table} (${columns}) FROM STDIN (FORMAT binary)`;
  return {
    copyTransactions: copy('transactions', transactionsColumns),
    copyTransfers: copy('transfers', transfersColumns),
    copyPostings: copy('postings', postingsColumns),
    copyEntries: copy('entries', entriesColumns),
    copyEntryPages: copy('entry_pages', entryPagesColumns),
    copyAccounts: copy('accounts', accountsColumns),
    copyBalances: copy('account_balances', balancesColumns),
    copyAccountChanges: copy('account_changes', accountChangesColumns),
    copyRefusals: copy('refusals', refusalsColumns),
    copyProgress: copy('transaction_progress', progressColumns),
    copyPaymentEvents: copy('payment_events', paymentEventsColumns),
    copyPaymentIntents: copy('payment_intents', paymentIntentsColumns),
    copyProviderReferences: copy('provider_references', providerReferencesColumns),
    copyPaymentStates: copy('payment_states', paymentStatesColumns),
    copyMerchants: copy('merchants', merchantsColumns),
    copyCustomers: copy('customers', customersColumns),
    copyPaymentMethods: copy('payment_methods', paymentMethodsColumns),
    copyApiKeys: copy('api_keys', apiKeysColumns),
    copyPaymentLinks: copy('payment_links', paymentLinksColumns),
    copyToldEvents: copy('told_events', toldEventsColumns),
    copyWebhookDeliveries: copy('webhook_deliveries', webhookDeliveriesColumns),
    copyWebhookAttempts: copy('webhook_attempts', webhookAttemptsColumns),

    beginWatermarks: `
      INSERT INTO ${schema}.projection (shard, height, seq, hash, block_time_us, high_stamp_ms, last_account, control_seq)
      SELECT shard, 0, 0, decode(repeat('00', 32), 'hex'), 0, 0, 0, 0 FROM unnest($1::smallint[]) AS s(shard)
      ON CONFLICT (shard) DO NOTHING`,
    readWatermarks: `
      SELECT shard, height, seq, hash, block_time_us, high_stamp_ms, last_account, control_seq
      FROM ${schema}.projection WHERE shard = ANY ($1::smallint[])`,
    // The rows stay locked until the end of the transaction: whoever comes second waits, and then finds other heights.
    moveWatermarks: `
      UPDATE ${schema}.projection AS p
      SET height = n.height, seq = n.seq, hash = n.hash, block_time_us = n.block_time_us,
          high_stamp_ms = n.high_stamp_ms, last_account = n.last_account, control_seq = n.control_seq
      FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])
        AS n(shard, expected, height, seq, hash, block_time_us, high_stamp_ms, last_account, control_seq)
      WHERE p.shard = n.shard AND p.height = n.expected`,

    // By whom the rows of watermarks are locked, and for longer than anybody waits; in mid-COPY no timeout of Postgres acts.
    endStalledProjectors: `
      SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
      WHERE application_name = $2 AND datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
        AND xact_start < clock_timestamp() - $1 * interval '1 millisecond'
        AND pid IN (SELECT pid FROM pg_locks WHERE relation = '${schema}.projection'::regclass AND mode = 'RowExclusiveLock' AND granted)`,

    // The version guards against a batch that would come twice.
    updateBalances: `
      UPDATE ${schema}.account_balances AS b
      SET version = n.version, debits_posted = n.debits_posted, credits_posted = n.credits_posted,
          debits_pending = n.debits_pending, credits_pending = n.credits_pending, last_seq = n.last_seq, seal = n.seal
      FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
        AS n(account_key, version, debits_posted, credits_posted, debits_pending, credits_pending, last_seq, seal)
      WHERE b.account_key = n.account_key AND b.version < n.version`,

    // The row must be the very one from which the batch goes on. What events say only where it changes stays as it is.
    updatePaymentStates: `
      UPDATE ${schema}.payment_states AS s
      SET version = n.version, ${COUNTER_NAMES.map((name) => `${name} = n.${name}`).join(', ')},
          due_at = ${momentOf('nullif(n.due_us, 0)')}, available_at = ${momentOf('nullif(n.available_us, 0)')},
          last_seq = n.last_seq, seal = n.seal, canceling = n.canceling = 1, state = n.state,
          cancel_reason = n.cancel_reason, attention = n.attention, owing = n.owing, method_type = coalesce(n.method_type, s.method_type),
          provider = CASE WHEN n.attempts >= s.attempts AND n.attempts > 0 THEN n.provider ELSE s.provider END,
          attempts = greatest(n.attempts::smallint, s.attempts)
      FROM unnest(${columnsOf(UPDATE_NUMBERS, UPDATE_TEXTS)})
        AS n(${[...UPDATE_NUMBERS, ...UPDATE_TEXTS].join(', ')})
      WHERE s.shard = n.shard::smallint AND s.seq = n.seq AND s.version = n.before`,

    updatePaymentIntents: `
      UPDATE ${schema}.payment_intents AS i
      SET customer_id = n.customer_id::uuid, amount = n.amount, reference = n.reference, description = n.description,
          return_url = CASE WHEN n.return_url IS NULL THEN i.return_url ELSE nullif(n.return_url, '') END, metadata = n.metadata::jsonb
      FROM unnest(${columnsOf(INTENT_UPDATE_NUMBERS, INTENT_UPDATE_TEXTS)})
        AS n(${[...INTENT_UPDATE_NUMBERS, ...INTENT_UPDATE_TEXTS].join(', ')})
      WHERE i.book_no = n.book_no::integer AND i.seq = n.seq`,

    updateMerchant: `
      UPDATE ${schema}.merchants
      SET version = $3, last_seq = $4, seal = $5, name = $6, country = $7, terms_number = $8, settlement_days = $9, tax_ppm = $10,
          tax_jurisdiction = $11, fees_returned = $12, reserve_ppm = $13, reserve_days = $14, fees = $15::jsonb, routing = $16::jsonb
      WHERE book_no = $1 AND seq = $2 AND version = $3::bigint - 1`,
    touchMerchant: `
      UPDATE ${schema}.merchants SET version = $3, last_seq = $4, seal = $5
      WHERE book_no = $1 AND seq = $2 AND version = $3::bigint - 1`,
    setWebhookEndpoint: `
      INSERT INTO ${schema}.webhook_endpoints (book_no, merchant_id, number, shard, id, created_at, deleted_at, old_secret_until,
        last_seq, version, secret_generation, mode, state, disabled_reason, api_version, url, description, events, metadata)
      VALUES ($1, $2, $3, $4, $5, florin.moment_of($6::bigint), florin.moment_of($7::bigint), florin.moment_of($8::bigint),
        $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19::jsonb)
      ON CONFLICT (book_no, merchant_id, number) DO UPDATE
      SET (deleted_at, old_secret_until, last_seq, version, secret_generation, state, disabled_reason, url, description, events, metadata)
        = ROW (excluded.deleted_at, excluded.old_secret_until, excluded.last_seq, excluded.version, excluded.secret_generation,
          excluded.state, excluded.disabled_reason, excluded.url, excluded.description, excluded.events, excluded.metadata)
      WHERE webhook_endpoints.version = excluded.version - 1`,
    // What was taken stays taken, whatever another try says that was under way meanwhile; what began before a resend is no answer to it.
    noteWebhookAttempts: `
      UPDATE ${schema}.webhook_deliveries AS d
      SET tries = greatest(d.tries, a.try), last_status = a.status, delivered_at = coalesce(d.delivered_at, florin.moment_of(a.delivered_us)),
          next_at = CASE WHEN coalesce(d.delivered_at, florin.moment_of(a.delivered_us)) IS NULL THEN florin.moment_of(a.next_us) END
      FROM unnest($2::uuid[], $3::smallint[], $4::bigint[], $5::smallint[], $6::smallint[], $7::smallint[], $8::bigint[], $9::bigint[], $10::bigint[])
        AS a (merchant_id, endpoint, seq, index, try, status, next_us, delivered_us, asked_seq)
      WHERE d.book_no = $1 AND d.merchant_id = a.merchant_id AND d.endpoint = a.endpoint AND d.seq = a.seq AND d.index = a.index
        AND d.asked_seq = coalesce(a.asked_seq, d.asked_seq)`,
    // One event may be named twice, and a row can be touched once.
    askWebhookResend: `
      INSERT INTO ${schema}.webhook_deliveries (shard, book_no, merchant_id, endpoint, seq, index, told_at, next_at, tries, asked_seq)
      SELECT $1, $2, $3, $4, seq, index, florin.moment_of($7::bigint), florin.moment_of($7::bigint), 0, $8::bigint
      FROM (SELECT DISTINCT seq, index FROM unnest($5::bigint[], $6::smallint[]) AS given (seq, index)) AS asked
      ON CONFLICT (book_no, merchant_id, endpoint, seq, index) DO UPDATE
      SET told_at = excluded.told_at, next_at = excluded.next_at, tries = 0, delivered_at = NULL, last_status = NULL,
        asked_seq = excluded.asked_seq`,
    updateCustomer: `
      UPDATE ${schema}.customers
      SET version = $3, last_seq = $4, seal = $5, name = $6, email = $7, description = $8, reference = $9, metadata = $10::jsonb
      WHERE shard = $1 AND seq = $2 AND version = $3::bigint - 1`,

    updatePaymentMethod: `
      UPDATE ${schema}.payment_methods SET version = $3, last_seq = $4, seal = $5, customer_id = $6, state = $7
      WHERE shard = $1 AND seq = $2 AND version = $3::bigint - 1`,

    updateApiKey: `
      UPDATE ${schema}.api_keys SET version = $3, last_seq = $4, seal = $5, revoked_at = florin.moment_of($6::bigint)
      WHERE shard = $1 AND seq = $2 AND version = $3::bigint - 1`,

    updatePaymentLink: `
      UPDATE ${schema}.payment_links SET version = $3, last_seq = $4, seal = $5, state = $6, metadata = $7::jsonb
      WHERE shard = $1 AND seq = $2 AND version = $3::bigint - 1`,

    readAccounts: `
      SELECT account_key, book_no, id, code, asset, normal_side, closed_at IS NOT NULL AS closed,
             posted_floor, posted_ceiling, available_floor, available_ceiling, seal
      FROM ${schema}.accounts WHERE account_key = ANY ($1::bigint[]) FOR UPDATE`,
    updateAccount: `
      UPDATE ${schema}.accounts
      SET posted_floor = $2, posted_ceiling = $3, available_floor = $4, available_ceiling = $5, seal = $6,
          metadata = CASE WHEN $7::boolean THEN $8::jsonb ELSE metadata END,
          closed_at = coalesce(closed_at, to_timestamp($9::bigint / 1000000) + $9::bigint % 1000000 * interval '1 microsecond')
      WHERE account_key = $1`,

    readProgress: `
      SELECT shard, seq, book_no, state, expires_at_us, last_seq, seal, posted, reversed
      FROM ${schema}.transaction_progress
      WHERE (shard, seq) IN (SELECT * FROM unnest($1::smallint[], $2::bigint[])) FOR UPDATE`,
    upsertProgress: `
      INSERT INTO ${schema}.transaction_progress AS p (shard, seq, book_no, state, expires_at_us, last_seq, seal, posted, reversed)
      SELECT shard, seq, book_no, state, expires_at_us, last_seq, seal, posted::bigint[], reversed::bigint[]
      FROM unnest($1::smallint[], $2::bigint[], $3::integer[], $4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
        AS n(shard, seq, book_no, state, expires_at_us, last_seq, seal, posted, reversed)
      ON CONFLICT (shard, seq) DO UPDATE
      SET state = EXCLUDED.state, last_seq = EXCLUDED.last_seq, seal = EXCLUDED.seal,
          posted = EXCLUDED.posted, reversed = EXCLUDED.reversed`,

    addDisplacedDays: `
      INSERT INTO ${schema}.displaced_days AS d (account_key, day, debits, credits)
      SELECT account_key, date '1970-01-01' + day, debits, credits
      FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[]) AS n(account_key, day, debits, credits)
      ORDER BY account_key, day
      ON CONFLICT (account_key, day) DO UPDATE
      SET debits = d.debits + EXCLUDED.debits, credits = d.credits + EXCLUDED.credits`,
    addRefusalDays: `
      INSERT INTO ${schema}.refusal_days AS d (book_no, day, count)
      SELECT book_no, date '1970-01-01' + day, count FROM unnest($1::integer[], $2::integer[], $3::integer[]) AS n(book_no, day, count)
      ON CONFLICT (book_no, day) DO UPDATE SET count = d.count + EXCLUDED.count`,

    insertBook: `
      INSERT INTO ${schema}.books (number, name, shard, overridden, description, created_at, seq)
      VALUES ($1, $2, $3, $4, $5, to_timestamp($6::bigint / 1000000) + $6::bigint % 1000000 * interval '1 microsecond', $7)`,
    insertAdoptedBook: `
      INSERT INTO ${schema}.adopted_books (number, shard, name, adopted_at, seq, control_seq)
      VALUES ($1, $2, $3, to_timestamp($4::bigint / 1000000) + $4::bigint % 1000000 * interval '1 microsecond', $5, $6)`,
    insertAsset: `INSERT INTO ${schema}.assets (code, scale, name, iso_4217, seq) VALUES ($1, $2, $3, false, $4)`,
    insertAdoptedAsset: `
      INSERT INTO ${schema}.adopted_assets (shard, code, scale, name, seq, control_seq) VALUES ($1, $2, $3, $4, $5, $6)`,
  };
}

export type ProjectionStatements = ReturnType<typeof projectionStatements>;
