import {
  type ListEventsCall,
  type ListEventsOutcome,
  type PspEvent,
  UnreadableWebhook,
} from '../../../core/processes/psp.ts';
import type { Exchanged } from '../http/exchange.ts';
import { readObject } from './answers.ts';
import { eventIn } from './webhooks.ts';

/** Events of a page: a quarter of the largest answer that is read. */
const PAGE = 500;

/** Where a page ended: the number of its last event, and the event itself, since another simulator has other numbers. */
interface Place {
  readonly number: number;
  readonly id: string;
}

interface Row {
  readonly number: number;
  readonly event: unknown;
}

interface Page {
  readonly rows: readonly Row[];
  readonly isMore: boolean;
}

/** What happened behind a cursor, "12:evt_..", in the order of the simulator's own numbers. */
export async function listEvents(
  get: (path: string) => Promise<Exchanged>,
  { cursor }: ListEventsCall,
): Promise<ListEventsOutcome> {
  const place = placeOf(cursor);
  // With the one before: it has to be the one that it was.
  const after = place === null ? 0 : place.number - 1;
  const exchanged = await get(`/v1/events?after=${after}&limit=${PAGE}`);
  if (exchanged.got !== 'answer') return { done: exchanged.got, why: exchanged.why };
  if (exchanged.status !== 200) return { done: 'unknown', why: `answered with ${exchanged.status}` };
  const page = pageOf(exchanged.body);
  if (page === null) return { done: 'unknown', why: 'the answer cannot be read' };
  if (place === null) return listed(page, { cursor, isAnew: cursor !== '' });
  const [first] = page.rows;
  if (first?.number === place.number && idOf(first) === place.id)
    return listed({ ...page, rows: page.rows.slice(1) }, { cursor, isAnew: false });
  const anew = await listEvents(get, { cursor: '', nowMs: 0 });
  return anew.done === 'listed' ? { ...anew, isAnew: true } : anew;
}

function listed(
  { rows, isMore }: Page,
  { cursor, isAnew }: { cursor: string; isAnew: boolean },
): ListEventsOutcome {
  const events: PspEvent[] = [];
  const unreadable: string[] = [];
  let newestMs: number | null = null;
  for (const row of rows) {
    try {
      const event = eventIn(new Map(Object.entries(row.event as object)));
      events.push(event);
      newestMs = Math.max(newestMs ?? 0, event.occurredAtMs);
    } catch (error) {
      if (!(error instanceof UnreadableWebhook)) throw error;
      unreadable.push(`${idOf(row)}: ${error.message}`);
    }
  }
  const last = rows.at(-1);
  return {
    done: 'listed',
    events,
    // A page may be empty though more follows, while what it would hold is not listed yet.
    cursor: last === undefined ? (isAnew ? '' : cursor) : `${last.number}:${idOf(last)}`,
    isMore: isMore && last !== undefined,
    newestMs,
    isAnew,
    unreadable,
  };
}

function pageOf(body: string): Page | null {
  const answer = readObject(body);
  const data = answer?.get('data');
  const isMore = answer?.get('has_more');
  if (!Array.isArray(data) || typeof isMore !== 'boolean') return null;
  const rows = data.filter(isRow);
  return rows.length === data.length ? { rows, isMore } : null;
}

function isRow(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null || !('number' in value) || !('event' in value))
    return false;
  return Number.isSafeInteger(value.number) && typeof value.event === 'object' && value.event !== null;
}

function idOf({ event }: Row): string {
  const { id } = event as { id?: unknown };
  return typeof id === 'string' ? id : '';
}

function placeOf(cursor: string): Place | null {
  const parts = /^([1-9]\d{0,14}):(.{1,200})$/.exec(cursor);
  return parts === null ? null : { number: Number(parts[1]), id: parts[2] };
}
