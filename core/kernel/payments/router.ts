import type { Merchant, Method, RouteExplanation } from './model.ts';

/** What the kernel asks about providers. Everything that a route rests on besides goes into the event. */
export interface Router {
  /** The next provider for an attempt that none of `tried` may get; null where there is none. */
  choose(request: RouteRequest): Route | null;
  /** What keeps a payment without a route from the provider that comes nearest to taking it. */
  obstacle(request: RouteRequest): Obstacle;
  /** What a provider can do; undefined for one that is not configured any more. */
  abilities(provider: string): Abilities | undefined;
}

/**
 * `away`: one that could take it is only away at the moment, so there may be a route a little later. `route`: the rules
 * name nobody, or whoever takes such payments was tried. The others say what no provider takes.
 */
export type Obstacle = 'away' | 'too little' | 'too much' | 'currency' | 'method' | 'route';

export interface RouteRequest {
  merchant: Merchant;
  amount: bigint;
  currency: string;
  method: Method;
  tried: readonly string[];
  /** The index that the attempt will have in its payment. */
  attempt: number;
}

export interface Route {
  provider: string;
  explanation: RouteExplanation;
}

export interface Abilities {
  sale: boolean;
  partialCapture: boolean;
  multipleCaptures: boolean;
  /** Raises an authorisation that stands. */
  increment: boolean;
  partialRefund: boolean;
  /** How long an authorisation stands, seconds. */
  authorizationSeconds: number;
  /** How long the same key gives the same answer, seconds. */
  keySeconds: number;
}
