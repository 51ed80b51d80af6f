import type { After, MerchantSet, PaymentChange, ShownAttempt } from './change.ts';
import type { Counters, FeeRule, Operation, RoutingRule, Said } from './model.ts';

/**
 * How a value stands in JSON: amounts are decimal strings, and a moment that never comes is null. Both ways are written
 * out part by part, which is four times as fast as a reviver that visits every value, and what they forget does not
 * compile (bench/micro/payments.ts).
 */
export type Json<T> = T extends bigint
  ? string
  : T extends string | number | boolean | null | undefined
    ? T
    : { [K in keyof T]: K extends Moment ? number | null : Json<T[K]> };

type Moment = 'expiresAtUs' | 'dueUs' | 'availableAtUs';

export type ChangeJson = Json<PaymentChange>;

/** For JSON.stringify, which itself writes a moment that never comes as null. */
export function changeToJson(change: PaymentChange): ChangeJson {
  if (change.name === 'merchant_created') return { ...change, merchant: merchantToJson(change.merchant) };
  const parts = {
    operations: change.operations.map(operationToJson),
    after: { ...change.after, counters: countersToJson(change.after.counters) },
  };
  if (change.name === 'intent_created') {
    const { intent } = change;
    return { ...change, ...parts, intent: { ...intent, amount: String(intent.amount) } };
  }
  const { updated, ...rest } = change;
  if (updated === undefined) return { ...rest, ...parts };
  return { ...rest, ...parts, updated: { ...updated, amount: String(updated.amount) } };
}

export function changeOfJson(json: ChangeJson): PaymentChange {
  if (json.name === 'merchant_created') return { ...json, merchant: merchantOfJson(json.merchant) };
  const parts = {
    attempts: json.attempts.map(([index, one]) => [index, attemptOfJson(one)] as const),
    operations: json.operations.map(operationOfJson),
    after: afterOfJson(json.after),
  };
  if (json.name === 'intent_created') {
    const { amount, expiresAtUs } = json.intent;
    const intent = { ...json.intent, amount: BigInt(amount), expiresAtUs: momentOfJson(expiresAtUs) };
    return { ...json, ...parts, intent };
  }
  const { updated, ...rest } = json;
  if (updated === undefined) return { ...rest, ...parts };
  return { ...rest, ...parts, updated: { ...updated, amount: BigInt(updated.amount) } };
}

const momentOfJson = (us: number | null): number => us ?? Infinity;

function attemptOfJson(attempt: Json<ShownAttempt>): ShownAttempt {
  return { ...attempt, expiresAtUs: momentOfJson(attempt.expiresAtUs) };
}

function operationToJson(operation: Operation): Json<Operation> {
  const { amount, fromPending, said } = operation;
  return {
    ...operation,
    amount: String(amount),
    fromPending: String(fromPending),
    said: said === null ? null : saidToJson(said),
  };
}

function operationOfJson(operation: Json<Operation>): Operation {
  const { amount, fromPending, dueUs, said } = operation;
  return {
    ...operation,
    amount: BigInt(amount),
    fromPending: BigInt(fromPending),
    dueUs: momentOfJson(dueUs),
    said: said === null ? null : saidOfJson(said),
  };
}

function saidToJson(said: Said): Json<Said> {
  return { ...said, amount: String(said.amount), cost: String(said.cost) };
}

function saidOfJson(said: Json<Said>): Said {
  return { ...said, amount: BigInt(said.amount), cost: BigInt(said.cost) };
}

function afterOfJson(after: Json<After>): After {
  const { counters, availableAtUs, dueUs } = after;
  return {
    ...after,
    availableAtUs: momentOfJson(availableAtUs),
    dueUs: momentOfJson(dueUs),
    counters: countersOfJson(counters),
  };
}

function countersToJson(counters: Counters): Json<Counters> {
  return {
    authorized: String(counters.authorized),
    captured: String(counters.captured),
    capturing: String(counters.capturing),
    refunded: String(counters.refunded),
    refunding: String(counters.refunding),
    fees: String(counters.fees),
    tax: String(counters.tax),
    pending: String(counters.pending),
    memo: String(counters.memo),
    unapplied: String(counters.unapplied),
  };
}

function countersOfJson(counters: Json<Counters>): Counters {
  return {
    authorized: BigInt(counters.authorized),
    captured: BigInt(counters.captured),
    capturing: BigInt(counters.capturing),
    refunded: BigInt(counters.refunded),
    refunding: BigInt(counters.refunding),
    fees: BigInt(counters.fees),
    tax: BigInt(counters.tax),
    pending: BigInt(counters.pending),
    memo: BigInt(counters.memo),
    unapplied: BigInt(counters.unapplied),
  };
}

function merchantToJson(merchant: MerchantSet['merchant']): Json<MerchantSet['merchant']> {
  const { fees, routing } = merchant;
  const rules = routing.rules.map(ruleToJson);
  return { ...merchant, fees: fees.map(feeToJson), routing: { ...routing, rules } };
}

function merchantOfJson(merchant: Json<MerchantSet['merchant']>): MerchantSet['merchant'] {
  const { fees, routing } = merchant;
  const rules = routing.rules.map(ruleOfJson);
  return { ...merchant, fees: fees.map(feeOfJson), routing: { ...routing, rules } };
}

function feeToJson(fee: FeeRule): Json<FeeRule> {
  return { ...fee, fixed: String(fee.fixed), cap: fee.cap === null ? null : String(fee.cap) };
}

function feeOfJson(fee: Json<FeeRule>): FeeRule {
  return { ...fee, fixed: BigInt(fee.fixed), cap: fee.cap === null ? null : BigInt(fee.cap) };
}

function ruleToJson(rule: RoutingRule): Json<RoutingRule> {
  return { ...rule, amountMin: String(rule.amountMin), amountMax: String(rule.amountMax) };
}

function ruleOfJson(rule: Json<RoutingRule>): RoutingRule {
  return { ...rule, amountMin: BigInt(rule.amountMin), amountMax: BigInt(rule.amountMax) };
}
