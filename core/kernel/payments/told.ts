import type { Uuid } from '../ledger/commands.ts';
import type {
  Counters,
  Dispute,
  Entries,
  Intent,
  IntentState,
  Merchant,
  Operation,
  OperationState,
} from './model.ts';
import { isOpen } from './transitions.ts';

/** What a merchant may be told, as its developers name it; docs/merchants.md has what each means. */
export const TOLD_TYPES = [
  'payment_intent.created',
  'payment_intent.processing',
  'payment_intent.requires_action',
  'payment_intent.amount_capturable_updated',
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'payment_intent.funds_returned',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'dispute.created',
  'dispute.updated',
  'dispute.closed',
  'customer.created',
  'customer.updated',
  'payment_method.attached',
  'payment_method.detached',
  'payment_link.created',
  'payment_link.updated',
  'webhook_endpoint.disabled',
  'webhook_endpoint.test',
] as const;

export type ToldType = (typeof TOLD_TYPES)[number];

/** One thing that a merchant is told of an event of the journal. */
export interface Told {
  type: ToldType;
  /** The operation (a refund), or the provider's reference (a dispute), where it is not about the event's subject itself. */
  about?: string;
  /** Numbers of the merchant's webhook endpoints that it goes to; absent for none. */
  to?: readonly number[];
}

/** What of an intent stood before a decision, as far as telling depends on it. */
export interface Before {
  state: IntentState;
  version: number;
  counters: Readonly<Counters>;
  operations: ReadonlyMap<Uuid, OperationBefore>;
  disputes: readonly Dispute[];
}

interface OperationBefore {
  state: OperationState;
  metadata: Entries | undefined;
}

export function beforeOf({ state, version, counters, operations, disputes }: Intent): Before {
  return {
    state,
    version,
    counters: { ...counters },
    operations: new Map(operations.map(({ id, state: of, metadata }) => [id, { state: of, metadata }])),
    disputes: [...disputes],
  };
}

/** What is told of an intent that was changed: first of itself, then of its refunds and disputes. */
export function toldOf(before: Before, intent: Intent): Told[] {
  const told: Told[] = [];
  if (before.version === 0) told.push({ type: 'payment_intent.created' });
  const of = intentTold(before, intent);
  if (of !== null) told.push({ type: of });
  if (intent.counters.returned > before.counters.returned)
    told.push({ type: 'payment_intent.funds_returned' });
  for (const operation of intent.operations) {
    const type = refundTold(before.operations.get(operation.id), operation);
    if (type !== null) told.push({ type, about: operation.id });
  }
  for (const dispute of intent.disputes)
    for (const type of disputeTold(
      before.disputes.find(({ id }) => id === dispute.id),
      dispute,
    ))
      told.push({ type, about: dispute.id });
  return told;
}

const OF_STATE: Readonly<Partial<Record<IntentState, ToldType>>> = {
  requires_action: 'payment_intent.requires_action',
  requires_payment_method: 'payment_intent.payment_failed',
  succeeded: 'payment_intent.succeeded',
  canceled: 'payment_intent.canceled',
  expired: 'payment_intent.canceled',
};

function intentTold(before: Before, intent: Intent): ToldType | null {
  const { state, counters } = intent;
  if (state === 'requires_capture' || state === 'partially_captured') {
    const isSame =
      state === before.state &&
      counters.authorized === before.counters.authorized &&
      counters.captured === before.counters.captured;
    return isSame ? null : 'payment_intent.amount_capturable_updated';
  }
  if (state === 'processing') return isLeftOpen(before, intent) ? 'payment_intent.processing' : null;
  // An intent waits for its first method without anything having failed, and after a change of what is to be paid.
  if (state === 'requires_payment_method' && !hasBeenTried(before)) return null;
  return state === before.state ? null : (OF_STATE[state] ?? null);
}

const hasBeenTried = ({ state }: Before): boolean =>
  state === 'processing' || state === 'requires_action' || state === 'conflicted';

/** Its own answer did not settle it: the merchant has to wait for more than a moment. */
function isLeftOpen({ operations }: Before, intent: Intent): boolean {
  return intent.operations.some(({ id, kind, state }) => {
    if (kind !== 'authorize' && kind !== 'sale') return false;
    const was = operations.get(id)?.state;
    return was !== state && (state === 'accepted' || (state === 'unknown' && was !== 'accepted'));
  });
}

/** Of refunds that somebody asked for: what Florin itself sends back was never the merchant's. */
function refundTold(
  was: OperationBefore | undefined,
  { kind, request, state, metadata }: Operation,
): ToldType | null {
  if (kind !== 'refund' || request === '') return null;
  if (was === undefined) return 'refund.created';
  if (was.state === state) return was.metadata === metadata ? null : 'refund.updated';
  if (isOpen(state)) return null;
  return state === 'succeeded' ? 'refund.updated' : 'refund.failed';
}

function disputeTold(was: Dispute | undefined, { state }: Dispute): ToldType[] {
  if (was?.state === state) return [];
  const closed: ToldType[] = state === 'open' ? [] : ['dispute.closed'];
  if (was === undefined) return ['dispute.created', ...closed];
  return state === 'open' ? ['dispute.updated'] : closed;
}

/** A request of a merchant, as the merchant knows it. */
export interface RequestOrigin {
  requestId: string;
  /** '' for none. */
  idempotencyKey: string;
}

/** What a merchant is told of an event, and of whose doing it is. */
export interface Telling {
  /** The request that led to the event's command. */
  origin?: RequestOrigin;
  told?: {
    merchant: Uuid;
    /** In this order: at least one. */
    events: readonly Told[];
  };
}

/** The same with the numbers of the endpoints that want it; nothing where there is nothing, or nobody, to be told. */
export function telling(
  {
    merchant,
    origin,
  }: { merchant?: Pick<Merchant, 'id' | 'webhooks'> | undefined; origin?: RequestOrigin | undefined },
  told: readonly Told[],
): Telling {
  const by = origin === undefined ? {} : { origin };
  if (merchant === undefined || told.length === 0) return by;
  return { ...by, told: { merchant: merchant.id, events: addressed(told, merchant) } };
}

function addressed(told: readonly Told[], { webhooks }: Pick<Merchant, 'webhooks'>): Told[] {
  return told.map((one) => {
    const to = webhooks
      .filter(({ state, events }) => state === 'enabled' && wants(events, one.type))
      .map(({ number }) => number);
    return one.to !== undefined || to.length === 0 ? one : { ...one, to };
  });
}

/** '*' stands for all, of which tests are no part: whoever asks for one names its endpoint. */
function wants(events: readonly string[], type: ToldType): boolean {
  return events.includes(type) || (events.includes('*') && type !== 'webhook_endpoint.test');
}

/** What a told thing is called for ever: where it stands in the journal, and half of its merchant's id. */
export interface ToldPlace {
  shard: number;
  seq: number;
  /** Among those of its event, from 0. */
  index: number;
}

/** The place comes first, so that ids of a shard sort as they were told; the merchant keeps those of two installations apart. */
export function toldId({ shard, seq, index }: ToldPlace, merchant: Uuid): Uuid {
  const digits = [hex(seq, 12), hex(shard, 2), hex(index, 2), merchant.slice(19).replace('-', '')].join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') as Uuid;
}

/** null where it is no id of that merchant's. */
export function toldPlaceOf(id: string, merchant: Uuid): ToldPlace | null {
  const digits = id.replaceAll('-', '');
  const place = {
    seq: Number.parseInt(digits.slice(0, 12), 16),
    shard: Number.parseInt(digits.slice(12, 14), 16),
    index: Number.parseInt(digits.slice(14, 16), 16),
  };
  return toldId(place, merchant) === id ? place : null;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
