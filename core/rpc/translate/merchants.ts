import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type FeeRule as WireFeeRule,
  type MerchantSchema,
  type NewMerchant,
} from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import type { CreateMerchant } from '../../kernel/payments/commands.ts';
import type { FeeRule, Merchant } from '../../kernel/payments/model.ts';
import type { Malformed } from '../../shard/service.ts';
import { Check } from './check.ts';
import {
  FEE_RULES_MAX,
  MERCHANT_NAME_CHARACTERS_MAX,
  PPM_MAX,
  SETTLEMENT_DAYS_MAX,
} from './paymentLimits.ts';
import { METHOD_TYPES } from './paymentNames.ts';
import { textOf } from './payments.ts';
import { assetOf, countryOf, matchedMethod, notNegative, within } from './ruleFields.ts';
import { routingAnswer, routingOf } from './routing.ts';

/** It becomes part of an account's code. */
const JURISDICTION = /^[A-Za-z0-9_.-]{1,64}$/;

export function createMerchant(item: NewMerchant): CreateMerchant | Malformed {
  const check = new Check();
  const command: CreateMerchant = {
    op: 'createMerchant',
    id: check.newId(item.id, 'id'),
    name: nameOf(item.name, check),
    country: countryOf(item.country, 'country', check),
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

function jurisdictionOf({ taxPpm, taxJurisdiction }: NewMerchant, check: Check): string {
  if (taxJurisdiction === '') {
    if (taxPpm !== 0) check.no('MISSING_FIELD', 'tax_jurisdiction');
  } else if (!JURISDICTION.test(taxJurisdiction)) check.no('INVALID_VALUE', 'tax_jurisdiction');
  return taxJurisdiction;
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
    routing: routingAnswer(routing),
    version: BigInt(row.version),
    seq: BigInt(row.seq),
    lastSeq: BigInt(row.lastSeq),
  };
}
