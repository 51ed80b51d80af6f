import type { Merchant, RouteCandidate } from '../../kernel/payments/model.ts';
import type { Abilities, Route, Router, RouteRequest } from '../../kernel/payments/router.ts';
import type { PspCapabilities } from '../psp.ts';

/** What the routing has seen of a provider lately, each 0 to 1. */
export interface Standing {
  authRate: number;
  cost: number;
  latency: number;
  reliability: number;
}

export interface RoutingProvider {
  readonly name: string;
  readonly capabilities: PspCapabilities;
  /** Whether calls go through at the moment: false while its circuit breaker is open. */
  readonly isUp: () => boolean;
  readonly standing: (request: RouteRequest) => Standing;
}

/** How much each term counts. */
const WEIGHTS = { authRate: 0.4, cost: 0.2, latency: 0.2, reliability: 0.2 } as const;

/**
 * Chooses the provider of an attempt: the merchant's rules say which ones may be used, capabilities, amounts and what was
 * tried leave some out, and a score or the rule's order decides among the rest. The explanation goes into the event.
 */
export class RuleRouter implements Router {
  readonly #providers: ReadonlyMap<string, RoutingProvider>;

  constructor(providers: Iterable<RoutingProvider>) {
    this.#providers = new Map([...providers].map((provider) => [provider.name, provider]));
  }

  abilities(name: string): Abilities | undefined {
    return this.#providers.get(name)?.capabilities;
  }

  choose(request: RouteRequest): Route | null {
    const excluded: { provider: string; why: string }[] = [];
    const left: RoutingProvider[] = [];
    for (const name of allowed(request.merchant, request, this.#providers.keys())) {
      const provider = this.#providers.get(name);
      const why = provider === undefined ? 'not configured' : whyNot(provider, request);
      if (why === null) left.push(provider!);
      else excluded.push({ provider: name, why });
    }
    if (left.length === 0) return null;
    const candidates = left.map((provider) => candidateOf(provider, request));
    const { strategy } = request.merchant.routing;
    if (strategy === 'score') candidates.sort((a, b) => b.score - a.score);
    const named = candidates.length === 1 ? 'only' : strategy === 'score' ? 'score' : 'order';
    const [{ provider }] = candidates;
    return { provider, explanation: { strategy: named, candidates, excluded } };
  }
}

/** The providers of the first rule that matches; all of them where the merchant has no rules. */
function allowed(
  { routing }: Merchant,
  { currency, method, amount }: RouteRequest,
  all: Iterable<string>,
): string[] {
  if (routing.rules.length === 0) return [...all];
  const rule = routing.rules.find(
    (one) =>
      (one.currency === '' || one.currency === currency) &&
      (one.method === '' || one.method === method.type) &&
      amount >= one.amountMin &&
      (one.amountMax === 0n || amount <= one.amountMax),
  );
  return rule?.providers ?? [];
}

/** Why a provider cannot take a payment; null where it can. */
function whyNot(provider: RoutingProvider, request: RouteRequest): string | null {
  const { capabilities } = provider;
  const { currency, amount, method, tried } = request;
  if (tried.includes(provider.name)) return 'tried already';
  if (!capabilities.methods.includes(method.type)) return `takes no ${method.type}`;
  if (!capabilities.currencies.includes(currency)) return `takes no ${currency}`;
  if (amount < (capabilities.minimum[currency] ?? 1n)) return 'below its minimum';
  if (amount > capabilities.maximum) return 'above its maximum';
  if (!provider.isUp()) return 'does not answer at the moment';
  return null;
}

function candidateOf(provider: RoutingProvider, request: RouteRequest): RouteCandidate {
  const { authRate, cost, latency, reliability } = provider.standing(request);
  const score =
    authRate * WEIGHTS.authRate +
    (1 - cost) * WEIGHTS.cost +
    (1 - latency) * WEIGHTS.latency +
    reliability * WEIGHTS.reliability;
  return {
    provider: provider.name,
    score: digits(score),
    authRate: digits(authRate),
    cost: digits(cost),
    latency: digits(latency),
    reliability: digits(reliability),
  };
}

/** To four digits, which is more than is known. */
function digits(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
