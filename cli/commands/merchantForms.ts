import { toJson } from '@bufbuild/protobuf';
import {
  type FeeRule,
  type FeeTax,
  type Merchant,
  MerchantSchema,
  type MerchantTerms,
  type Reserve,
} from '../../gen/florin/payments/v1/merchants_pb.ts';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { PaymentMethodType } from '../../gen/florin/payments/v1/payment_methods_pb.ts';
import type { Json } from '../print/json.ts';
import { printable } from '../print/table.ts';
import { methodTypeName } from './names.ts';

type FeeInit = Pick<FeeRule, 'method' | 'currency' | 'ppm' | 'fixed' | 'cap'>;

const FEE = /^(\*|[a-z_]+):([A-Z0-9]{1,16}):(\d{1,7}):(\d{1,18})(?::(\d{1,18}))?$/;

/** `card:EUR:29000:30`, with a cap as a fifth part; undefined for what is none. */
export function feeOf(text: string): FeeInit | undefined {
  const [, word, currency, ppm, fixed, cap] = FEE.exec(text) ?? [];
  const method = word === '*' ? PaymentMethodType.UNSPECIFIED : methodNamed(word);
  if (method === undefined) return undefined;
  return {
    method,
    currency,
    ppm: Number(ppm),
    fixed: BigInt(fixed),
    ...(cap === undefined ? {} : { cap: BigInt(cap) }),
  };
}

function methodNamed(word: string | undefined): PaymentMethodType | undefined {
  const names = PaymentMethodType as unknown as Record<string, PaymentMethodType | undefined>;
  return word === undefined ? undefined : names[word.toUpperCase()];
}

/** `190000:DE`; of 0 the jurisdiction may be empty. */
export function taxOf(text: string) {
  const [, ppm, jurisdiction] = /^(\d{1,7}):([A-Za-z0-9_.-]{0,64})$/.exec(text) ?? [];
  return ppm === undefined ? undefined : { ppm: Number(ppm), jurisdiction };
}

/** `100000:180`. */
export function reserveOf(text: string) {
  const [, ppm, days] = /^(\d{1,7}):(\d{1,3})$/.exec(text) ?? [];
  return ppm === undefined ? undefined : { ppm: Number(ppm), days: Number(days) };
}

export function modeName({ mode }: Pick<Merchant, 'mode'>): string {
  return mode === Mode.LIVE ? 'live' : 'test';
}

/** A merchant as people read it: its terms of now, then those of before. Amounts are minor units. */
export function merchantLines(merchant: Merchant): string[] {
  const { fees, taxPpm, taxJurisdiction, feesReturned, settlementDays, reserve, routing } = merchant;
  const tax = { ppm: taxPpm, jurisdiction: taxJurisdiction };
  const facts = [
    ['merchant', merchant.id],
    ['name', merchant.name],
    ['country', merchant.country],
    ['mode', modeName(merchant)],
    ['routing', `${routing?.rules.length ?? 0} rules, at most ${routing?.attemptsMax ?? 0} routes a payment`],
    [`terms ${merchant.termsNumber}`, sentence({ fees, tax, feesReturned, settlementDays, reserve })],
    ...merchant.pastTerms.map((terms) => [`terms ${terms.number}`, sentence(terms)]).toReversed(),
  ];
  return facts.map(([name, text]) => `${name.padEnd(14)}${printable(text)}`);
}

function sentence({
  fees,
  tax,
  feesReturned,
  settlementDays,
  reserve,
}: Pick<MerchantTerms, 'fees' | 'feesReturned' | 'settlementDays'> & {
  tax?: Pick<FeeTax, 'ppm' | 'jurisdiction'> | undefined;
  reserve?: Pick<Reserve, 'ppm' | 'days'> | undefined;
}): string {
  return [
    fees.length === 0 ? 'no fees' : fees.map(feeText).join(', '),
    ...(tax === undefined || tax.ppm === 0 ? [] : [`tax of ${percent(tax.ppm)} in ${tax.jurisdiction}`]),
    feesReturned ? 'refunds give fees back' : 'refunds give no fees back',
    `available after ${settlementDays} business days`,
    ...(reserve === undefined ? [] : [`${percent(reserve.ppm)} kept back for ${reserve.days} days`]),
  ].join('; ');
}

function feeText({ method, currency, ppm, fixed, cap }: FeeRule): string {
  const whose = method === PaymentMethodType.UNSPECIFIED ? '' : `${methodTypeName(method)} `;
  return `${whose}${currency} ${percent(ppm)} + ${fixed}${cap === undefined ? '' : ` (at most ${cap})`}`;
}

/** 29000 parts per million are 2.9%. */
function percent(ppm: number): string {
  return `${ppm / 10_000}%`;
}

/** As `--json` shows it: the message of the contract. */
export function merchantJson(merchant: Merchant): Json {
  return toJson(MerchantSchema, merchant, { useProtoFieldName: true });
}
