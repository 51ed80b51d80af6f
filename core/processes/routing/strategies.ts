import {
  type Exploration,
  type RouteCandidate,
  type Routing,
  type RoutingWeights,
  WEIGHTS_DEFAULT,
} from '../../kernel/payments/model.ts';

/** All of it, parts per million. */
export const WHOLE_PPM = 1_000_000;

/** What a strategy has to decide on. */
export interface Choosing {
  readonly routing: Pick<Routing, 'strategy' | 'weights' | 'shares' | 'exploration'>;
  /** Minor units, above 0. */
  readonly amount: bigint;
  /** The index of the attempt in its payment. */
  readonly attempt: number;
}

/** A provider's part in a decision: `sharePpm` of all such payments go to it, and why it has that part. */
export interface Ticket {
  readonly provider: string;
  readonly sharePpm: number;
  readonly why: 'only' | 'score' | 'order' | 'expected_value' | 'split' | 'explore';
}

/**
 * Scores the candidates and puts them in the order of the strategy. Pure: a stored decision can be weighed again by
 * another strategy.
 */
export function ranked(
  candidates: readonly Omit<RouteCandidate, 'score'>[],
  { routing, amount }: Choosing,
): RouteCandidate[] {
  const weights = routing.weights ?? WEIGHTS_DEFAULT;
  const byValue = routing.strategy === 'expected_value';
  const scored = candidates.map((one): RouteCandidate => {
    const score = digits(byValue ? expectedValueOf(one, amount) : scoreOf(one, weights));
    return { ...one, score };
  });
  // Stable: of equals the one that the rule names first.
  if (routing.strategy === 'score' || byValue) scored.sort((a, b) => b.score - a.score);
  return scored;
}

/** Who gets the payment, in which parts: 1000000 together. One ticket where chance has no say. At least one candidate. */
export function ticketsOf(ranking: readonly RouteCandidate[], choosing: Choosing): Ticket[] {
  const { strategy, shares, exploration } = choosing.routing;
  if (ranking.length === 1) return [{ provider: ranking[0].provider, sharePpm: WHOLE_PPM, why: 'only' }];
  if (strategy === 'split') {
    const split = splitTickets(ranking, shares ?? []);
    if (split.length > 0) return split;
    // None of those that have a share is left: the best of the others.
    const [best] = ranking.toSorted((a, b) => b.score - a.score);
    return [{ provider: best.provider, sharePpm: WHOLE_PPM, why: 'score' }];
  }
  const explored = explorationTickets(ranking, exploration, choosing.attempt);
  const rest = explored.reduce((left, { sharePpm }) => left - sharePpm, WHOLE_PPM);
  return [...explored, { provider: ranking[0].provider, sharePpm: rest, why: strategy }];
}

/** The ticket that a number from 0 to 999999 draws. */
export function drawn(tickets: readonly Ticket[], drawPpm: number): Ticket {
  let passed = 0;
  for (const ticket of tickets) {
    passed += ticket.sharePpm;
    if (drawPpm < passed) return ticket;
  }
  // Parts of a part per million may be missing from the sum.
  return tickets[tickets.length - 1];
}

/** The shares of those that are left, scaled up to the whole. */
function splitTickets(ranking: readonly RouteCandidate[], shares: NonNullable<Routing['shares']>): Ticket[] {
  const left = shares.filter(({ provider }) => ranking.some((one) => one.provider === provider));
  const total = left.reduce((sum, { ppm }) => sum + ppm, 0);
  return left.map(({ provider, ppm }) => ({
    provider,
    sharePpm: (ppm * WHOLE_PPM) / total,
    why: 'split',
  }));
}

/** Those of which too little is known share the exploration evenly. Only first attempts teach anything. */
function explorationTickets(
  ranking: readonly RouteCandidate[],
  exploration: Exploration | undefined,
  attempt: number,
): Ticket[] {
  if (exploration === undefined || attempt > 0) return [];
  const unknown = ranking.filter(({ sample }) => sample !== undefined && sample < exploration.sampleMin);
  return unknown.map(({ provider }) => ({
    provider,
    sharePpm: exploration.sharePpm / unknown.length,
    why: 'explore',
  }));
}

type Features = Omit<RouteCandidate, 'score'>;

/** 0 to 1: each term is on a fixed scale, so that a score means the same whoever else is asked. */
function scoreOf({ authRate, cost, latency, reliability }: Features, weights: RoutingWeights): number {
  const sum =
    authRate * weights.authRatePpm +
    (1 - cost) * weights.costPpm +
    (1 - latency) * weights.latencyPpm +
    reliability * weights.reliabilityPpm;
  return sum / WHOLE_PPM;
}

/** What is left of an amount of 1 on average: authorisation rate x (amount - fee) / amount; 0 where the fee eats it all. */
function expectedValueOf(candidate: Features, amount: bigint): number {
  return candidate.authRate * Math.max(0, 1 - feeOf(candidate, amount) / Number(amount));
}

/** A cost of 1 on the fixed scale: fee over amount. */
export const COST_WORST = 0.05;

/** Minor units. Events of earlier releases keep the cost only, which stops at its worst. */
export function feeOf({ fee, cost }: Pick<Features, 'fee' | 'cost'>, amount: bigint): number {
  return fee ?? cost * COST_WORST * Number(amount);
}

/** To four digits, which is more than is known. */
export function digits(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
