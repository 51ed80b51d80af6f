import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type FeeRule as WireFeeRule,
  type MerchantSchema,
  type NewMerchant,
  type Routing as WireRouting,
  type RoutingRule as WireRoutingRule,
  RoutingStrategy,
} from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import type { CreateMerchant } from '../../kernel/payments/commands.ts';
import type { FeeRule, Merchant, MethodType, Routing, RoutingRule } from '../../kernel/payments/model.ts';
import type { Malformed } from '../../shard/service.ts';
import { Check } from './check.ts';
import { isAssetCode } from './names.ts';
import {
  ATTEMPTS,
  FEE_RULES_MAX,
  MERCHANT_NAME_CHARACTERS_MAX,
  PPM_MAX,
  ROUTING_PROVIDERS_MAX,
  ROUTING_RULES_MAX,
  SETTLEMENT_DAYS_MAX,
} from './paymentLimits.ts';
import { METHOD_TYPES, wordOf } from './paymentNames.ts';
import { textOf } from './payments.ts';

const COUNTRY = /^[A-Z]{2}$/;
/** It becomes part of an account's code. */
const JURISDICTION = /^[A-Za-z0-9_.-]{1,64}$/;
/** So does this one. */
const PROVIDER = /^[a-z0-9_]{1,32}$/;

export function createMerchant(item: NewMerchant): CreateMerchant | Malformed {
  const check = new Check();
  const command: CreateMerchant = {
    op: 'createMerchant',
    id: check.newId(item.id, 'id'),
    name: nameOf(item.name, check),
    country: countryOf(item.country, check),
    fees: feesOf(item.fees, check),
    taxPpm: within(item.taxPpm, PPM_MAX, 'tax_ppm', check),
    taxJurisdiction: jurisdictionOf(item, check),
    feesReturned: item.feesReturned,
    settlementDays: within(item.settlementDays, SETTLEMENT_DAYS_MAX, 'settlement_days', check),
    routing: routingOf(item.routing, check),
  };
  return check.fault ?? command;
}

function nameOf(name: string, check: Check): string {
  if (name === '') check.no('MISSING_FIELD', 'name');
  return textOf(name, 'name', MERCHANT_NAME_CHARACTERS_MAX, check);
}

function countryOf(country: string, check: Check): string {
  if (country === '') check.no('MISSING_FIELD', 'country');
  else if (!COUNTRY.test(country)) check.no('INVALID_VALUE', 'country');
  return country;
}

function jurisdictionOf({ taxPpm, taxJurisdiction }: NewMerchant, check: Check): string {
  if (taxJurisdiction === '') {
    if (taxPpm !== 0) check.no('MISSING_FIELD', 'tax_jurisdiction');
  } else if (!JURISDICTION.test(taxJurisdiction)) check.no('INVALID_VALUE', 'tax_jurisdiction');
  return taxJurisdiction;
}

function within(value: number, max: number, field: string, check: Check): number {
  if (value < 0 || value > max) check.no('INVALID_VALUE', field);
  return value;
}

function feesOf(rules: readonly WireFeeRule[], check: Check): FeeRule[] {
  if (rules.length > FEE_RULES_MAX) check.no('TOO_MANY', 'fees');
  if (check.fault !== null) return [];
  const seen = new Set<string>();
  return rules.map((rule, index) => {
    const at = `fees[${index}]`;
    const parsed: FeeRule = {
      method: matchedMethod(rule.method, `${at}.method`, check),
      currency: assetOf(rule.currency, `${at}.currency`, check),
      ppm: within(rule.ppm, PPM_MAX, `${at}.ppm`, check),
      fixed: notNegative(rule.fixed, `${at}.fixed`, check),
      cap: rule.cap === undefined ? null : notNegative(rule.cap, `${at}.cap`, check),
    };
    // Two rules for the same would leave it to their order what a merchant is charged.
    const key = `${parsed.method} ${parsed.currency}`;
    if (seen.has(key)) check.no('INVALID_VALUE', at);
    seen.add(key);
    return parsed;
  });
}

function routingOf(routing: WireRouting | undefined, check: Check): Routing {
  if (routing === undefined) return { strategy: 'score', rules: [], attemptsMax: ATTEMPTS.default };
  const { strategy, rules, attemptsMax } = routing;
  if (strategy !== 0 && strategy !== RoutingStrategy.SCORE && strategy !== RoutingStrategy.ORDER)
    check.no('INVALID_VALUE', 'routing.strategy');
  const isCounted = attemptsMax === 0 || (attemptsMax >= ATTEMPTS.min && attemptsMax <= ATTEMPTS.max);
  const parsed: Routing = {
    strategy: strategy === RoutingStrategy.ORDER ? 'order' : 'score',
    rules: routingRules(rules, check),
    attemptsMax: attemptsMax === 0 ? ATTEMPTS.default : attemptsMax,
  };
  if (!isCounted) check.no('INVALID_VALUE', 'routing.attempts_max');
  return parsed;
}

function routingRules(rules: readonly WireRoutingRule[], check: Check): RoutingRule[] {
  if (rules.length > ROUTING_RULES_MAX) check.no('TOO_MANY', 'routing.rules');
  if (check.fault !== null) return [];
  return rules.map((rule, index) => {
    const at = `routing.rules[${index}]`;
    const parsed: RoutingRule = {
      currency: rule.currency === '' ? '' : assetOf(rule.currency, `${at}.currency`, check),
      method: matchedMethod(rule.method, `${at}.method`, check),
      amountMin: notNegative(rule.amountMin, `${at}.amount_min`, check),
      amountMax: notNegative(rule.amountMax, `${at}.amount_max`, check),
      providers: rule.providers,
    };
    if (parsed.amountMax !== 0n && parsed.amountMax < parsed.amountMin)
      check.no('INVALID_VALUE', `${at}.amount_max`);
    checkProviders(rule.providers, `${at}.providers`, check);
    return parsed;
  });
}

function checkProviders(providers: readonly string[], field: string, check: Check): void {
  if (providers.length === 0) check.no('MISSING_FIELD', field);
  if (providers.length > ROUTING_PROVIDERS_MAX) return check.no('TOO_MANY', field);
  for (const [index, provider] of providers.entries())
    if (!PROVIDER.test(provider) || providers.indexOf(provider) < index)
      check.no('INVALID_VALUE', `${field}[${index}]`);
}

/** '' for a rule that is for every method. */
function matchedMethod(type: PaymentMethodType, field: string, check: Check): MethodType | '' {
  if (type === PaymentMethodType.UNSPECIFIED) return '';
  const word = wordOf(METHOD_TYPES, type);
  if (word === undefined) check.no('INVALID_VALUE', field);
  return word ?? '';
}

function assetOf(code: string, field: string, check: Check): string {
  if (code === '') check.no('MISSING_FIELD', field);
  else if (!isAssetCode(code)) check.no('INVALID_VALUE', field);
  return code;
}

function notNegative(amount: bigint, field: string, check: Check): bigint {
  if (amount < 0n) check.no('INVALID_VALUE', field);
  return amount;
}

export function merchant(row: Merchant, book: string): MessageInitShape<typeof MerchantSchema> {
  const { id, name, country, taxPpm, taxJurisdiction, feesReturned, settlementDays, routing } = row;
  return {
    id,
    book,
    name,
    country,
    fees: row.fees.map(({ method, currency, ppm, fixed, cap }) => ({
      method: method === '' ? PaymentMethodType.UNSPECIFIED : METHOD_TYPES[method],
      currency,
      ppm,
      fixed,
      ...(cap === null ? {} : { cap }),
    })),
    taxPpm,
    taxJurisdiction,
    feesReturned,
    settlementDays,
    routing: {
      strategy: routing.strategy === 'order' ? RoutingStrategy.ORDER : RoutingStrategy.SCORE,
      rules: routing.rules.map(({ currency, method, amountMin, amountMax, providers }) => ({
        currency,
        method: method === '' ? PaymentMethodType.UNSPECIFIED : METHOD_TYPES[method],
        amountMin,
        amountMax,
        providers,
      })),
      attemptsMax: routing.attemptsMax,
    },
    version: BigInt(row.version),
    seq: BigInt(row.seq),
    lastSeq: BigInt(row.lastSeq),
  };
}
