import { setTimeout as wait } from 'node:timers/promises';
import { DatabaseClient } from '../../../core/journal/database.ts';

/** What the simulated provider says, beside the books. */
export interface ProviderTruth {
  /** Operations that it has done or refused. */
  readonly operations: number;
  /** What the books say otherwise; [] for nothing. */
  readonly findings: readonly string[];
}

/** An operation as the provider has it. */
interface Line {
  readonly number: number;
  /** Our reference. */
  readonly reference: string;
  readonly kind: string;
  readonly status: string;
  readonly amount: string;
  readonly currency: string;
}

/** The same as the books have it. */
interface Call {
  readonly reference: string;
  readonly kind: string;
  readonly outcome: string;
  readonly amount: string;
  readonly currency: string;
  /** An operator has its payment. */
  readonly attended: boolean;
}

export interface Asked {
  /** The owner's URL of each server. */
  readonly urls: readonly string[];
  /** "http://127.0.0.1:7430". */
  readonly simulator: string;
  /** How long what does not agree is looked at again; default 10 s. */
  readonly eventsMs?: number;
}

/** There is no simulator where one was to be asked. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const PAGE = 1_000;
const SHOWN_MAX = 200;
const OPEN: ReadonlySet<string> = new Set(['pending', 'accepted', 'requires_action', 'unknown']);
/** The read models come after the journal. */
const PROJECTED_MS_MAX = 60_000;
/** What the provider takes back later it tells in events, which are on their way for a while. */
const EVENTS_MS = 10_000;
const AGAIN_MS = 500;

/**
 * Compares every operation of a simulator with the books. Florin may go on meanwhile: the intent of a call is journalled
 * before the call, so what the provider has done when it is asked first is in books that are read later, and what those
 * call done the provider has when it is asked last. What does not agree is looked at again until its events must have come.
 */
export async function providerTruth({ eventsMs = EVENTS_MS, ...asked }: Asked): Promise<ProviderTruth> {
  const until = performance.now() + eventsMs;
  for (;;) {
    const truth = await compared(asked);
    if (truth.findings.length === 0 || performance.now() >= until) return truth;
    await wait(AGAIN_MS);
  }
}

async function compared({ urls, simulator }: Omit<Asked, 'eventsMs'>): Promise<ProviderTruth> {
  const first = await reportOf(simulator);
  const calls = new Map<string, Call>();
  for (const url of urls) for (const call of await callsOf(url)) calls.set(call.reference, call);
  const last = new Map((await reportOf(simulator)).map((line) => [line.reference, line]));
  const findings = [...first.flatMap((line) => ofLine(line, calls)), ...ofCalls(calls, last)];
  return { operations: first.length, findings };
}

/** For a person. */
export function providerLines({ operations, findings }: ProviderTruth): string[] {
  const head = `provider     ${operations.toLocaleString('en-US')} operations compared with the books`;
  if (findings.length === 0) return [`${head}: all agree`];
  return [
    `${head}: ${findings.length} do not agree`,
    ...findings.slice(0, SHOWN_MAX).map((one) => `  ${one}`),
  ];
}

function ofLine(
  { reference, kind, status, amount, currency }: Line,
  calls: ReadonlyMap<string, Call>,
): string[] {
  const call = calls.get(reference);
  const name = `${kind} ${reference}`;
  if (call === undefined) return [`${name}: the provider was asked, and no journal says so`];
  if (call.kind !== kind) return [`${name}: the books call it ${call.kind}`];
  const isOpen = OPEN.has(call.outcome) || call.attended;
  if (status === 'succeeded' && call.outcome !== 'succeeded' && !isOpen)
    return [`${name}: the provider did it, the books say ${call.outcome}`];
  const isSame = call.amount === amount && call.currency === currency;
  if (kind !== 'void' && status === 'succeeded' && call.outcome === 'succeeded' && !isSame && !call.attended)
    return [`${name}: the provider did ${amount} ${currency}, the books say ${call.amount} ${call.currency}`];
  return [];
}

function ofCalls(calls: ReadonlyMap<string, Call>, report: ReadonlyMap<string, Line>): string[] {
  return [...calls.values()].flatMap(({ reference, kind, outcome }) => {
    const status = report.get(reference)?.status;
    if (outcome !== 'succeeded' || status === 'succeeded') return [];
    const says = status === undefined ? 'does not know it' : `says ${status}`;
    return [`${kind} ${reference}: the books say that it was done, the provider ${says}`];
  });
}

async function callsOf(url: string): Promise<Call[]> {
  const client = new DatabaseClient({ connectionString: url, application_name: 'florin verify' });
  await client.connect();
  try {
    await untilProjected(client);
    const { rows } = await client.query<Call>(
      `SELECT c.operation_id::text AS reference, c.kind, c.outcome, c.amount::text AS amount, c.currency,
              i.attention <> '' AS attended
       FROM books.provider_calls AS c
       JOIN books.payment_intents AS i ON i.book = c.book AND i.id = c.payment_intent_id
       WHERE c.provider = 'simulator'`,
    );
    return rows;
  } finally {
    await client.end();
  }
}

/** Waits until the read models have everything that is in the journal now. */
export async function untilProjected(client: DatabaseClient): Promise<void> {
  const { rows: tips } = await client.query<{ shard: number; height: string }>(
    'SELECT shard, max(height) AS height FROM florin.journal GROUP BY shard',
  );
  const until = performance.now() + PROJECTED_MS_MAX;
  for (;;) {
    const { rows } = await client.query<{ shard: number; height: string }>(
      'SELECT shard, height FROM florin.projection',
    );
    const heights = new Map(rows.map(({ shard, height }) => [shard, BigInt(height)]));
    if (tips.every(({ shard, height }) => (heights.get(shard) ?? 0n) >= BigInt(height))) return;
    if (performance.now() > until) throw new Error('the read models do not come after the journal in time');
    await wait(50);
  }
}

async function reportOf(simulator: string): Promise<Line[]> {
  const lines: Line[] = [];
  for (;;) {
    const url = `${simulator}/v1/report?after=${lines.at(-1)?.number ?? 0}&limit=${PAGE}`;
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.status !== 200) throw new NoAnswer(`no payment simulator answers at ${simulator}.`);
    const { data } = (await answer.json()) as { data: Line[] };
    lines.push(...data);
    if (data.length < PAGE) return lines;
  }
}
