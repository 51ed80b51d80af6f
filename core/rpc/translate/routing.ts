import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type RoutingExploration as WireExploration,
  type RoutingSchema,
  type RoutingShare as WireShare,
  type RoutingWeights as WireWeights,
  type Routing as WireRouting,
  type RoutingRule as WireRule,
} from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import type {
  Exploration,
  Routing,
  RoutingRule,
  RoutingStrategy,
  RoutingWeights,
} from '../../kernel/payments/model.ts';
import type { Check } from './check.ts';
import {
  ATTEMPTS,
  PPM_MAX,
  ROUTING_PROVIDERS_MAX,
  ROUTING_RULES_MAX,
  ROUTING_SAMPLE,
} from './paymentLimits.ts';
import { METHOD_TYPES, ROUTING_STRATEGIES, wordOf } from './paymentNames.ts';
import { assetOf, countryOf, matchedMethod, notNegative, within } from './ruleFields.ts';

/** It becomes part of an account's code. */
export const PROVIDER_NAME = /^[a-z0-9_]{1,32}$/;
const BRAND = PROVIDER_NAME;

export function routingOf(routing: WireRouting | undefined, check: Check): Routing {
  if (routing === undefined) return { strategy: 'score', rules: [], attemptsMax: ATTEMPTS.default };
  const { strategy: number, attemptsMax, weights, exploration } = routing;
  const strategy = number === 0 ? 'score' : wordOf(ROUTING_STRATEGIES, number);
  if (strategy === undefined) check.no('INVALID_VALUE', 'routing.strategy');
  const parsed: Routing = {
    strategy: strategy ?? 'score',
    rules: rulesOf(routing.rules, check),
    attemptsMax: attemptsMax === 0 ? ATTEMPTS.default : attemptsMax,
    ...(weights === undefined ? {} : { weights: weightsOf(weights, check) }),
    ...sharesOf(routing.shares, strategy, check),
    ...(exploration === undefined ? {} : { exploration: explorationOf(exploration, strategy, check) }),
  };
  if (attemptsMax !== 0 && (attemptsMax < ATTEMPTS.min || attemptsMax > ATTEMPTS.max))
    check.no('INVALID_VALUE', 'routing.attempts_max');
  return parsed;
}

function rulesOf(rules: readonly WireRule[], check: Check): RoutingRule[] {
  if (rules.length > ROUTING_RULES_MAX) check.no('TOO_MANY', 'routing.rules');
  if (check.fault !== null) return [];
  return rules.map((rule, index) => {
    const at = `routing.rules[${index}]`;
    const { country, brand } = rule;
    const parsed: RoutingRule = {
      currency: rule.currency === '' ? '' : assetOf(rule.currency, `${at}.currency`, check),
      method: matchedMethod(rule.method, `${at}.method`, check),
      amountMin: notNegative(rule.amountMin, `${at}.amount_min`, check),
      amountMax: notNegative(rule.amountMax, `${at}.amount_max`, check),
      providers: rule.providers,
      ...(country === '' ? {} : { country: countryOf(country, `${at}.country`, check) }),
      ...(brand === '' ? {} : { brand }),
    };
    if (parsed.amountMax !== 0n && parsed.amountMax < parsed.amountMin)
      check.no('INVALID_VALUE', `${at}.amount_max`);
    if (brand !== '' && !BRAND.test(brand)) check.no('INVALID_VALUE', `${at}.brand`);
    checkProviders(rule.providers, `${at}.providers`, check);
    return parsed;
  });
}

function checkProviders(providers: readonly string[], field: string, check: Check): void {
  if (providers.length === 0) check.no('MISSING_FIELD', field);
  if (providers.length > ROUTING_PROVIDERS_MAX) return check.no('TOO_MANY', field);
  for (const [index, provider] of providers.entries())
    if (!PROVIDER_NAME.test(provider) || providers.indexOf(provider) < index)
      check.no('INVALID_VALUE', `${field}[${index}]`);
}

function weightsOf(weights: WireWeights, check: Check): RoutingWeights {
  const part = (ppm: number, field: string): number =>
    within(ppm, PPM_MAX, `routing.weights.${field}`, check);
  const parsed: RoutingWeights = {
    authRatePpm: part(weights.authRatePpm, 'auth_rate_ppm'),
    costPpm: part(weights.costPpm, 'cost_ppm'),
    latencyPpm: part(weights.latencyPpm, 'latency_ppm'),
    reliabilityPpm: part(weights.reliabilityPpm, 'reliability_ppm'),
  };
  const { authRatePpm, costPpm, latencyPpm, reliabilityPpm } = parsed;
  if (authRatePpm + costPpm + latencyPpm + reliabilityPpm !== PPM_MAX)
    check.no('INVALID_VALUE', 'routing.weights');
  return parsed;
}

/** Shares that nobody reads would be a promise that is not kept, so they are refused with any other strategy. */
function sharesOf(
  shares: readonly WireShare[],
  strategy: RoutingStrategy | undefined,
  check: Check,
): Pick<Routing, 'shares'> {
  if (strategy !== 'split') {
    if (shares.length > 0) check.no('INVALID_VALUE', 'routing.shares');
    return {};
  }
  if (shares.length === 0) check.no('MISSING_FIELD', 'routing.shares');
  if (shares.length > ROUTING_PROVIDERS_MAX) check.no('TOO_MANY', 'routing.shares');
  if (check.fault !== null) return {};
  const seen = new Set<string>();
  let sum = 0;
  for (const [index, { provider, ppm }] of shares.entries()) {
    const at = `routing.shares[${index}]`;
    if (!PROVIDER_NAME.test(provider) || seen.has(provider)) check.no('INVALID_VALUE', `${at}.provider`);
    if (ppm < 1 || ppm > PPM_MAX) check.no('INVALID_VALUE', `${at}.ppm`);
    seen.add(provider);
    sum += ppm;
  }
  if (sum !== PPM_MAX) check.no('INVALID_VALUE', 'routing.shares');
  return { shares: shares.map(({ provider, ppm }) => ({ provider, ppm })) };
}

function explorationOf(
  { sharePpm, sampleMin }: WireExploration,
  strategy: RoutingStrategy | undefined,
  check: Check,
): Exploration {
  const parsed = { sharePpm, sampleMin: sampleMin === 0 ? ROUTING_SAMPLE.default : sampleMin };
  // An order and shares are told by people: there is nothing to learn for them.
  if (strategy === 'order' || strategy === 'split') check.no('INVALID_VALUE', 'routing.exploration');
  if (sharePpm < 1 || sharePpm > PPM_MAX) check.no('INVALID_VALUE', 'routing.exploration.share_ppm');
  if (parsed.sampleMin < ROUTING_SAMPLE.min || parsed.sampleMin > ROUTING_SAMPLE.max)
    check.no('INVALID_VALUE', 'routing.exploration.sample_min');
  return parsed;
}

export function routingAnswer(routing: Routing): MessageInitShape<typeof RoutingSchema> {
  const { strategy, rules, attemptsMax, weights, shares, exploration } = routing;
  return {
    strategy: ROUTING_STRATEGIES[strategy],
    rules: rules.map(({ method, ...rule }) => ({
      ...rule,
      method: method === '' ? PaymentMethodType.UNSPECIFIED : METHOD_TYPES[method],
    })),
    attemptsMax,
    ...(weights === undefined ? {} : { weights }),
    ...(shares === undefined ? {} : { shares }),
    ...(exploration === undefined ? {} : { exploration }),
  };
}
