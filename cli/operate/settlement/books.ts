import { DatabaseClient } from '../../../core/journal/database.ts';
import { OWN_CODE_PREFIX } from '../../../core/kernel/ledger/reserved.ts';
import { referenceId } from '../../../core/kernel/payments/chart.ts';
import type { SettlementLine } from '../../../core/processes/psp.ts';
import { untilProjected } from '../verify/providerTruth.ts';
import type { Movement, PaymentKey, PlacedLine } from './compare.ts';

/** References that are looked up at once. */
const AT_ONCE = 5_000;

/** An account as the chart names it: behind a prefix where a caller had one of that name already. */
const named = (side: 'debit' | 'credit'): string => `
  SELECT asset, regexp_replace(code, '^${OWN_CODE_PREFIX}', '') AS code FROM florin.accounts WHERE account_key = p.${side}_account_key`;

// Own transactions of an event stand right before it, and all of them were booked with it.
const MOVEMENTS = `
SELECT book.name AS book, i.id::text AS payment, d.asset AS currency,
       to_char(e.booked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
       sum(CASE WHEN a.fees IN (d.code, c.code) THEN 0 WHEN d.code = a.code THEN p.amount ELSE -p.amount END)::text AS gross,
       sum(CASE a.fees WHEN d.code THEN p.amount WHEN c.code THEN -p.amount ELSE 0 END)::text AS fee
FROM florin.payment_events AS e
JOIN florin.payment_intents AS i ON i.shard = e.shard AND i.seq = e.subject_seq
JOIN florin.adopted_books AS book ON book.number = i.book_no
CROSS JOIN LATERAL (
  SELECT * FROM florin.transactions AS own
  WHERE own.book_no = e.book_no AND own.seq >= e.seq - e.transaction_count AND own.seq < e.seq OFFSET 0
) AS t
CROSS JOIN LATERAL (
  SELECT t.debit_account_key, t.credit_account_key, t.amount
  UNION ALL
  SELECT more.debit_account_key, more.credit_account_key, more.amount
  FROM florin.postings AS more WHERE t.posting_count > 1 AND more.book_no = t.book_no AND more.seq = t.seq
) AS p
CROSS JOIN LATERAL (${named('debit')}) AS d
CROSS JOIN LATERAL (${named('credit')}) AS c
CROSS JOIN LATERAL (
  SELECT 'psp_receivable:' || $1 || ':' || d.asset AS code, 'expense:psp_fees:' || d.asset AS fees
) AS a
WHERE e.booked_at >= $2 AND e.booked_at < $3 AND e.transaction_count > 0 AND a.code IN (d.code, c.code)
GROUP BY 1, 2, 3, 4`;

const PLACES = `
SELECT r.id::text AS id, book.name AS book, i.id::text AS payment
FROM florin.provider_references AS r
JOIN florin.payment_intents AS i ON i.shard = r.shard AND i.seq = r.subject_seq
JOIN florin.adopted_books AS book ON book.number = i.book_no
WHERE r.id = ANY ($1::uuid[])`;

/** What the books of all servers moved with a provider from one moment on and before another. */
export async function movementsOf(
  urls: readonly string[],
  { provider, fromMs, beforeMs }: { provider: string; fromMs: number; beforeMs: number },
): Promise<Movement[]> {
  const period = [new Date(fromMs).toISOString(), new Date(beforeMs).toISOString()];
  const movements: Movement[] = [];
  for (const url of urls)
    await within(url, async (client) => {
      await untilProjected(client);
      const { rows } = await client.query<PaymentKey & Record<'currency' | 'day' | 'gross' | 'fee', string>>(
        MOVEMENTS,
        [provider, ...period],
      );
      for (const { gross, fee, ...row } of rows)
        movements.push({ ...row, gross: BigInt(gross), fee: BigInt(fee) });
    });
  return movements;
}

/** Finds the payments of lines: by our reference, or else by the provider's. */
export async function placed(
  urls: readonly string[],
  provider: string,
  lines: readonly SettlementLine[],
): Promise<PlacedLine[]> {
  const idsOf = ({ operation, providerReference }: SettlementLine): string[] => [
    ...(operation === '' ? [] : [operation]),
    ...(providerReference === '' ? [] : [referenceId(provider, providerReference)]),
  ];
  const ids = [...new Set(lines.flatMap(idsOf))];
  const places = new Map<string, PaymentKey>();
  for (const url of urls)
    await within(url, async (client) => {
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        const { rows } = await client.query<PaymentKey & { id: string }>(PLACES, [
          ids.slice(at, at + AT_ONCE),
        ]);
        for (const { id, ...place } of rows) places.set(id, place);
      }
    });
  return lines.map((line) => ({
    line,
    of:
      idsOf(line)
        .map((id) => places.get(id))
        .find((place) => place !== undefined) ?? null,
  }));
}

async function within(url: string, task: (client: DatabaseClient) => Promise<void>): Promise<void> {
  const client = new DatabaseClient({ connectionString: url, application_name: 'florin settlement' });
  await client.connect();
  try {
    await task(client);
  } finally {
    await client.end();
  }
}
