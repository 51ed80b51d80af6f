import type { Merchant, RouteCandidate, RoutingRule } from '../../kernel/payments/model.ts';
import type { Abilities, Obstacle, Route, Router, RouteRequest } from '../../kernel/payments/router.ts';
import type { Random } from '../../shard/ports.ts';
import type { PspCapabilities } from '../psp.ts';
import { type Ticket, WHOLE_PPM, digits, drawn, ranked, ticketsOf } from './strategies.ts';

/** What the routing has seen of a provider lately. */
export interface Standing {
  /** These four are 0 to 1, on fixed scales. */
  authRate: number;
  cost: number;
  latency: number;
  reliability: number;
  /** What it would take, minor units and parts of them. */
  fee: number;
  /** First attempts that the auth rate rests on, besides the prior. */
  sample: number;
}

/** What a provider is judged for. */
export interface StandingRequest extends Pick<RouteRequest, 'amount' | 'currency' | 'method'> {
  /** '' where the token does not tell. */
  brand: string;
  /** The merchant's. */
  country: string;
}

export interface RoutingProvider {
  readonly name: string;
  readonly capabilities: PspCapabilities;
  /** Whether calls go through at the moment: false while its circuit breaker is open. */
  readonly isUp: () => boolean;
  readonly standing: (request: StandingRequest) => Standing;
  /** The brand that a token of its own tells; '' for none. */
  readonly brandOf?: (token: string) => string;
}

/** Nearest to a route first. */
const NEAREST: readonly Obstacle[] = ['away', 'too little', 'too much', 'currency', 'method'];

/**
 * Chooses the provider of an attempt: the merchant's rules say which ones may be used, capabilities, amounts and what was
 * tried leave some out, and the merchant's strategy decides among the rest. The explanation goes into the event.
 */
export class RuleRouter implements Router {
  readonly #providers: ReadonlyMap<string, RoutingProvider>;
  readonly #random: Random;

  constructor(providers: Iterable<RoutingProvider>, random: Random) {
    this.#providers = new Map([...providers].map((provider) => [provider.name, provider]));
    this.#random = random;
  }

  abilities(name: string): Abilities | undefined {
    return this.#providers.get(name)?.capabilities;
  }

  choose(request: RouteRequest): Route | null {
    const { merchant, amount, attempt } = request;
    const { routing, country } = merchant;
    const brand = this.#brandOf(request.method.token);
    const excluded: { provider: string; why: string }[] = [];
    const left: Omit<RouteCandidate, 'score'>[] = [];
    for (const name of allowed(merchant, { ...request, brand }, this.#providers.keys())) {
      const provider = this.#providers.get(name);
      const refused = provider === undefined ? { why: 'not configured' } : whyNot(provider, request);
      if (refused !== null) excluded.push({ provider: name, why: refused.why });
      else left.push(featuresOf(provider!, { ...request, brand, country }));
    }
    if (left.length === 0) return null;
    const choosing = { routing, amount, attempt };
    const candidates = ranked(left, choosing);
    const { ticket, drawPpm } = this.#draw(ticketsOf(candidates, choosing));
    return {
      provider: ticket.provider,
      explanation: {
        strategy: ticket.why,
        candidates,
        excluded,
        ...(drawPpm === undefined ? {} : { drawPpm }),
        ...(merchant.mode === 'live' ? { live: true } : {}),
      },
    };
  }

  obstacle(request: RouteRequest): Obstacle {
    const brand = this.#brandOf(request.method.token);
    const met = new Set<Obstacle>();
    for (const name of allowed(request.merchant, { ...request, brand }, this.#providers.keys())) {
      const provider = this.#providers.get(name);
      const refused = provider === undefined ? null : whyNot(provider, request);
      if (refused !== null) met.add(refused.obstacle);
    }
    return NEAREST.find((obstacle) => met.has(obstacle)) ?? 'route';
  }

  #draw(tickets: readonly Ticket[]): { ticket: Ticket; drawPpm?: number } {
    if (tickets.length === 1) return { ticket: tickets[0] };
    const drawPpm = Math.floor(this.#random.unit() * WHOLE_PPM);
    return { ticket: drawn(tickets, drawPpm), drawPpm };
  }

  /** A token is some provider's, or the vault's: whoever knows it tells. */
  #brandOf(token: string): string {
    for (const { brandOf } of this.#providers.values()) {
      const brand = brandOf?.(token) ?? '';
      if (brand !== '') return brand;
    }
    return '';
  }
}

/** The providers of the first rule that matches; all of them where the merchant has no rules. */
function allowed(
  merchant: Merchant,
  request: RouteRequest & { brand: string },
  all: Iterable<string>,
): Iterable<string> {
  const { rules } = merchant.routing;
  if (rules.length === 0) return all;
  return rules.find((rule) => matches(rule, merchant, request))?.providers ?? [];
}

/** A rule for a brand says nothing about a payment whose brand is not known. */
function matches(
  rule: RoutingRule,
  { country }: Merchant,
  { currency, method, amount, brand }: RouteRequest & { brand: string },
): boolean {
  return (
    (rule.currency === '' || rule.currency === currency) &&
    (rule.method === '' || rule.method === method.type) &&
    (rule.country === undefined || rule.country === country) &&
    (rule.brand === undefined || rule.brand === brand) &&
    amount >= rule.amountMin &&
    (rule.amountMax === 0n || amount <= rule.amountMax)
  );
}

/** Why a provider cannot take a payment; null where it can. */
function whyNot(
  provider: RoutingProvider,
  request: RouteRequest,
): { obstacle: Obstacle; why: string } | null {
  const { capabilities } = provider;
  const { currency, amount, merchant, method, tried } = request;
  if (capabilities.live !== (merchant.mode === 'live'))
    return { obstacle: 'route', why: capabilities.live ? 'moves real money' : 'moves no real money' };
  if (tried.includes(provider.name)) return { obstacle: 'route', why: 'tried already' };
  if (!capabilities.methods.includes(method.type))
    return { obstacle: 'method', why: `takes no ${method.type}` };
  if (!capabilities.currencies.includes(currency))
    return { obstacle: 'currency', why: `takes no ${currency}` };
  if (amount < (capabilities.minimum[currency] ?? 1n))
    return { obstacle: 'too little', why: 'below its minimum' };
  if (amount > capabilities.maximum) return { obstacle: 'too much', why: 'above its maximum' };
  if (!provider.isUp()) return { obstacle: 'away', why: 'does not answer at the moment' };
  return null;
}

function featuresOf(provider: RoutingProvider, request: StandingRequest): Omit<RouteCandidate, 'score'> {
  const { authRate, cost, latency, reliability, fee, sample } = provider.standing(request);
  return {
    provider: provider.name,
    authRate: digits(authRate),
    cost: digits(cost),
    latency: digits(latency),
    reliability: digits(reliability),
    fee: digits(fee),
    sample,
  };
}
