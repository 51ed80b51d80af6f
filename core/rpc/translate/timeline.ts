import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TimelineEventSchema } from '../../../gen/florin/payments/v1/timelines_pb.ts';
import type { IntentChange } from '../../kernel/payments/change.ts';
import type { Operation } from '../../kernel/payments/model.ts';
import type { TimelineRow } from '../reads.ts';
import { attempt, counters, moment, operation } from './paymentAnswers.ts';
import { requestOrigin } from './origins.ts';
import { CAUSES, EVENT_KINDS, INTENT_STATES } from './paymentNames.ts';
import { timestamp } from './rows.ts';

export function timelineEvent(row: TimelineRow): MessageInitShape<typeof TimelineEventSchema> {
  const { change } = row;
  const { after } = change;
  return {
    seq: BigInt(row.seq),
    bookedAt: timestamp(row.bookedUs),
    kind: EVENT_KINDS[change.name],
    cause: CAUSES[change.by],
    commandId: row.commandId,
    ...requestOrigin(change.origin),
    text: sentence(change),
    version: BigInt(after.version),
    state: INTENT_STATES[after.state],
    counters: counters(after.counters),
    attempts: change.attempts.map(([index, one]) => ({ index, attempt: attempt(one) })),
    operations: change.operations.map(operation),
    ...moment('dueAt', after.dueUs),
  };
}

/** About what an event takes on the wire. */
export function timelineBytes({ change }: TimelineRow): number {
  const said = change.operations.map(
    ({ metadata = [] }) => 400 + Buffer.byteLength(metadata.flat().join('')),
  );
  return 400 + 900 * change.attempts.length + said.reduce((sum, bytes) => sum + bytes, 0);
}

function sentence(change: IntentChange): string {
  const disputes = 'disputes' in change ? (change.disputes ?? []) : [];
  if (disputes.length > 0)
    return `The provider tells of a dispute: ${disputes.map(({ id, amount, state }) => `${id} of ${amount} is ${state}`).join('; ')}.`;
  const parts = change.operations.map((one) => operationPhrase(change, one));
  return `${beginning(change)}${parts.length === 0 ? '' : `: ${parts.join('; ')}`}.`;
}

function beginning(change: IntentChange): string {
  switch (change.name) {
    case 'intent_created': {
      const { amount, currency } = change.intent;
      return `Created for ${amount} ${currency} in minor units${change.operations.length > 0 ? ', and confirmed' : ''}`;
    }
    case 'attempt_started':
      return `Confirmed, attempt ${(change.attempts[0]?.[0] ?? 0) + 1}`;
    case 'operation_started':
      if (change.by === 'timer') return 'Its time ran out';
      if (!change.after.canceling) return 'Asked for';
      return change.operations.length > 0
        ? 'Canceling began'
        : 'Canceling began, once what is under way is known';
    case 'operation_changed':
      return 'The provider';
    case 'intent_canceled':
      return `Canceled (${change.after.cancelReason})`;
    case 'intent_expired':
      return 'Expired';
    case 'money_available':
      return 'What was pending is available to the merchant';
    case 'reserve_released':
      return 'What was kept back is available to the merchant';
    case 'event_received':
      return change.operations.some(({ foreign }) => foreign === true)
        ? 'The provider tells of what nobody here asked for'
        : 'The provider told something by itself, so it is asked';
    case 'intent_updated':
      return `Changed: ${change.updated?.amount ?? 0n} in minor units are to be paid`;
    case 'refund_updated':
      return 'What is said of a refund was changed';
    case 'operation_settled':
      return `An operator has decided (${change.note ?? ''})`;
    case 'attention_raised':
      return `An operator has to look at it (${change.after.attention})`;
  }
}

/** "capture of 1000 unknown (read timed out)". Only an attempt that the event touched tells its provider. */
function operationPhrase(
  { attempts }: IntentChange,
  { kind, amount, state, decline, detail, attempt }: Operation,
): string {
  const provider = attempts.find(([index]) => index === attempt)?.[1].provider;
  const why = [decline, detail].filter((text) => text !== '').join(', ');
  return [
    `${kind} of ${amount}`,
    ...(provider === undefined ? [] : [`by ${provider}`]),
    state,
    ...(why === '' ? [] : [`(${why})`]),
  ].join(' ');
}
