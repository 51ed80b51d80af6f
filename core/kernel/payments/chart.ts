import type { Uuid } from '../ledger/commands.ts';
import { formatWords, OWN_VARIANT, OWN_WORD, type Words } from '../ledger/uuid.ts';

/** An account of the chart that every book has, per currency (docs/payments.md). Opened when it is first needed. */
export interface ChartAccount {
  id: Uuid;
  code: string;
  asset: string;
  /** 1 debit, 2 credit. */
  normalSide: 1 | 2;
  /** Commands, though never facts, meet a floor of zero here. */
  floored: boolean;
}

function account(code: string, asset: string, side: 1 | 2, floored = false): ChartAccount {
  const full = `${code}:${asset}`;
  return { id: chartId(full), code: full, asset, normalSide: side, floored };
}

const DEBIT = 1;
const CREDIT = 2;

export const chart = {
  pspReceivable: (psp: string, asset: string) => account(`psp_receivable:${psp}`, asset, DEBIT),
  merchantReceivable: (merchant: Uuid, asset: string) =>
    account(`merchant_receivable:${merchant}`, asset, DEBIT),
  pending: (merchant: Uuid, asset: string) => account(`m:${merchant}:pending`, asset, CREDIT, true),
  available: (merchant: Uuid, asset: string) => account(`m:${merchant}:available`, asset, CREDIT, true),
  disputeHold: (merchant: Uuid, asset: string) => account(`m:${merchant}:dispute_hold`, asset, CREDIT),
  disputePending: (psp: string, asset: string) => account(`dispute_pending:${psp}`, asset, DEBIT),
  reserve: (merchant: Uuid, asset: string) => account(`m:${merchant}:reserve`, asset, CREDIT, true),
  refundsInFlight: (asset: string) => account('refunds_in_flight', asset, CREDIT),
  unappliedFunds: (asset: string) => account('unapplied_funds', asset, CREDIT),
  tax: (jurisdiction: string, asset: string) => account(`tax:${jurisdiction}`, asset, CREDIT),
  incomeDispute: (asset: string) => account('income:dispute', asset, CREDIT),
  incomeFees: (asset: string) => account('income:fees', asset, CREDIT),
  expenseMerchantLoss: (asset: string) => account('expense:merchant_loss', asset, DEBIT),
  expensePspFees: (asset: string) => account('expense:psp_fees', asset, DEBIT),
  authOpen: (asset: string) => account('auth_open', asset, DEBIT),
  authContra: (asset: string) => account('auth_contra', asset, CREDIT),
} as const;

export { isOwnId } from '../ledger/uuid.ts';

/** The id of the account of the chart with that code: the same in every book. */
export function chartId(code: string): Uuid {
  const mix = mixed(`chart ${code}`);
  return formed(OWN_WORD, mix[3] & 0xffff, 0x8000, mix);
}

/** The id under which the payment is found that a provider knows by that reference of its own. */
export function referenceId(provider: string, reference: string): Uuid {
  const mix = mixed(`reference ${provider} ${reference}`);
  return formed(OWN_WORD, mix[3] & 0xffff, 0x8000, mix);
}

/**
 * An id that follows from another one and a purpose: the same cause gives the same id, so that whatever is done again
 * is done once. It keeps the stamp of a UUIDv7, so that it needs no look-up where its parent does not.
 */
export function derivedId(parent: Uuid, purpose: string): Uuid {
  const mix = mixed(`${parent} ${purpose}`);
  if (parent[14] !== '7') return formed(OWN_WORD, mix[3] & 0xffff, 0x8000, mix);
  const high = Number.parseInt(parent.slice(0, 8), 16);
  return formed(high, Number.parseInt(parent.slice(9, 13), 16), 0x7000, mix);
}

/** Of either form that only Florin makes (`isOwnId`): nobody can have spent such an id before. */
function formed(high: number, middle: number, version: number, mix: Words): Uuid {
  const fourth = version === 0x7000 ? OWN_VARIANT | (mix[1] & 0x1fff) : 0x8000 | (mix[1] & 0x3fff);
  return formatWords(
    high,
    (middle << 16) | version | (mix[0] & 0x0fff),
    (fourth << 16) | (mix[2] >>> 16),
    (mix[2] << 16) | ((mix[0] >>> 16) ^ (mix[1] >>> 16)),
  );
}

/** 128 bits of a text: four lanes of a multiplying hash. Not secret; an id's collision is refused, never mixed up. */
function mixed(text: string): Words {
  let a = 0x9e3779b1,
    b = 0x85ebca77,
    c = 0xc2b2ae3d,
    d = 0x27d4eb2f;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193) ^ (d >>> 15);
    b = Math.imul(b ^ a ^ unit, 0x85ebca6b) ^ (a >>> 13);
    c = Math.imul(c ^ b, 0xc2b2ae35) ^ (b >>> 16);
    d = Math.imul(d ^ c ^ unit, 0x27d4eb2d) ^ (c >>> 14);
  }
  for (let round = 0; round < 4; round++) {
    a = stirred(a, b);
    b = stirred(b, c);
    c = stirred(c, d);
    d = stirred(d, a);
  }
  return [a, b, c, d];
}

function stirred(lane: number, next: number): number {
  let h = Math.imul(lane ^ (lane >>> 16) ^ next, 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}
