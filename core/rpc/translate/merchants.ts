import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  FeeRule as WireFeeRule,
  FeeRuleSchema,
  MerchantSchema,
  MerchantTermsSchema,
  MerchantUpdate,
  NewMerchant,
  Reserve as WireReserve,
} from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import type { CreateMerchant, UpdateMerchant } from '../../kernel/payments/commands.ts';
import { newestTerms } from '../../kernel/payments/terms.ts';
import {
  type FeeRule,
  type Merchant,
  NO_RESERVE,
  type Reserve,
  type Terms,
} from '../../kernel/payments/model.ts';
import type { Malformed } from '../../shard/service.ts';
import { Check } from './check.ts';
import { MODES } from './modes.ts';
import {
  FEE_RULES_MAX,
  MERCHANT_NAME_CHARACTERS_MAX,
  PPM_MAX,
  RESERVE_DAYS_MAX,
  SETTLEMENT_DAYS_MAX,
} from './paymentLimits.ts';
import { METHOD_TYPES, wordOf } from './paymentNames.ts';
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
    mode: modeOf(item.mode, check),
    fees: feesOf(item.fees, check),
    taxPpm: within(item.taxPpm, PPM_MAX, 'tax_ppm', check),
    taxJurisdiction: jurisdictionOf(
      { ppm: item.taxPpm, jurisdiction: item.taxJurisdiction },
      'tax_jurisdiction',
      check,
    ),
    feesReturned: item.feesReturned,
    settlementDays: within(item.settlementDays, SETTLEMENT_DAYS_MAX, 'settlement_days', check),
    reserve: item.reserve === undefined ? NO_RESERVE : reserveOf(item.reserve, check),
    routing: routingOf(item.routing, check),
  };
  return check.fault ?? command;
}

export function updateMerchant(item: MerchantUpdate): UpdateMerchant | Malformed {
  const check = new Check();
  const { name, fees, tax, feesReturned, settlementDays, reserve, routing } = item;
  if ([name, fees, tax, feesReturned, settlementDays, reserve, routing].every((one) => one === undefined))
    check.no('NOTHING_TO_CHANGE', '');
  const command: UpdateMerchant = {
    op: 'updateMerchant',
    id: check.newId(item.id, 'id'),
    merchant: check.uuid(item.merchantId, 'merchant_id'),
    name: name === undefined ? null : nameOf(name, check),
    fees: fees === undefined ? null : feesOf(fees.rules, check),
    tax:
      tax === undefined
        ? null
        : {
            taxPpm: within(tax.ppm, PPM_MAX, 'tax.ppm', check),
            taxJurisdiction: jurisdictionOf(tax, 'tax.jurisdiction', check),
          },
    feesReturned: feesReturned ?? null,
    settlementDays:
      settlementDays === undefined
        ? null
        : within(settlementDays, SETTLEMENT_DAYS_MAX, 'settlement_days', check),
    reserve: reserve === undefined ? null : reserveOf(reserve, check),
    routing: routing === undefined ? null : routingOf(routing, check),
  };
  return check.fault ?? command;
}

/** No real money moves unless somebody says so. */
function modeOf(asked: Mode, check: Check): Merchant['mode'] {
  if (asked === Mode.UNSPECIFIED) return 'test';
  const mode = wordOf(MODES, asked);
  if (mode === undefined) check.no('INVALID_VALUE', 'mode');
  return mode ?? 'test';
}

function reserveOf({ ppm, days }: WireReserve, check: Check): Reserve {
  within(ppm, PPM_MAX, 'reserve.ppm', check);
  within(days, RESERVE_DAYS_MAX, 'reserve.days', check);
  // A part that is kept for no time, or a time for which nothing is kept, is a slip.
  if ((ppm === 0) !== (days === 0)) check.no('INVALID_VALUE', 'reserve.days');
  return { ppm, days };
}

function nameOf(name: string, check: Check): string {
  if (name === '') check.no('MISSING_FIELD', 'name');
  return textOf(name, 'name', MERCHANT_NAME_CHARACTERS_MAX, check);
}

function jurisdictionOf(
  { ppm, jurisdiction }: { ppm: number; jurisdiction: string },
  field: string,
  check: Check,
): string {
  if (jurisdiction === '') {
    if (ppm !== 0) check.no('MISSING_FIELD', field);
  } else if (!JURISDICTION.test(jurisdiction)) check.no('INVALID_VALUE', field);
  return jurisdiction;
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
  const { id, name, country, routing } = row;
  const { fees, taxPpm, taxJurisdiction, feesReturned, settlementDays, reserve } = newestTerms(row);
  return {
    id,
    book,
    name,
    country,
    mode: MODES[row.mode],
    fees: fees.map(feeRule),
    taxPpm,
    taxJurisdiction,
    feesReturned,
    settlementDays,
    ...reserveAnswer(reserve),
    termsNumber: row.terms.length,
    pastTerms: row.terms.slice(0, -1).map(merchantTerms),
    routing: routingAnswer(routing),
    version: BigInt(row.version),
    seq: BigInt(row.seq),
    lastSeq: BigInt(row.lastSeq),
  };
}

/** About what a merchant takes on the wire without its terms of before. */
export function merchantBytes(row: Merchant): number {
  const { rules, shares = [] } = row.routing;
  const providers = rules.reduce((sum, rule) => sum + rule.providers.length, 0);
  // A name of 200 characters in UTF-8, and the longest names of providers.
  return 1_500 + 64 * newestTerms(row).fees.length + 100 * rules.length + 36 * (providers + shares.length);
}

export function merchantTerms(terms: Terms, index: number): MessageInitShape<typeof MerchantTermsSchema> {
  const { fees, taxPpm, taxJurisdiction, feesReturned, settlementDays, reserve } = terms;
  return {
    number: index + 1,
    fees: fees.map(feeRule),
    tax: { ppm: taxPpm, jurisdiction: taxJurisdiction },
    feesReturned,
    settlementDays,
    ...reserveAnswer(reserve),
  };
}

function reserveAnswer(reserve: Reserve): { reserve?: Reserve } {
  return reserve.ppm === 0 ? {} : { reserve };
}

function feeRule({ method, currency, ppm, fixed, cap }: FeeRule): MessageInitShape<typeof FeeRuleSchema> {
  return {
    method: method === '' ? PaymentMethodType.UNSPECIFIED : METHOD_TYPES[method],
    currency,
    ppm,
    fixed,
    ...(cap === null ? {} : { cap }),
  };
}
