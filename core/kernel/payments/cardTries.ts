import type { Uuid } from '../ledger/commands.ts';
import type { IntentCreated, IntentMoved } from './change.ts';

/**
 * How often a merchant may try one card that declines: the card networks fine whoever asks more often. A try counts once
 * it was declined; one that is authorised, or that is still open, does not.
 */
export const CARD_TRIES_MAX = 15;
export const CARD_TRIES_DAYS = 30;
const WINDOW_US = CARD_TRIES_DAYS * 86_400_000_000;

/** A card as far as we know it: a token is the provider's or the vault's, and the limit is a merchant's. */
export interface CardRef {
  book: number;
  merchant: Uuid;
  token: string;
}

/** A try that was declined. */
export interface CardTry {
  operation: Uuid;
  /** When it was asked for, microseconds. */
  triedUs: number;
}

interface Card {
  tries: CardTry[];
  /** False: it may have been tried before, in events that only the read models have. */
  isWhole: boolean;
  /** The last event that told of a decline. */
  lastSeq: number;
}

/** The tries of cards of one shard that were declined. Only apply.ts and loading change it. */
export class CardTries {
  readonly #cards = new Map<string, Card>();
  /** A card that is not here has no declined try; false after a take-over, until the read models were asked. */
  isComplete = true;

  get size(): number {
    return this.#cards.size;
  }

  isKnown(card: CardRef): boolean {
    return this.#cards.get(cardKey(card))?.isWhole ?? this.isComplete;
  }

  /** Whether it was declined too often within the window; `more` are tries that are being decided upon. */
  isExhausted(card: CardRef, { nowUs, more }: { nowUs: number; more: readonly CardTry[] }): boolean {
    const tries = merged(this.#cards.get(cardKey(card))?.tries ?? [], more);
    return tries.filter(({ triedUs }) => triedUs > nowUs - WINDOW_US).length >= CARD_TRIES_MAX;
  }

  /** A decline that an event tells of. */
  note(card: CardRef, one: CardTry, seq: number): void {
    const known = this.#of(card);
    known.tries = merged(known.tries, [one]);
    known.lastSeq = seq;
  }

  /** All that the read models have of a card. */
  admit(card: CardRef, tries: readonly CardTry[]): void {
    const known = this.#of(card);
    known.tries = merged(known.tries, tries);
    known.isWhole = true;
  }

  /** The read models were asked for all cards, and these were admitted. */
  completed(): void {
    this.isComplete = true;
    for (const card of this.#cards.values()) card.isWhole = true;
  }

  /** Forgets the oldest ones that the read models have whole; how many. */
  letGo(seq: number, most: number): number {
    let gone = 0;
    for (const [key, { lastSeq }] of this.#cards) {
      if (gone === most) break;
      if (lastSeq > seq) continue;
      this.#cards.delete(key);
      gone++;
    }
    if (gone > 0) this.isComplete = false;
    return gone;
  }

  #of(card: CardRef): Card {
    const key = cardKey(card);
    let known = this.#cards.get(key);
    if (known === undefined) {
      known = { tries: [], isWhole: this.isComplete, lastSeq: 0 };
      this.#cards.set(key, known);
    }
    return known;
  }
}

/** What an event tells of declined cards: their tokens, and the tries. */
export function declinesIn({
  attempts,
  operations,
}: Pick<IntentCreated | IntentMoved, 'attempts' | 'operations'>): { token: string; one: CardTry }[] {
  const found: { token: string; one: CardTry }[] = [];
  for (const [, { state, method, operation }] of attempts) {
    if (state !== 'declined' || method.type !== 'card') continue;
    // An attempt that an event only shows again was told of before.
    const asked = operations.find(({ id }) => id === operation);
    if (asked !== undefined) found.push({ token: method.token, one: { operation, triedUs: asked.askedUs } });
  }
  return found;
}

/** Each once, the newest of them, as many as could ever matter. */
function merged(tries: readonly CardTry[], more: readonly CardTry[]): CardTry[] {
  if (more.length === 0) return [...tries];
  const byOperation = new Map([...tries, ...more].map((one) => [one.operation, one]));
  return [...byOperation.values()].toSorted((a, b) => a.triedUs - b.triedUs).slice(-CARD_TRIES_MAX);
}

/** The same for the same card. */
export function cardKey({ book, merchant, token }: CardRef): string {
  return `${book} ${merchant} ${token}`;
}
