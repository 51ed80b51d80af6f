import type { Uuid } from '../ledger/commands.ts';
import { OWN_VARIANT, OWN_WORD } from '../ledger/uuid.ts';

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
  incomeFees: (asset: string) => account('income:fees', asset, CREDIT),
  expensePspFees: (asset: string) => account('expense:psp_fees', asset, DEBIT),
  authOpen: (asset: string) => account('auth_open', asset, DEBIT),
  authContra: (asset: string) => account('auth_contra', asset, CREDIT),
} as const;

export { isOwnId } from '../ledger/uuid.ts';

/** The id of the account of the chart with that code: the same in every book. */
export function chartId(code: string): Uuid {
  return formed(OWN_WORD, 0x8000, mixed(`chart ${code}`));
}

/** The id under which the payment is found that a provider knows by that reference of its own. */
export function referenceId(provider: string, reference: string): Uuid {
  return formed(OWN_WORD, 0x8000, mixed(`reference ${provider} ${reference}`));
}

/**
 * An id that follows from another one and a purpose: the same cause gives the same id, so that whatever is done again
 * is done once. It keeps the stamp of a UUIDv7, so that it needs no look-up where its parent does not.
 */
export function derivedId(parent: Uuid, purpose: string): Uuid {
  const words = mixed(`${parent} ${purpose}`);
  const isStamped = parent[14] === '7';
  const high = isStamped ? Number.parseInt(parent.slice(0, 8), 16) : OWN_WORD;
  const middle = isStamped ? Number.parseInt(parent.slice(9, 13), 16) : words[3] & 0xffff;
  return formed(high, isStamped ? 0x7000 : 0x8000, words, middle);
}

/** Of either form that only Florin makes (`isOwnId`): nobody can have spent such an id before. */
function formed(high: number, version: number, words: Uint32Array, middle = words[3] & 0xffff): Uuid {
  const hex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, '0');
  const third = version | (words[0] & 0x0fff);
  const fourth = version === 0x7000 ? OWN_VARIANT | (words[1] & 0x1fff) : 0x8000 | (words[1] & 0x3fff);
  const last = hex(words[2], 8) + hex((words[0] >>> 16) ^ (words[1] >>> 16), 4);
  return `${hex(high, 8)}-${hex(middle, 4)}-${hex(third, 4)}-${hex(fourth, 4)}-${last}` as Uuid;
}

/** 128 bits of a text: four lanes of a multiplying hash. Not secret; an id's collision is refused, never mixed up. */
function mixed(text: string): Uint32Array {
  const lanes = Uint32Array.of(0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    lanes[0] = Math.imul(lanes[0] ^ unit, 0x01000193) ^ (lanes[3] >>> 15);
    lanes[1] = Math.imul(lanes[1] ^ lanes[0] ^ unit, 0x85ebca6b) ^ (lanes[0] >>> 13);
    lanes[2] = Math.imul(lanes[2] ^ lanes[1], 0xc2b2ae35) ^ (lanes[1] >>> 16);
    lanes[3] = Math.imul(lanes[3] ^ lanes[2] ^ unit, 0x27d4eb2d) ^ (lanes[2] >>> 14);
  }
  for (let round = 0; round < 4; round++)
    for (let i = 0; i < 4; i++) {
      const h = Math.imul(lanes[i] ^ (lanes[i] >>> 16) ^ lanes[(i + 1) & 3], 0x7feb352d);
      lanes[i] = Math.imul(h ^ (h >>> 15), 0x846ca68b);
      lanes[i] ^= lanes[i] >>> 16;
    }
  return lanes;
}
