import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import type { MethodType } from '../../kernel/payments/model.ts';
import type { Check } from './check.ts';
import { isAssetCode } from './names.ts';
import { METHOD_TYPES, wordOf } from './paymentNames.ts';

/** The fields that rules of a merchant are made of: what they are charged by, and what they are routed by. */

const COUNTRY = /^[A-Z]{2}$/;

export function countryOf(country: string, field: string, check: Check): string {
  if (country === '') check.no('MISSING_FIELD', field);
  else if (!COUNTRY.test(country)) check.no('INVALID_VALUE', field);
  return country;
}

export function within(value: number, max: number, field: string, check: Check): number {
  if (value < 0 || value > max) check.no('INVALID_VALUE', field);
  return value;
}

/** '' for a rule that is for every method. */
export function matchedMethod(type: PaymentMethodType, field: string, check: Check): MethodType | '' {
  if (type === PaymentMethodType.UNSPECIFIED) return '';
  const word = wordOf(METHOD_TYPES, type);
  if (word === undefined) check.no('INVALID_VALUE', field);
  return word ?? '';
}

export function assetOf(code: string, field: string, check: Check): string {
  if (code === '') check.no('MISSING_FIELD', field);
  else if (!isAssetCode(code)) check.no('INVALID_VALUE', field);
  return code;
}

export function notNegative(amount: bigint, field: string, check: Check): bigint {
  if (amount < 0n) check.no('INVALID_VALUE', field);
  return amount;
}
