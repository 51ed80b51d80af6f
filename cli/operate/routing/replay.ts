import {
  type Choosing,
  feeOf,
  ranked,
  ticketsOf,
  WHOLE_PPM,
} from '../../../core/processes/routing/strategies.ts';
import type { RouteCandidate } from '../../../core/kernel/payments/model.ts';

/** The choice of a first attempt as it was stored, and what came of it. */
export interface StoredDecision {
  readonly provider: string;
  /** As they were known at that moment; the chosen one among them. */
  readonly candidates: readonly RouteCandidate[];
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
  /** unproven: nobody knows, or it never reached the provider. */
  readonly outcome: 'approved' | 'declined' | 'unproven';
}

/** By what the stored decisions are made again. */
export interface Alternative {
  readonly routing: Choosing['routing'];
  /** Of the strategy `order`: the providers in that order; those that are not named come behind. */
  readonly order: readonly string[];
}

/** Minor units, rounded; what they rest on is estimated. */
interface Money {
  approved: number;
  fees: number;
}

export interface ReplayReport {
  readonly decisions: number;
  /** Those that would have gone to another provider: a sum of probabilities where chance has a say. */
  readonly changed: number;
  /** Those whose outcome is proven: approval and money are about them alone. */
  readonly proven: number;
  /** Shares of `proven`, 0 to 1; null where there are none. */
  readonly approval: {
    /** What happened. */
    readonly realised: number | null;
    /** What the alternative would have made of it. */
    readonly estimated: number | null;
    /** The same of what was chosen, by stored rates alone: how far that is from `realised` is how far they are off. */
    readonly realisedByRates: number | null;
  };
  readonly money: readonly {
    readonly currency: string;
    readonly realised: Money;
    readonly estimated: Money;
  }[];
  /** Shares of `decisions`, 0 to 1. */
  readonly providers: readonly {
    readonly provider: string;
    readonly realised: number;
    readonly estimated: number;
  }[];
}

interface Sums {
  approved: number;
  fees: number;
}

/**
 * Makes stored decisions again by another strategy and sums up what would have changed. Where the choice is the same, the
 * outcome is the one that happened; where it is another, the approval is the authorisation rate that was stored for that
 * provider at that moment, and the fee is that of its fee table. Where chance has a say, each provider counts by its part:
 * nothing is drawn, so the same history always gives the same figures. Only first attempts are judged.
 */
export class Replay {
  readonly #alternative: Alternative;
  #decisions = 0;
  #changed = 0;
  #proven = 0;
  #approval = { realised: 0, estimated: 0, byRates: 0 };
  readonly #money = new Map<string, { realised: Sums; estimated: Sums }>();
  readonly #providers = new Map<string, { realised: number; estimated: number }>();

  constructor(alternative: Alternative) {
    this.#alternative = alternative;
  }

  add(decision: StoredDecision): void {
    const { provider, amount } = decision;
    const parts = this.#partsOf(decision);
    this.#decisions++;
    this.#providerOf(provider).realised++;
    for (const [name, part] of parts) this.#providerOf(name).estimated += part;
    this.#changed += 1 - (parts.get(provider) ?? 0);
    if (decision.outcome === 'unproven') return;
    this.#proven++;
    const realised = decision.outcome === 'approved' ? 1 : 0;
    const money = this.#moneyOf(decision.currency);
    for (const candidate of decision.candidates) {
      const isChosen = candidate.provider === provider;
      const approval = isChosen ? realised : candidate.authRate;
      const fee = feeOf(candidate, amount);
      if (isChosen) {
        this.#approval.realised += realised;
        this.#approval.byRates += candidate.authRate;
        addTo(money.realised, { approval: realised, amount, fee });
      }
      const part = parts.get(candidate.provider) ?? 0;
      this.#approval.estimated += part * approval;
      addTo(money.estimated, { approval: part * approval, amount, fee });
    }
  }

  report(): ReplayReport {
    const { realised, estimated, byRates } = this.#approval;
    const share = (sum: number, of: number): number => rounded(sum / of);
    const ofProven = (sum: number): number | null => (this.#proven === 0 ? null : share(sum, this.#proven));
    return {
      decisions: this.#decisions,
      changed: rounded(this.#changed),
      proven: this.#proven,
      approval: {
        realised: ofProven(realised),
        estimated: ofProven(estimated),
        realisedByRates: ofProven(byRates),
      },
      money: byName(this.#money).map(([currency, sums]) => ({
        currency,
        realised: whole(sums.realised),
        estimated: whole(sums.estimated),
      })),
      providers: byName(this.#providers).map(([provider, sums]) => ({
        provider,
        realised: share(sums.realised, this.#decisions),
        estimated: share(sums.estimated, this.#decisions),
      })),
    };
  }

  /** The part of the decision that each provider would have got, 1 together. */
  #partsOf({ candidates, amount }: StoredDecision): Map<string, number> {
    const { routing, order } = this.#alternative;
    const choosing: Choosing = { routing, amount, attempt: 0 };
    const features = [...candidates];
    if (routing.strategy === 'order')
      features.sort((a, b) => placeOf(order, a.provider) - placeOf(order, b.provider));
    const parts = new Map<string, number>();
    for (const { provider, sharePpm } of ticketsOf(ranked(features, choosing), choosing))
      parts.set(provider, (parts.get(provider) ?? 0) + sharePpm / WHOLE_PPM);
    return parts;
  }

  #providerOf(name: string): { realised: number; estimated: number } {
    let found = this.#providers.get(name);
    if (found === undefined) this.#providers.set(name, (found = { realised: 0, estimated: 0 }));
    return found;
  }

  #moneyOf(currency: string): { realised: Sums; estimated: Sums } {
    let found = this.#money.get(currency);
    if (found === undefined) {
      found = { realised: { approved: 0, fees: 0 }, estimated: { approved: 0, fees: 0 } };
      this.#money.set(currency, found);
    }
    return found;
  }
}

function addTo(sums: Sums, one: { approval: number; amount: bigint; fee: number }): void {
  sums.approved += one.approval * Number(one.amount);
  sums.fees += one.approval * one.fee;
}

function placeOf(order: readonly string[], provider: string): number {
  const place = order.indexOf(provider);
  return place < 0 ? order.length : place;
}

function byName<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function whole({ approved, fees }: Sums): Money {
  return { approved: Math.round(approved), fees: Math.round(fees) };
}

/** To six digits. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
