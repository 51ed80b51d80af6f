import { namedId } from '../../../client/index.ts';
import {
  type Dispute,
  DisputeState,
  type PaymentIntent,
} from '../../../gen/florin/payments/v1/payments_pb.ts';
import { PREFIX, prefixed } from '../../ids/prefixed.ts';
import { exact, seconds } from '../values.ts';

const STATUS: Readonly<Record<DisputeState, 'needs_response' | 'won' | 'lost'>> = {
  [DisputeState.UNSPECIFIED]: 'needs_response',
  [DisputeState.OPEN]: 'needs_response',
  [DisputeState.WON]: 'won',
  [DisputeState.LOST]: 'lost',
};

/** A dispute as merchants see it. Its id follows from its payment and from what the provider calls it. */
export function renderDispute(dispute: Dispute, intent: PaymentIntent, { isLive }: { isLive: boolean }) {
  return {
    id: prefixed(PREFIX.dispute, namedId(['florin dispute', intent.id, JSON.stringify(dispute.id)])),
    object: 'dispute',
    created: seconds(dispute.openedAt),
    livemode: isLive,
    status: STATUS[dispute.state],
    version: Number(dispute.version),
    amount: exact(dispute.amount),
    currency: (intent.amount?.asset ?? '').toLowerCase(),
    payment_intent: prefixed(PREFIX.paymentIntent, intent.id),
  };
}
