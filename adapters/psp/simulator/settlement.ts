import type {
  SettlementCall,
  SettlementLine,
  SettlementOutcome,
  Unknown,
  Uuid,
} from '../../../core/processes/psp.ts';
import type { Exchanged } from '../http/exchange.ts';
import { amountOf, readObject } from './answers.ts';
import { EXPONENTS } from './exponents.ts';

const PAGE = 1_000;
const DAY_MS = 86_400_000;

/** A page of the settlement report, by the numbers of its lines. */
export async function settlementPage(
  get: (path: string) => Promise<Exchanged>,
  { day, cursor }: SettlementCall,
): Promise<SettlementOutcome> {
  const fromMs = dayMsOf(day);
  const after = cursor === '' ? 0 : Number(cursor);
  if (fromMs === null || !Number.isSafeInteger(after)) return unknown('no such day, or no such page');
  const query = `from_ms=${fromMs}&before_ms=${fromMs + DAY_MS}&after=${after}&limit=${PAGE}`;
  const exchanged = await get(`/v1/settlement?${query}`);
  if (exchanged.got !== 'answer') return { done: exchanged.got, why: exchanged.why };
  if (exchanged.status !== 200) return unknown(`answered with ${exchanged.status}`);
  const data = readObject(exchanged.body)?.get('data');
  if (!Array.isArray(data)) return unknown('the answer cannot be read');
  const lines = data.map(lineOf);
  // A report of which a part cannot be read is none: what is missing would look as if it had not happened.
  if (lines.includes(null)) return unknown('a line cannot be read');
  const last = data.at(-1) as { number?: unknown } | undefined;
  return {
    done: 'settlement',
    lines: lines.filter((line) => line !== null),
    cursor: last === undefined ? cursor : String(last.number),
    isMore: data.length === PAGE,
  };
}

function lineOf(value: unknown): SettlementLine | null {
  if (typeof value !== 'object' || value === null) return null;
  const line = new Map<string, unknown>(Object.entries(value));
  const [credit, debit, fee] = ['credit', 'debit', 'fee'].map((name) => amountOf(line.get(name)));
  const type = line.get('type');
  const reference = line.get('reference');
  const payment = line.get('payment');
  const currency = line.get('currency');
  const createdMs = line.get('created_ms');
  if (credit === undefined || debit === undefined || fee === undefined) return null;
  if (typeof type !== 'string' || type.length > 64 || typeof reference !== 'string') return null;
  if (typeof payment !== 'string' || payment === '' || payment.length > 128) return null;
  if (typeof currency !== 'string' || !EXPONENTS.has(currency)) return null;
  if (!Number.isSafeInteger(line.get('number')) || !Number.isSafeInteger(createdMs)) return null;
  return {
    type,
    // A refund that was made by hand goes by another name.
    operation: isUuid(reference) ? reference : '',
    providerReference: payment,
    currency,
    gross: credit - debit,
    fee,
    occurredAtMs: createdMs as number,
  };
}

function dayMsOf(day: string): number | null {
  const ms = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

function isUuid(text: string): text is Uuid {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}

function unknown(why: string): Unknown {
  return { done: 'unknown', why };
}
