import {
  type ListEventsCall,
  type ListEventsOutcome,
  type Listed,
  type PspEvent,
  UnreadableWebhook,
} from '../../../core/processes/psp.ts';
import { type Refused, type Reply, type StripeCalls, unknown } from './api.ts';
import type { Json } from './json.ts';
import { TYPES, eventsIn } from './webhooks.ts';

/** Stripe gives access to events "going back up to 30 days". */
export const KEPT_SECONDS = 30 * 86_400;
/** Stripe promises nothing of when an event comes to be listed; what it searches shows in a minute. */
export const LATE_MS = 300_000;
const PAGE = 100;

/** Where a page ended. */
type Place =
  /** Nowhere yet. */
  | { readonly at: 'beginning' }
  /** On the way down from the event `top`, which was old when that began, to the oldest that is kept. */
  | { readonly at: 'down'; readonly top: string; readonly bottom: string }
  /** All up to that event is taken: on the way up. */
  | { readonly at: 'up'; readonly top: string };

/**
 * Stripe lists the newest first, and goes on from an event in either direction. The first reading goes down from an event
 * that is too old for others to come in before it; all that is newer than that one is read upwards, the oldest first.
 */
export async function listEvents(
  calls: StripeCalls,
  { cursor, nowMs }: ListEventsCall,
): Promise<ListEventsOutcome> {
  const place = placeOf(cursor);
  if (place.at === 'beginning') return begin(calls, { nowMs, isAnew: cursor !== '' });
  const next = place.at === 'up' ? { ending_before: place.top } : { starting_after: place.bottom };
  const reply = await calls.get('/v1/events', { limit: PAGE, types: TYPES, ...next });
  if (isGone(reply)) {
    // Of the way down all that is still kept has been seen; of the way up nobody knows what has been missed.
    if (place.at === 'down') return listed([], { cursor: place.top, isMore: true, isAnew: false });
    return begin(calls, { nowMs, isAnew: true });
  }
  const page = pageOf(reply);
  if ('done' in page) return page;
  const { items, hasMore } = page;
  if (place.at === 'up')
    return listed(items, { cursor: idOf(items.at(0)) || place.top, isMore: hasMore, isAnew: false });
  const bottom = idOf(items.at(-1));
  const isDown = !hasMore || bottom === '';
  return listed(items, {
    cursor: isDown ? place.top : `${place.top} ${bottom}`,
    isMore: true,
    isAnew: false,
  });
}

async function begin(
  calls: StripeCalls,
  { nowMs, isAnew }: { nowMs: number; isAnew: boolean },
): Promise<ListEventsOutcome> {
  const oldSeconds = Math.max(0, Math.floor((nowMs - 2 * LATE_MS) / 1_000) - 1);
  const old = pageOf(
    await calls.get('/v1/events', { limit: PAGE, types: TYPES, created: { lte: oldSeconds } }),
  );
  if ('done' in old) return old;
  const { items, hasMore } = old;
  const top = idOf(items.at(0));
  const bottom = idOf(items.at(-1));
  if (top !== '') return listed(items, { cursor: hasMore ? `${top} ${bottom}` : top, isMore: true, isAnew });
  // Nothing is old enough to go on from: the newest are taken, and the next reading begins here again.
  const recent = pageOf(await calls.get('/v1/events', { limit: PAGE, types: TYPES }));
  if ('done' in recent) return recent;
  return listed(recent.items, { cursor: '', isMore: false, isAnew });
}

/** `items` as Stripe lists them, the newest first. */
function listed(
  items: readonly Json[],
  { cursor, isMore, isAnew }: Pick<Listed, 'cursor' | 'isMore' | 'isAnew'>,
): Listed {
  const events: PspEvent[] = [];
  const unreadable: string[] = [];
  for (const item of items.toReversed()) {
    try {
      events.push(...eventsIn(item));
    } catch (error) {
      if (!(error instanceof UnreadableWebhook)) throw error;
      unreadable.push(`${idOf(item)}: ${error.message}`);
    }
  }
  const newest = items.at(0)?.at('created').integer ?? null;
  const newestMs = newest === null ? null : Number(newest) * 1_000;
  return { done: 'listed', events, cursor, isMore, newestMs, isAnew, unreadable };
}

function pageOf(
  reply: Reply,
): { items: Json[]; hasMore: boolean } | Extract<ListEventsOutcome, { done: 'not_sent' | 'unknown' }> {
  if (reply.done === 'refused') return unknown(`the question was refused: ${reply.words.join(' ').trim()}`);
  if (reply.done !== 'found') return reply;
  if (reply.value.at('object').text !== 'list') return unknown('the answer cannot be read');
  return { items: reply.value.at('data').items, hasMore: reply.value.at('has_more').isTrue };
}

/** The event to go on from is older than events are kept, or of another account. */
function isGone(reply: Reply): reply is Refused {
  return reply.done === 'refused' && (reply.why === 'missing' || reply.words.includes('resource_missing'));
}

function placeOf(cursor: string): Place {
  const [top, bottom, ...others] = cursor.split(' ');
  const isId = (text: string): boolean => /^[\x21-\x7e]{1,120}$/.test(text);
  if (!isId(top) || others.length > 0) return { at: 'beginning' };
  if (bottom === undefined) return { at: 'up', top };
  return isId(bottom) ? { at: 'down', top, bottom } : { at: 'beginning' };
}

/** '' for none. */
function idOf(event: Json | undefined): string {
  const id = event?.at('id').text ?? '';
  return /^[\x21-\x7e]{1,120}$/.test(id) ? id : '';
}
