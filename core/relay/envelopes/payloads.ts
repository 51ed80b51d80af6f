import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EnvelopeSchema, ToldTypeSchema } from '../../../gen/florin/events/v1/envelopes_pb.ts';
import type { NormalSide } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { AccountState } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import {
  ACCOUNT_CHANGED,
  ACCOUNT_CLOSED,
  ACCOUNT_OPENED,
  Flag,
  PAYMENT,
} from '../../kernel/ledger/layout.ts';
import { uuidAt } from '../../kernel/ledger/uuid.ts';
import type {
  CustomerSet,
  IntentChange,
  MerchantCreated,
  MerchantUpdated,
  PaymentChange,
  PaymentMethodSet,
  ShownAttempt,
  WebhookEndpointSet,
} from '../../kernel/payments/change.ts';
import { subjectAt } from '../../kernel/payments/change.ts';
import { customerOf, paymentMethodOf } from '../../kernel/payments/evolve.ts';
import type { Telling } from '../../kernel/payments/told.ts';
import { metadataText } from '../../readmodels/copy/metadata.ts';
import type { EventCursor } from '../../readmodels/projection/cursor.ts';
import { limitsAt } from '../../readmodels/rows/accounts.ts';
import { customer } from '../../rpc/translate/customers.ts';
import { merchantTerms } from '../../rpc/translate/merchants.ts';
import { counters } from '../../rpc/translate/paymentAnswers.ts';
import { INTENT_STATES } from '../../rpc/translate/paymentNames.ts';
import { timestamp } from '../../rpc/translate/rows.ts';
import { storedPaymentMethod } from '../../rpc/translate/storedPaymentMethods.ts';
import { timelineEvent } from '../../rpc/translate/timeline.ts';
import type { ShardNames } from './names.ts';

/** What an event says, and the id of what it is about. */
export interface Said {
  readonly event: string;
  readonly subject: string;
  readonly payload: NonNullable<MessageInitShape<typeof EnvelopeSchema>['payload']>;
}

/** Everything but transactions, by way of messages: there are few of these. */

export function accountOpened(cursor: EventCursor, book: string): Said {
  const codeBytes = cursor.u8(ACCOUNT_OPENED.codeBytes);
  const assetBytes = cursor.u8(ACCOUNT_OPENED.assetBytes);
  const text = ACCOUNT_OPENED.bytes;
  const id = idAt(cursor, ACCOUNT_OPENED.id);
  return {
    event: 'account_opened',
    subject: id,
    payload: {
      case: 'accountOpened',
      value: {
        id,
        book,
        code: cursor.text(text, codeBytes),
        asset: cursor.text(text + codeBytes, assetBytes),
        normalSide: cursor.u8(ACCOUNT_OPENED.normalSide) as NormalSide,
        state: AccountState.OPEN,
        limits: limitsOf(cursor, ACCOUNT_OPENED),
        metadata: metadataOf(cursor, text + codeBytes + assetBytes, cursor.u16(ACCOUNT_OPENED.metadataBytes)),
        openedAt: timestamp(cursor.bookedUs),
      },
    },
  };
}

export function accountChanged(cursor: EventCursor, names: ShardNames): Said {
  const { flags } = cursor;
  const accountId = names.account(cursor.u32(ACCOUNT_CHANGED.account)).id;
  const setsMetadata = (flags & Flag.setMetadata) !== 0;
  return {
    event: 'account_changed',
    subject: accountId,
    payload: {
      case: 'accountChanged',
      value: {
        id: idAt(cursor, ACCOUNT_CHANGED.id),
        accountId,
        ...((flags & Flag.setLimits) === 0 ? {} : { limits: limitsOf(cursor, ACCOUNT_CHANGED) }),
        metadata: setsMetadata
          ? metadataOf(cursor, ACCOUNT_CHANGED.bytes, cursor.u16(ACCOUNT_CHANGED.metadataBytes))
          : {},
        setMetadata: setsMetadata,
      },
    },
  };
}

export function accountClosed(cursor: EventCursor, names: ShardNames): Said {
  const accountId = names.account(cursor.u32(ACCOUNT_CLOSED.account)).id;
  const id = idAt(cursor, ACCOUNT_CLOSED.id);
  return {
    event: 'account_closed',
    subject: accountId,
    payload: { case: 'accountClosed', value: { id, accountId } },
  };
}

/** null for what does not leave: API keys, payment links, idempotency records, and what became of telling webhook endpoints. */
export function paymentEvent(
  cursor: EventCursor,
  change: PaymentChange,
  { names, book }: { names: ShardNames; book: string },
): Said | null {
  if ('after' in change) return intentEvent(cursor, change, names);
  if ('customer' in change) return customerEvent(cursor, change, book);
  if ('paymentMethod' in change) return paymentMethodEvent(cursor, change, book);
  if ('merchant' in change) return merchantEvent(cursor, change);
  if ('endpoint' in change) return endpointEvent(cursor, change);
  return null;
}

function intentEvent(cursor: EventCursor, change: IntentChange, names: ShardNames): Said {
  const { id, seq: began } = subjectOf(cursor);
  const { merchant, customer: payer, amount, currency } = names.intent(began, cursor.seq);
  const commandId = idAt(cursor, PAYMENT.id);
  const shown = {
    ...change,
    attempts: change.attempts.map(([index, one]) => [index, withoutToken(one)] as const),
  };
  const { seq, bookedUs } = cursor;
  const timeline = timelineEvent({ seq, bookedUs, commandId, change: shown });
  for (const said of ['seq', 'bookedAt', 'version', 'state', 'counters'] as const) delete timeline[said];
  return {
    event: change.name,
    subject: id,
    payload: {
      case: 'paymentIntent',
      value: {
        paymentIntentId: id,
        merchantId: merchant,
        customerId: payer ?? '',
        amount,
        currency,
        state: INTENT_STATES[change.after.state],
        told: toldTypes(change),
        change: timeline,
        counters: counters(change.after.counters),
        version: BigInt(change.after.version),
      },
    },
  };
}

function withoutToken(attempt: ShownAttempt): ShownAttempt {
  return { ...attempt, method: { ...attempt.method, token: '' } };
}

function customerEvent(cursor: EventCursor, change: CustomerSet, book: string): Said {
  const whose = subjectOf(cursor);
  return {
    event: change.name,
    subject: whose.id,
    payload: {
      case: 'customer',
      value: {
        told: toldTypes(change),
        customer: customer(customerOf(change, whose, cursor.seq), book),
      },
    },
  };
}

function paymentMethodEvent(cursor: EventCursor, change: PaymentMethodSet, book: string): Said {
  const whose = subjectOf(cursor);
  const stored = { ...paymentMethodOf(change, whose, cursor.seq), token: '' };
  return {
    event: change.name,
    subject: whose.id,
    payload: {
      case: 'paymentMethod',
      value: { told: toldTypes(change), paymentMethod: storedPaymentMethod(stored, book) },
    },
  };
}

function merchantEvent(cursor: EventCursor, change: MerchantCreated | MerchantUpdated): Said {
  const { id } = subjectOf(cursor);
  const { name, country, terms, termsNumber, version } = change.merchant;
  return {
    event: change.name,
    subject: id,
    payload: {
      case: 'merchant',
      value: {
        merchantId: id,
        name,
        country,
        terms: merchantTerms(terms, termsNumber - 1),
        version: BigInt(version),
      },
    },
  };
}

/** Where it sends, and what for, is between the merchant and Florin. */
function endpointEvent(cursor: EventCursor, change: WebhookEndpointSet): Said {
  const { id } = subjectOf(cursor);
  return {
    event: change.name,
    subject: id,
    payload: {
      case: 'merchant',
      value: {
        told: toldTypes(change),
        merchantId: id,
        webhookEndpointId: change.endpoint.id,
        version: BigInt(change.merchantVersion),
      },
    },
  };
}

function toldTypes({ told }: Telling): MessageInitShape<typeof ToldTypeSchema>[] {
  return (told?.events ?? []).map(({ type, about }) => ({ type, about: about ?? '' }));
}

const subjectOf = (cursor: EventCursor) => subjectAt(cursor.view, cursor.at, cursor.seq);

const idAt = (cursor: EventCursor, offset: number): string => uuidAt(cursor.view, cursor.at + offset);

function limitsOf(cursor: EventCursor, { limitMask, limits }: { limitMask: number; limits: number }) {
  const [postedFloor, postedCeiling, availableFloor, availableCeiling] = limitsAt(cursor, limitMask, limits);
  return {
    ...(postedFloor === null ? {} : { postedFloor }),
    ...(postedCeiling === null ? {} : { postedCeiling }),
    ...(availableFloor === null ? {} : { availableFloor }),
    ...(availableCeiling === null ? {} : { availableCeiling }),
  };
}

function metadataOf(cursor: EventCursor, offset: number, length: number): Record<string, string> {
  const text = metadataText(cursor.bytes, cursor.at + offset, length);
  return text === null ? {} : (JSON.parse(text) as Record<string, string>);
}
