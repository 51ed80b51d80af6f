import type { Uuid } from '../../../core/processes/psp.ts';
import { CHARGE, CLOSED, OPERATION } from './answers.ts';
import { type Refused, type Reply, type StripeCalls, unknown } from './api.ts';
import type { Json } from './json.ts';

export const INTENTS = '/v1/payment_intents';

/** The newest intents that are looked through where one is known to exist and the search does not show it yet. */
const PAGES_MAX = 5;
const PAGE_SIZE = 100;

export function pathOf(intentId: string, action = ''): string {
  return `${INTENTS}/${encodeURIComponent(intentId)}${action === '' ? '' : `/${action}`}`;
}

export function retrieve(calls: StripeCalls, intentId: string): Promise<Reply> {
  return calls.get(pathOf(intentId), { expand: CHARGE });
}

/** `intent` is null where there is none. */
export type Looked =
  | { readonly done: 'looked'; readonly intent: Json | null }
  | Exclude<Reply, { done: 'found' | 'refused' }>;

/** The intent of an authorisation or sale, by our reference. */
export function findByOperation(calls: StripeCalls, operation: Uuid): Promise<Looked> {
  return findOne(calls, `metadata["${OPERATION}"]:"${operation}"`, isOf(operation));
}

/** The intent on which a capture, void or refund has left its note, see notes.ts. */
export function findByNote(calls: StripeCalls, operation: Uuid): Promise<Looked> {
  return findOne(
    calls,
    `-metadata["${operation}"]:null`,
    (intent) => intent.at('metadata', operation).text !== '',
  );
}

/** Where the intent of this operation is known to exist, and the search does not show it yet. */
export function findAmongNewest(calls: StripeCalls, operation: Uuid): Promise<Looked> {
  return newest(calls, isOf(operation), PAGES_MAX);
}

function isOf(operation: Uuid): (intent: Json) => boolean {
  return (intent) => intent.at('metadata', OPERATION).text === operation;
}

/**
 * The search lags ("searchable in under 1 minute") and may show old states, so it is believed an id and nothing else;
 * what it does not show may be among the newest. Where there are several, the one that was made to close the reference
 * is not the one that is looked for.
 */
async function findOne(
  calls: StripeCalls,
  query: string,
  isWanted: (intent: Json) => boolean,
): Promise<Looked> {
  const reply = await calls.get(`${INTENTS}/search`, { query, limit: 10 });
  if (reply.done === 'refused') return unknown(wordsOf(reply));
  if (reply.done !== 'found') return reply;
  if (reply.value.at('object').text !== 'search_result') return unknown('the answer cannot be read');
  const all = reply.value.at('data').items;
  const open = all.filter((intent) => intent.at('metadata', CLOSED).text === '');
  const found = open.length === 0 ? all : open;
  if (found.length > 1) return unknown('several payment intents bear our reference');
  return found.length === 0 ? newest(calls, isWanted, 1) : look(calls, found[0].at('id').text);
}

/** By its id, as it stands now. */
export async function look(calls: StripeCalls, intentId: string): Promise<Looked> {
  const reply = await retrieve(calls, intentId);
  if (reply.done === 'found') return { done: 'looked', intent: reply.value };
  if (reply.done !== 'refused') return reply;
  return reply.why === 'missing' ? { done: 'looked', intent: null } : unknown(wordsOf(reply));
}

/** Through so many pages of the list, newest first: it shows at once what was created, as Stripe documents. */
async function newest(
  calls: StripeCalls,
  isWanted: (intent: Json) => boolean,
  pages: number,
): Promise<Looked> {
  let after: string | undefined;
  for (let page = 0; page < pages; page++) {
    const reply = await calls.get(INTENTS, { limit: PAGE_SIZE, starting_after: after });
    if (reply.done === 'refused') return unknown(wordsOf(reply));
    if (reply.done !== 'found') return reply;
    if (reply.value.at('object').text !== 'list') return unknown('the answer cannot be read');
    const intents = reply.value.at('data').items;
    const found = intents.find(isWanted);
    if (found !== undefined) return look(calls, found.at('id').text);
    after = intents.at(-1)?.at('id').text;
    if (after === undefined || !reply.value.at('has_more').isTrue) break;
  }
  return { done: 'looked', intent: null };
}

function wordsOf({ words }: Refused): string {
  return `the question was refused: ${words.join(' ').trim()}`;
}
