import type { After, MerchantCreated, PaymentChange, ShownAttempt } from './change.ts';
import type { Counters, FeeRule, Operation, RoutingRule, Said } from './model.ts';

/**
 * How a value stands in JSON: amounts are decimal strings, a moment that never comes is null, and what follows from the
 * rest of the event is left out. Both ways are written
 * out part by part, which is four times as fast as a reviver that visits every value, and what they forget does not
 * compile (bench/micro/payments.ts).
 */
export type Json<T> = T extends bigint
  ? string
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends readonly unknown[]
      ? { [K in keyof T]: Json<T[K]> }
      : { [K in keyof T as K extends Derived ? never : K]: K extends Moment ? number | null : Json<T[K]> };

/** The version of `after`, of everything that an event shows. */
type Derived = 'changedIn';
type Moment = 'expiresAtUs' | 'dueUs' | 'availableAtUs';

export type ChangeJson = Json<PaymentChange>;

/** For JSON.stringify, which itself writes a moment that never comes as null. */
export function changeToJson(change: PaymentChange): ChangeJson {
  if ('merchant' in change) return { ...change, merchant: merchantToJson(change.merchant) };
  if ('paymentLink' in change) {
    const { paymentLink } = change;
    return { ...change, paymentLink: { ...paymentLink, amount: String(paymentLink.amount) } };
  }
  // Of whom payments speak: no amount, and no moment that never comes.
  if (!('after' in change)) return change;
  const parts = {
    operations: change.operations.map(operationToJson),
    after: afterToJson(change.after),
  };
  if (change.name === 'intent_created') {
    const { intent } = change;
    return { ...change, ...parts, intent: { ...intent, amount: String(intent.amount) } };
  }
  const { updated, disputes, ...rest } = change;
  return {
    ...rest,
    ...parts,
    ...(updated === undefined ? {} : { updated: { ...updated, amount: String(updated.amount) } }),
    ...(disputes === undefined
      ? {}
      : { disputes: disputes.map(({ changedIn: _in, ...one }) => ({ ...one, amount: String(one.amount) })) }),
  };
}

export function changeOfJson(json: ChangeJson): PaymentChange {
  if ('merchant' in json) return { ...json, merchant: merchantOfJson(json.merchant) };
  if ('paymentLink' in json) {
    const { paymentLink } = json;
    return { ...json, paymentLink: { ...paymentLink, amount: BigInt(paymentLink.amount) } };
  }
  if (!('after' in json)) return json;
  const { version } = json.after;
  const parts = {
    attempts: json.attempts.map(([index, one]) => [index, attemptOfJson(one)] as const),
    operations: json.operations.map((one) => operationOfJson(one, version)),
    after: afterOfJson(json.after),
  };
  if (json.name === 'intent_created') {
    const { amount, expiresAtUs } = json.intent;
    const intent = { ...json.intent, amount: BigInt(amount), expiresAtUs: momentOfJson(expiresAtUs) };
    return { ...json, ...parts, intent };
  }
  const { updated, disputes, ...rest } = json;
  return {
    ...rest,
    ...parts,
    ...(updated === undefined ? {} : { updated: { ...updated, amount: BigInt(updated.amount) } }),
    ...(disputes === undefined
      ? {}
      : { disputes: disputes.map((one) => ({ ...one, amount: BigInt(one.amount), changedIn: version })) }),
  };
}

const momentOfJson = (us: number | null): number => us ?? Infinity;

function attemptOfJson(attempt: Json<ShownAttempt>): ShownAttempt {
  return { ...attempt, expiresAtUs: momentOfJson(attempt.expiresAtUs) };
}

function operationToJson(operation: Operation): Json<Operation> {
  const { amount, fromPending, said, cost, changedIn: _in, ...rest } = operation;
  return {
    ...rest,
    ...(cost === undefined ? {} : { cost: String(cost) }),
    amount: String(amount),
    fromPending: String(fromPending),
    said: said === null ? null : saidToJson(said),
  };
}

function operationOfJson(operation: Json<Operation>, changedIn: number): Operation {
  const { amount, fromPending, dueUs, said, cost, ...rest } = operation;
  return {
    ...rest,
    ...(cost === undefined ? {} : { cost: BigInt(cost) }),
    amount: BigInt(amount),
    fromPending: BigInt(fromPending),
    dueUs: momentOfJson(dueUs),
    said: said === null ? null : saidOfJson(said),
    changedIn,
  };
}

function saidToJson(said: Said): Json<Said> {
  return { ...said, amount: String(said.amount), cost: String(said.cost) };
}

function saidOfJson(said: Json<Said>): Said {
  return { ...said, amount: BigInt(said.amount), cost: BigInt(said.cost) };
}

function afterToJson(after: After): Json<After> {
  return {
    ...after,
    later: after.later.map((one) => ({ ...one, amount: String(one.amount) })),
    reserves: after.reserves.map((one) => ({ ...one, amount: String(one.amount) })),
    counters: countersToJson(after.counters),
  };
}

function afterOfJson(after: Json<After>): After {
  const { counters, availableAtUs, dueUs, later, reserves } = after;
  return {
    ...after,
    later: later.map((one) => ({ ...one, amount: BigInt(one.amount) })),
    reserves: reserves.map((one) => ({ ...one, amount: BigInt(one.amount) })),
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
    returned: String(counters.returned),
    disputed: String(counters.disputed),
    reserve: String(counters.reserve),
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
    returned: BigInt(counters.returned),
    disputed: BigInt(counters.disputed),
    reserve: BigInt(counters.reserve),
  };
}

type MerchantShown = MerchantCreated['merchant'];

function merchantToJson(merchant: MerchantShown): Json<MerchantShown> {
  const { terms, routing } = merchant;
  const rules = routing.rules.map(ruleToJson);
  return {
    ...merchant,
    terms: { ...terms, fees: terms.fees.map(feeToJson) },
    routing: { ...routing, rules },
  };
}

function merchantOfJson(merchant: Json<MerchantShown>): MerchantShown {
  const { terms, routing } = merchant;
  const rules = routing.rules.map(ruleOfJson);
  return {
    ...merchant,
    terms: { ...terms, fees: terms.fees.map(feeOfJson) },
    routing: { ...routing, rules },
  };
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
