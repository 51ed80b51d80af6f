import type { LedgerCommand, LimitValues, PostingAmount, Uuid } from './commands.ts';
import type { Context } from './context.ts';
import { slotOf } from './context.ts';
import {
  ACCOUNT_CHANGED,
  ACCOUNT_CLOSED,
  ACCOUNT_OPENED,
  EventType,
  Flag,
  HEADER,
  Kind,
  LIMIT_ORDER,
  POSTING,
  REFUSED,
  TARGETED,
  TX,
  TX_EXPIRY,
  TX_TARGET,
} from './layout.ts';
import { postingsAt } from './body.ts';
import { uuidAt } from './uuid.ts';

/** A field and its value, in the order in which differences are named. */
export type Fact = readonly [field: string, value: string];

// A leading U+FEFF is text like any other, not a mark to be dropped.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The first field in which two bodies differ, or null where they are the same. */
export function differingField(first: readonly Fact[], second: readonly Fact[]): string | null {
  const values = new Map(first);
  for (const [field, value] of second) if (values.get(field) !== value) return field;
  if (first.length === second.length) return null;
  const fields = new Set(second.map(([field]) => field));
  return first.find(([field]) => !fields.has(field))?.[0] ?? null;
}

/** How an account's id stands in a fact: as itself in a remembered refusal, by number where events are compared. */
export type AccountName = (id: Uuid) => string;

export const byId: AccountName = (id) => id;

export function byNumber(context: Context): AccountName {
  return (id) => {
    const slot = slotOf(context, id);
    return slot < 0 ? id : `#${context.state.accounts.numberOf(slot)}`;
  };
}

/** What a command says, field by field. */
export function factsOf(command: Exclude<LedgerCommand, { op: 'expire' }>, account: AccountName): Fact[] {
  const head: Fact = ['id', command.op];
  switch (command.op) {
    case 'create':
      return [
        head,
        ['postings', String(command.postings.length)],
        ...command.postings.flatMap((posting, i): Fact[] => [
          [`postings[${i}].debit_account`, account(posting.debitAccount)],
          [`postings[${i}].credit_account`, account(posting.creditAccount)],
          [`postings[${i}].amount`, String(posting.amount)],
        ]),
        ['pending', String(command.pending)],
        ['expires_after_seconds', String(command.expiresAfterSeconds)],
        ['effective_date', dayFact(command.effectiveDay)],
        ['reference', utf8.decode(command.reference)],
        ['metadata', hex(command.metadata)],
        ['linked', String(command.linked)],
      ];
    case 'post':
    case 'reverse':
      return [
        head,
        ['transaction_id', command.target],
        ...amountFacts(command.amounts),
        ...(command.op === 'post' ? [['keep_open', String(command.keepOpen)] as const] : []),
        ['effective_date', dayFact(command.effectiveDay)],
        ['reference', utf8.decode(command.reference)],
        ['metadata', hex(command.metadata)],
      ];
    case 'void':
      return [
        head,
        ['transaction_id', command.target],
        ['reference', utf8.decode(command.reference)],
        ['metadata', hex(command.metadata)],
      ];
    case 'openAccount':
      return [
        head,
        ['code', command.code],
        ['asset', command.asset],
        ['normal_side', String(command.normalSide)],
        ...limitFacts(command.limits),
        ['metadata', hex(command.metadata)],
      ];
    case 'changeAccount':
      return [
        head,
        ['account_id', account(command.account)],
        ...limitFacts(command.limits),
        ['metadata', command.metadata === null ? 'unchanged' : hex(command.metadata)],
      ];
    case 'closeAccount':
      return [head, ['account_id', account(command.account)]];
  }
}

const dayFact = (day: number | null) => (day === null ? '' : String(day));
const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function amountFacts(amounts: PostingAmount[] | null): Fact[] {
  if (amounts === null) return [['amounts', 'all']];
  return [['amounts', amounts.map((one) => `${one.posting}:${one.amount}`).join(' ')]];
}

function limitFacts(limits: LimitValues | null): Fact[] {
  if (limits === null) return [['limits', 'unchanged']];
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return LIMIT_ORDER.map((name, i): Fact => [`limits.${snake(name)}`, String(limits[i])]);
}

/** What the command said that led to an event; null for events that no caller's command leads to. */
export function factsOfEvent(view: DataView, at: number): Fact[] | null {
  switch (view.getUint8(at + HEADER.type)) {
    case EventType.transaction:
      return factsOfTransaction(view, at);
    case EventType.accountOpened:
      return factsOfOpened(view, at);
    case EventType.accountChanged: {
      const flags = view.getUint16(at + HEADER.flags, true);
      const metadata = bytesAt(
        view,
        at + ACCOUNT_CHANGED.bytes,
        view.getUint16(at + ACCOUNT_CHANGED.metadataBytes, true),
      );
      return [
        ['id', 'changeAccount'],
        ['account_id', `#${view.getUint32(at + ACCOUNT_CHANGED.account, true)}`],
        ...limitFacts(
          (flags & Flag.setLimits) === 0
            ? null
            : limitsAt(view, at + ACCOUNT_CHANGED.limits, view.getUint8(at + ACCOUNT_CHANGED.limitMask)),
        ),
        ['metadata', (flags & Flag.setMetadata) === 0 ? 'unchanged' : hex(metadata)],
      ];
    }
    case EventType.accountClosed:
      return [
        ['id', 'closeAccount'],
        ['account_id', `#${view.getUint32(at + ACCOUNT_CLOSED.account, true)}`],
      ];
    case EventType.payment:
      // Whatever a payment's command said, it is none of the ledger's: they differ in what the id stands for.
      return [['id', 'payment']];
    default:
      return null;
  }
}

/** The body that a remembered refusal keeps: its facts as JSON, accounts by id. */
export function factsOfRefused(view: DataView, at: number): Fact[] {
  return JSON.parse(
    utf8.decode(bytesAt(view, at + REFUSED.bytes, view.getUint32(at + REFUSED.bodyBytes, true))),
  ) as Fact[];
}

export function bytesAt(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

export function limitsAt(view: DataView, at: number, mask: number): LimitValues {
  const one = (i: number) => ((mask & (1 << i)) === 0 ? null : view.getBigInt64(at + i * 8, true));
  return [one(0), one(1), one(2), one(3)];
}

function factsOfTransaction(view: DataView, at: number): Fact[] | null {
  const flags = view.getUint16(at + HEADER.flags, true);
  const kind = view.getUint8(at + TX.kind);
  const count = view.getUint16(at + TX.postings, true);
  const first = postingsAt(view, at);
  const stride = (flags & Flag.hasTarget) === 0 ? POSTING.bytes : TARGETED.bytes;
  const tail = first + count * stride;
  const referenceBytes = view.getUint16(at + TX.referenceBytes, true);
  const reference: Fact = ['reference', utf8.decode(bytesAt(view, tail, referenceBytes))];
  const metadata: Fact = [
    'metadata',
    hex(bytesAt(view, tail + referenceBytes, view.getUint16(at + TX.metadataBytes, true))),
  ];
  const date: Fact = [
    'effective_date',
    (flags & Flag.dateDefaulted) !== 0 ? '' : String(view.getInt32(at + TX.date, true)),
  ];
  if (kind === Kind.direct || kind === Kind.pending) {
    const postings: Fact[] = [['postings', String(count)]];
    for (let i = 0, p = first; i < count; i++, p += stride) {
      postings.push([`postings[${i}].debit_account`, `#${view.getUint32(p + POSTING.debitAccount, true)}`]);
      postings.push([`postings[${i}].credit_account`, `#${view.getUint32(p + POSTING.creditAccount, true)}`]);
      postings.push([`postings[${i}].amount`, String(view.getBigInt64(p + POSTING.amount, true))]);
    }
    const after =
      (flags & Flag.hasExpiry) === 0 ? 0n : view.getBigInt64(at + TX.bytes + TX_EXPIRY.afterSeconds, true);
    return [
      ['id', 'create'],
      ...postings,
      ['pending', String(kind === Kind.pending)],
      ['expires_after_seconds', String(after)],
      date,
      reference,
      metadata,
      ['linked', String((flags & Flag.linked) !== 0)],
    ];
  }
  if (kind === Kind.expiry) return null;
  const target: Fact = ['transaction_id', uuidAt(view, at + TX.bytes + TX_TARGET.id)];
  if (kind === Kind.void) return [['id', 'void'], target, reference, metadata];
  const amounts: PostingAmount[] = [];
  for (let i = 0, p = first; i < count; i++, p += stride) {
    const amount = view.getBigInt64(p + POSTING.amount, true);
    if (amount > 0n) amounts.push({ posting: view.getUint16(p + TARGETED.index, true), amount });
  }
  return [
    ['id', kind === Kind.post ? 'post' : 'reverse'],
    target,
    ...amountFacts((flags & Flag.amountsDefaulted) !== 0 ? null : amounts),
    ...(kind === Kind.post ? [['keep_open', String((flags & Flag.keepOpen) !== 0)] as const] : []),
    date,
    reference,
    metadata,
  ];
}

function factsOfOpened(view: DataView, at: number): Fact[] {
  const codeBytes = view.getUint8(at + ACCOUNT_OPENED.codeBytes),
    assetBytes = view.getUint8(at + ACCOUNT_OPENED.assetBytes);
  const tail = at + ACCOUNT_OPENED.bytes;
  return [
    ['id', 'openAccount'],
    ['code', utf8.decode(bytesAt(view, tail, codeBytes))],
    ['asset', utf8.decode(bytesAt(view, tail + codeBytes, assetBytes))],
    ['normal_side', String(view.getUint8(at + ACCOUNT_OPENED.normalSide))],
    ...limitFacts(limitsAt(view, at + ACCOUNT_OPENED.limits, view.getUint8(at + ACCOUNT_OPENED.limitMask))),
    [
      'metadata',
      hex(
        bytesAt(view, tail + codeBytes + assetBytes, view.getUint16(at + ACCOUNT_OPENED.metadataBytes, true)),
      ),
    ],
  ];
}
