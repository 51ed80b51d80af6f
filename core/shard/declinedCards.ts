import {
  CARD_TRIES_DAYS,
  type CardRef,
  type CardTries,
  type CardTry,
  cardKey,
  declinesIn,
} from '../kernel/payments/cardTries.ts';
import type { Uuid } from '../kernel/ledger/commands.ts';
import { decodeChange } from '../kernel/payments/change.ts';
import type { LoadedDecline, StateLoader } from './ports.ts';

/** Events of declines that are read at once, of whatever card: about a megabyte. */
const DECLINES_MAX = 1_000;
const WINDOW_US = CARD_TRIES_DAYS * 86_400_000_000;

/** What the read models have of declined cards: of all of them where those are few, else of the ones that are asked for. */
export interface Declines {
  ofAll: boolean;
  rows: readonly LoadedDecline[];
}

export async function declinesOf(
  loader: StateLoader,
  shard: number,
  cards: readonly CardRef[],
): Promise<Declines> {
  const newest = await loader.cardDeclines(shard, DECLINES_MAX);
  const { rows } = newest;
  if (rows.length < DECLINES_MAX || rows[0].bookedUs - rows[rows.length - 1].bookedUs > WINDOW_US)
    return { ofAll: true, rows };
  return { ofAll: false, rows: (await loader.cardDeclinesOf(shard, cards)).rows };
}

/** Makes the cards known: those that were asked for, whether they were declined or not, or all. */
export function admitDeclines(
  cardTries: CardTries,
  asked: Iterable<CardRef>,
  { ofAll, rows }: Declines,
): void {
  const found = new Map<string, { card: CardRef; tries: CardTry[] }>();
  const of = (card: CardRef): CardTry[] => {
    const key = cardKey(card);
    const one = found.get(key) ?? { card, tries: [] };
    found.set(key, one);
    return one.tries;
  };
  for (const { book, merchant, change } of rows) {
    const decoded = decodeChange(change);
    if (!('after' in decoded)) continue;
    for (const { token, one } of declinesIn(decoded))
      of({ book, merchant: merchant as Uuid, token }).push(one);
  }
  if (!ofAll) for (const card of asked) of(card);
  for (const { card, tries } of found.values()) cardTries.admit(card, tries);
  if (ofAll) cardTries.completed();
}
