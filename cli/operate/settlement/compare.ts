import type { SettlementLine } from '../../../core/processes/psp.ts';

/** What moved between a provider and us, minor units: what it owes us more, and what it took for that. */
export interface Moved {
  readonly gross: bigint;
  readonly fee: bigint;
}

/** A payment of a book. */
export interface PaymentKey {
  readonly book: string;
  readonly payment: string;
}

/** What the books moved of a payment on a day. */
export interface Movement extends PaymentKey, Moved {
  readonly currency: string;
  /** "2026-11-27", UTC. */
  readonly day: string;
}

/** A line of the report, with the payment that it is of; null where no book has it. */
export interface PlacedLine {
  readonly line: SettlementLine;
  readonly of: PaymentKey | null;
}

export interface Difference {
  /** null: no payment of ours. */
  readonly of: PaymentKey | null;
  /** '' where the report does not name it. */
  readonly providerReference: string;
  readonly currency: string;
  /** Over the day and the two beside it. */
  readonly provider: Moved;
  readonly books: Moved;
}

export interface SettlementCheck {
  readonly day: string;
  /** Of the day. */
  readonly lines: number;
  /** Of the day, by currency. */
  readonly sums: readonly { readonly currency: string; readonly provider: Moved; readonly books: Moved }[];
  /** Payments, once in each currency, that something was reported or booked of on that day. */
  readonly payments: number;
  /** Of them those that agree only together with the day before and the day after. */
  readonly shifted: number;
  readonly differences: readonly Difference[];
}

const NOTHING: Moved = { gross: 0n, fee: 0n };

interface Both {
  readonly of: PaymentKey | null;
  providerReference: string;
  readonly currency: string;
  isOfDay: boolean;
  readonly provider: { day: Moved; all: Moved };
  readonly books: { day: Moved; all: Moved };
}

/**
 * Compares payment by payment. A movement around midnight may be of one day here and of the next one there, so what does not
 * agree on the day is looked at together with the days beside it, of which lines and movements are given as well.
 */
export function compareSettlement(
  day: string,
  lines: readonly PlacedLine[],
  movements: readonly Movement[],
): SettlementCheck {
  const all = new Map<string, Both>();
  const at = (of: PaymentKey | null, providerReference: string, currency: string): Both => {
    const name = of === null ? `? ${providerReference}` : `${of.book} ${of.payment}`;
    const key = `${name} ${currency}`;
    const found = all.get(key) ?? {
      of,
      providerReference,
      currency,
      isOfDay: false,
      provider: { day: NOTHING, all: NOTHING },
      books: { day: NOTHING, all: NOTHING },
    };
    all.set(key, found);
    return found;
  };
  for (const { line, of } of lines) {
    const both = at(of, line.providerReference, line.currency);
    both.providerReference ||= line.providerReference;
    add(both, both.provider, line, dayOf(line.occurredAtMs) === day);
  }
  for (const { book, payment, currency, day: bookedOn, gross, fee } of movements) {
    const both = at({ book, payment }, '', currency);
    add(both, both.books, { gross, fee }, bookedOn === day);
  }
  const ofDay = [...all.values()].filter(({ isOfDay }) => isOfDay);
  const differences = ofDay.filter(({ provider, books }) => !isSame(provider.all, books.all));
  return {
    day,
    lines: lines.filter(({ line }) => dayOf(line.occurredAtMs) === day).length,
    sums: sumsOf(ofDay),
    payments: ofDay.length,
    shifted: ofDay.filter(
      ({ provider, books }) => isSame(provider.all, books.all) && !isSame(provider.day, books.day),
    ).length,
    differences: differences.map(({ of, providerReference, currency, provider, books }) => ({
      of,
      providerReference,
      currency,
      provider: provider.all,
      books: books.all,
    })),
  };
}

function add(both: Both, side: Both['provider'], moved: Moved, isOfDay: boolean): void {
  side.all = plus(side.all, moved);
  if (!isOfDay) return;
  side.day = plus(side.day, moved);
  both.isOfDay = true;
}

function sumsOf(all: readonly Both[]): SettlementCheck['sums'] {
  const currencies = [...new Set(all.map(({ currency }) => currency))].toSorted();
  return currencies.map((currency) => {
    const own = all.filter((one) => one.currency === currency);
    const sum = (side: 'provider' | 'books'): Moved =>
      own.reduce((total, one) => plus(total, one[side].day), NOTHING);
    return { currency, provider: sum('provider'), books: sum('books') };
  });
}

function plus(a: Moved, b: Moved): Moved {
  return { gross: a.gross + b.gross, fee: a.fee + b.fee };
}

function isSame(a: Moved, b: Moved): boolean {
  return a.gross === b.gross && a.fee === b.fee;
}

/** "2026-11-27", UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
