import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { Uuid } from '../../../core/kernel/ledger/commands.ts';
import type { DisputeLine, ProviderTruth, ReportLine, SettlementLine } from '../simulator.ts';
import { ofDisputes } from './disputes.ts';

/** An operation as the books have it. */
interface Call {
  readonly book: string;
  readonly payment: string;
  /** The provider's name for it. */
  readonly reference: string;
  readonly kind: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly state: string;
  readonly source: string;
  readonly due: boolean;
}

/** A payment as the books have it. */
export interface BookedIntent {
  readonly book: string;
  readonly id: string;
  readonly state: string;
  readonly captured: bigint;
  readonly refunded: bigint;
  /** Money that is nobody's so far. */
  readonly unapplied: bigint;
  readonly attention: string;
  readonly due: boolean;
}

export interface Truth {
  /** What does not agree; [] for nothing. */
  readonly findings: string[];
  readonly intents: readonly BookedIntent[];
  /** Operations that may still be done, each with a moment at which it is looked at. */
  readonly open: number;
  /** Payments that an operator has to look at. */
  readonly owned: number;
  /** What the provider moved, minor units of all currencies together. */
  readonly captured: bigint;
  readonly refunded: bigint;
  readonly costs: bigint;
  readonly disputes: readonly DisputeLine[];
}

const PROVIDER = 'simulator';
const OPEN = new Set(['pending', 'accepted', 'requires_action', 'unknown']);
const PROJECTED_MS_MAX = 30_000;

/**
 * Compares what the provider did with what the books say of it, operation by operation and in sums by currency. What is
 * open in the books may have been done already; it counts from the moment at which it is not open any more.
 */
export async function truthOf(databaseUrl: string, simulator: ProviderTruth): Promise<Truth> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await untilProjected(client);
    // One moment for all questions, before the provider is asked: what it did since is open in the books.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const calls = await callsOf(client);
    const intents = await intentsOf(client);
    const foreign = await foreignOf(client);
    const said = { report: await simulator.report(), settlement: await simulator.settlement() };
    const disputes = await simulator.disputes();
    const findings = [
      ...ofOperations(calls, intents, said.report),
      ...ofForeign(foreign, said),
      ...ofIntents({ calls, intents, foreign }, said),
      ...(await ofDisputes(client, disputes)),
      ...(await ofSums(client, { calls, intents, ...said })),
      ...(await ofInvariants(client)),
    ];
    const total = (pick: (line: SettlementLine) => bigint): bigint =>
      said.settlement.reduce((sum, line) => sum + pick(line), 0n);
    return {
      findings,
      intents,
      open: calls.filter(({ state, due }) => OPEN.has(state) && due).length,
      owned: intents.filter(({ attention }) => attention !== '').length,
      captured: total(({ type, credit }) => (type === 'charge' ? credit : 0n)),
      refunded: total(({ type, credit, debit }) => (type === 'charge' ? 0n : debit - credit)),
      costs: total(({ fee }) => fee),
      disputes,
    };
  } finally {
    await client.end();
  }
}

/** Waits until the read models have passed everything that is in the journal now. */
async function untilProjected(client: pg.Client): Promise<void> {
  const until = performance.now() + PROJECTED_MS_MAX;
  for (;;) {
    const { rows } = await client.query<{ behind: string }>(
      `SELECT count(*) AS behind
       FROM (SELECT shard, max(height) AS height FROM florin.journal GROUP BY shard) AS j
       LEFT JOIN florin.projection AS p ON p.shard = j.shard
       WHERE coalesce(p.height, 0) < j.height`,
    );
    if (rows[0].behind === '0') return;
    if (performance.now() > until) throw new Error(`${rows[0].behind} shards are not projected in time`);
    await wait(50);
  }
}

async function callsOf(client: pg.Client): Promise<Call[]> {
  const { rows: refunds } = await client.query<{ book: string; id: string; source: string }>(
    `SELECT book, id, source FROM books.refunds`,
  );
  const sources = new Map(refunds.map(({ book, id, source }) => [`${book} ${id}`, source]));
  const { rows } = await client.query<Omit<Call, 'amount' | 'source'> & { amount: string; operation: Uuid }>(
    `SELECT c.book, c.payment_intent_id AS payment, c.operation_id AS operation, c.kind, c.amount, c.currency,
            c.outcome AS state, c.due_at IS NOT NULL AS due
     FROM books.provider_calls AS c
     ORDER BY c.asked_at`,
  );
  return rows.map(({ operation, ...row }) => ({
    ...row,
    reference: operation,
    amount: BigInt(row.amount),
    source: sources.get(`${row.book} ${operation}`) ?? '',
  }));
}

/** A refund that nobody here asked for, as the books have it. */
interface Foreign {
  readonly book: string;
  readonly payment: string;
  /** The provider's. */
  readonly reference: string;
  readonly amount: bigint;
  readonly source: string;
}

async function foreignOf(client: pg.Client): Promise<Foreign[]> {
  const { rows } = await client.query<Omit<Foreign, 'amount'> & { amount: string }>(
    `SELECT book, payment_intent_id AS payment, provider_reference AS reference, amount, source
     FROM books.refunds WHERE is_foreign AND state = 'succeeded'`,
  );
  return rows.map((row) => ({ ...row, amount: BigInt(row.amount) }));
}

async function intentsOf(client: pg.Client): Promise<BookedIntent[]> {
  const { rows } = await client.query<
    Omit<BookedIntent, 'captured' | 'refunded' | 'unapplied'> &
      Record<'captured' | 'refunded' | 'unapplied', string>
  >(
    `SELECT book, id, state, captured, refunded, unapplied, attention, due_at IS NOT NULL AS due FROM books.payment_intents`,
  );
  return rows.map((row) => ({
    ...row,
    captured: BigInt(row.captured),
    refunded: BigInt(row.refunded),
    unapplied: BigInt(row.unapplied),
  }));
}

/** Whether the books have nothing to say of it yet: it is open, or an operator has it. */
function isUnderWay(call: Call, attended: ReadonlySet<string>): boolean {
  return OPEN.has(call.state) && (call.due || attended.has(call.payment));
}

function attendedOf(intents: readonly BookedIntent[]): Set<string> {
  return new Set(intents.filter(({ attention }) => attention !== '').map(({ id }) => id));
}

function ofOperations(
  calls: readonly Call[],
  intents: readonly BookedIntent[],
  report: readonly ReportLine[],
): string[] {
  const found: string[] = [];
  const attended = attendedOf(intents);
  const done = new Map(report.map((line) => [line.reference, line]));
  const asked = new Map(calls.map((call) => [call.reference, call]));
  for (const line of report) {
    const call = asked.get(line.reference);
    const name = `${line.kind} ${line.reference}`;
    if (call === undefined) found.push(`${name}: the provider was asked, and no journal says so`);
    else if (call.kind !== line.kind) found.push(`${name}: the books call it ${call.kind}`);
    else if (line.status === 'succeeded' && call.state !== 'succeeded' && !isUnderWay(call, attended))
      found.push(`${name}: the provider did it, the books say ${call.state}`);
    else if (line.kind !== 'void' && call.state === 'succeeded' && line.amount !== call.amount)
      found.push(`${name}: the provider did ${line.amount}, the books say ${call.amount}`);
  }
  for (const call of calls)
    if (call.state === 'succeeded' && done.get(call.reference)?.status !== 'succeeded')
      found.push(`${call.kind} ${call.reference}: the books say that it was done, the provider does not`);
  return found;
}

/** What was refunded at the provider's own pages: no operation tells of it, so its settlement does. */
function ofForeign(
  foreign: readonly Foreign[],
  { report, settlement }: { report: readonly ReportLine[]; settlement: readonly SettlementLine[] },
): string[] {
  const asked = new Set(report.map(({ reference }) => reference));
  const byHand = settlement.filter(({ type, reference }) => type === 'refund' && !asked.has(reference));
  const booked = new Map<string, bigint>();
  for (const { reference, amount } of foreign) booked.set(reference, (booked.get(reference) ?? 0n) + amount);
  const done = new Map(byHand.map(({ reference, debit }) => [reference, debit]));
  return [...new Set([...booked.keys(), ...done.keys()])]
    .filter((reference) => booked.get(reference) !== done.get(reference))
    .map(
      (reference) =>
        `refund ${reference} by hand: the provider did ${done.get(reference) ?? 0}, the books say ${booked.get(reference) ?? 0}`,
    );
}

function ofIntents(
  {
    calls,
    intents,
    foreign,
  }: { calls: readonly Call[]; intents: readonly BookedIntent[]; foreign: readonly Foreign[] },
  { report }: { report: readonly ReportLine[] },
): string[] {
  const found: string[] = [];
  const done = new Map(report.map((line) => [line.reference, line]));
  const byIntent = Map.groupBy(calls, ({ book, payment }) => `${book} ${payment}`);
  for (const intent of intents) {
    const say = (what: string): void => void found.push(`payment ${intent.id} (${intent.state}): ${what}`);
    const own = byIntent.get(`${intent.book} ${intent.id}`) ?? [];
    const open = own.filter(({ state }) => OPEN.has(state));
    if (intent.attention === '') {
      // The first call of an attempt that a void is to close waits for that void.
      if (open.length > 0 && !open.some(({ due }) => due)) say('open, and nobody will ever look at it');
      if (intent.state === 'processing' && open.length === 0) say('processing, and nothing is under way');
      if (!isFinal(intent) && open.length === 0 && !intent.due)
        say('neither final nor due, and nobody has it');
    }
    if (intent.state === 'conflicted' && intent.attention === '') say('conflicted, and nobody has it');
    if (open.length > 0 || intent.attention !== '') continue;
    const sum = (kinds: string[], source?: string): bigint =>
      own
        .filter((one) => kinds.includes(one.kind) && (source === undefined || one.source === source))
        .map(({ reference }) => done.get(reference))
        .reduce((total, line) => (line?.status === 'succeeded' ? total + line.amount : total), 0n);
    const byHand = (source: string): bigint =>
      foreign
        .filter((one) => one.payment === intent.id && one.book === intent.book && one.source === source)
        .reduce((total, { amount }) => total + amount, 0n);
    const sentBack = sum(['refund'], 'unapplied') + byHand('unapplied');
    const charged = sum(['sale', 'capture']);
    if (charged - sentBack !== intent.captured)
      say(`charged ${charged}, of which ${sentBack} went back; booked ${intent.captured}`);
    const refunded = sum(['refund'], 'available') + byHand('available');
    if (refunded !== intent.refunded) say(`refunded ${refunded}, booked ${intent.refunded}`);
    const sales = own.filter(
      ({ kind, reference }) => kind === 'sale' && done.get(reference)?.status === 'succeeded',
    );
    if (sales.length > 1 && sentBack === 0n) say('charged twice');
  }
  return found;
}

function isFinal({ state }: BookedIntent): boolean {
  return state === 'succeeded' || state === 'canceled' || state === 'expired';
}

interface Sums {
  captured: bigint;
  refunded: bigint;
  costs: bigint;
}

/** What the postings on `psp_receivable` add up to, against the provider's settlement, by currency. */
async function ofSums(
  client: pg.Client,
  told: {
    calls: readonly Call[];
    intents: readonly BookedIntent[];
    settlement: readonly SettlementLine[];
  },
): Promise<string[]> {
  const attended = attendedOf(told.intents);
  // Of another amount than was asked: an operator decides whose it is, and it is booked as nobody's.
  const unapplied = new Set(told.intents.filter((one) => one.unapplied > 0n).map(({ id }) => id));
  const isBooked = ({ kind, payment }: Call): boolean =>
    (kind === 'sale' || kind === 'capture') && attended.has(payment) && unapplied.has(payment);
  const underWay = new Set(
    told.calls
      .filter((call) => isUnderWay(call, attended) && !isBooked(call))
      .map(({ reference }) => reference),
  );
  const provider = new Map<string, Sums>();
  for (const { type, reference, currency, credit, debit, fee } of told.settlement) {
    // A dispute goes by the name of its charge, and is booked whatever is known of that.
    if (underWay.has(reference) && !type.startsWith('dispute')) continue;
    const sums = provider.get(currency) ?? { captured: 0n, refunded: 0n, costs: 0n };
    provider.set(currency, sums);
    // What leaves after a charge comes back where a refund fails, or a dispute is won.
    if (type === 'charge') sums.captured += credit;
    else sums.refunded += debit - credit;
    sums.costs += fee;
  }
  const { rows } = await client.query<Record<keyof Sums | 'currency' | 'balance', string>>(
    `WITH moved AS (
       SELECT currency AS asset, amount, purpose IN ('captured', 'unapplied') AS charges, debit_code LIKE $1 AS comes,
              debit_code LIKE 'expense:%' AS costs
       FROM books.payment_postings WHERE debit_code LIKE $1 OR credit_code LIKE $1
     )
     SELECT a.asset AS currency, sum(a.posted_balance) AS balance,
            (SELECT coalesce(sum(amount), 0) FROM moved WHERE asset = a.asset AND comes AND charges) AS captured,
            (SELECT coalesce(sum(CASE WHEN comes THEN -amount ELSE amount END), 0)
             FROM moved WHERE asset = a.asset AND NOT costs AND NOT (comes AND charges)) AS refunded,
            (SELECT coalesce(sum(amount), 0) FROM moved WHERE asset = a.asset AND costs) AS costs
     FROM books.accounts AS a WHERE a.code LIKE $1 GROUP BY a.asset`,
    [`psp_receivable:${PROVIDER}:%`],
  );
  const found: string[] = [];
  const booked = new Map(rows.map((row) => [row.currency, row]));
  for (const currency of new Set([...provider.keys(), ...booked.keys()])) {
    const theirs = provider.get(currency) ?? { captured: 0n, refunded: 0n, costs: 0n };
    const ours = booked.get(currency);
    for (const what of ['captured', 'refunded', 'costs'] as const)
      if (BigInt(ours?.[what] ?? 0) !== theirs[what])
        found.push(`${currency}: the provider says ${what} ${theirs[what]}, the books ${ours?.[what] ?? 0}`);
    const owed = theirs.captured - theirs.refunded - theirs.costs;
    if (BigInt(ours?.balance ?? 0) !== owed)
      found.push(`${currency}: the provider owes ${owed}, the books say ${ours?.balance ?? 0}`);
  }
  return found;
}

/** Every invariant that the books can be asked about. */
async function ofInvariants(client: pg.Client): Promise<string[]> {
  const { rows: views } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relnamespace = 'books'::regnamespace AND relkind = 'v' AND relname LIKE 'invariant\\_%' ORDER BY 1`,
  );
  const found: string[] = [];
  for (const { name } of views) {
    const { rows } = await client.query<{ subject: string; detail: string }>(
      `SELECT subject, detail FROM books.${name} LIMIT 20`,
    );
    for (const { subject, detail } of rows) found.push(`${name}: ${subject}: ${detail}`);
  }
  return found;
}
