import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type AttemptExplanationSchema,
  type ExplainResponseSchema,
  NextStepKind,
} from '../../../gen/florin/payments/v1/timelines_pb.ts';
import { DECLINES } from '../../kernel/payments/declines.ts';
import { expiryOf } from '../../kernel/payments/due.ts';
import type { Attempt, Intent, Operation } from '../../kernel/payments/model.ts';
import { nextAvailable } from '../../kernel/payments/pending.ts';
import { isOpen } from '../../kernel/payments/transitions.ts';
import { moment } from './paymentAnswers.ts';
import { ATTEMPT_STATES, INTENT_STATES } from './paymentNames.ts';

/** Why these providers, why this state, what comes next: all from the intent alone, so that it holds for any moment. */
export function explanation(intent: Intent): MessageInitShape<typeof ExplainResponseSchema> {
  const attempts = intent.attempts.map((one, index) => attemptExplanation(intent, one, index));
  const whyState = stateSentence(intent);
  const steps = nextSteps(intent);
  const lines = [
    ...attempts.map(({ text }) => text),
    whyState,
    ...(steps.length === 0 ? ['Nothing more will happen by itself.'] : steps.map(stepLine)),
  ];
  return {
    state: INTENT_STATES[intent.state],
    whyState,
    attempts,
    next: steps.map(({ kind, atUs, operationId, text }) => ({
      kind,
      ...moment('at', atUs),
      operationId,
      text,
    })),
    text: lines.join('\n'),
  };
}

function attemptExplanation(
  { operations }: Intent,
  attempt: Attempt,
  index: number,
): MessageInitShape<typeof AttemptExplanationSchema> & { text: string } {
  const first = operations.find(({ id }) => id === attempt.operation);
  const declineCode = first?.decline ?? '';
  return {
    index,
    provider: attempt.provider,
    state: ATTEMPT_STATES[attempt.state],
    declineCode,
    hardDecline: declineCode !== '' && DECLINES[declineCode].hard,
    route: attempt.route,
    text: `Attempt ${index + 1}: ${routeSentence(attempt)} ${outcomeSentence(attempt, first)}`,
  };
}

function routeSentence({ provider, route }: Attempt): string {
  const left = route.excluded.map((one) => `${one.provider} (${one.why})`).join(', ');
  return `${choiceOf(provider, route)}${left === '' ? '' : ` Left out: ${left}.`}`;
}

function choiceOf(provider: string, { strategy, candidates }: Attempt['route']): string {
  const scores = candidates.map((one) => `${one.provider} ${one.score.toFixed(4)}`).join(', ');
  switch (strategy) {
    case 'only':
      return `${provider} was the only provider that could take it.`;
    case 'order':
      return `${provider} stands first among those that could take it.`;
    case 'next':
      return `${provider} was next among those that were left.`;
    case 'explore':
      return `${provider} was drawn to learn how it does.`;
    case 'split':
      return `${provider} was drawn by its share.`;
    case 'expected_value':
      return `${provider} had the highest expected value (${scores}).`;
    default:
      return `${provider} had the best score (${scores}).`;
  }
}

function outcomeSentence({ state, provider }: Attempt, first: Operation | undefined): string {
  const why = [first?.decline ?? '', first?.detail ?? ''].filter((text) => text !== '').join(', ');
  const because = why === '' ? '' : ` (${why})`;
  switch (state) {
    case 'authorizing':
      return 'It is being asked.';
    case 'requires_action':
      return 'It wants the payer to do something.';
    case 'unknown':
      return `Whether it did it is not known${because}; no other provider is asked before that is proven.`;
    case 'authorized':
      return 'It authorised the payment.';
    case 'captured':
      return 'It took the money.';
    case 'declined':
      return `It was declined${because}.`;
    case 'failed':
      return `It is proven that it was not done${because}.`;
    case 'not_sent':
      return `The request never reached ${provider}${because}.`;
    case 'voided':
      return 'The authorisation was let go of.';
    case 'expired':
      return 'The authorisation lapsed.';
    case 'returned':
      return 'It took the money, and none of that is left.';
    case 'conflicted':
      return `What it says contradicts what was asked${because}.`;
  }
}

function stateSentence(intent: Intent): string {
  const { state, currency, counters, attempts, amount, cancelReason, attention } = intent;
  const sum = (units: bigint): string => `${units} ${currency} in minor units`;
  switch (state) {
    case 'requires_payment_method':
      return attempts.length === 0 ? 'No method was given yet.' : noRouteSentence(intent);
    case 'requires_confirmation':
      return 'It has a method and is not confirmed.';
    case 'requires_action':
      return `The payer has to do something before ${sum(amount)} can be taken.`;
    case 'processing':
      return processingSentence(intent);
    case 'requires_capture':
      return `${sum(counters.authorized)} are authorised and nothing is captured.`;
    case 'partially_captured':
      return `${sum(counters.captured)} of ${counters.authorized} are captured, and more may follow.`;
    case 'succeeded':
      return counters.refunded + counters.refunding === 0n
        ? `${sum(counters.captured)} are captured.`
        : `${sum(counters.captured)} are captured, ${counters.refunded} refunded, ${counters.refunding} being refunded.`;
    case 'canceled':
      return `It was canceled${cancelReason === '' ? '' : ` (${cancelReason})`}.`;
    case 'expired':
      return 'Its time ran out before anything was captured.';
    case 'conflicted':
      return `An operator has to decide${attention === '' ? '' : `: ${attention}`}.`;
  }
}

function noRouteSentence({ attempts, operations }: Intent): string {
  const last = attempts[attempts.length - 1];
  const decline = operations.find(({ id }) => id === last.operation)?.decline ?? '';
  return decline !== '' && DECLINES[decline].hard
    ? `The method was declined for good by ${last.provider} (${decline}), so no other provider was asked: it waits for another method.`
    : 'Every provider that could be tried was, or the attempts are used up: it waits for another method.';
}

function processingSentence({ operations, attempts, canceling }: Intent): string {
  const open = operations.filter(({ state }) => isOpen(state));
  const what = open.map((one) => openPhrase(one, attempts[one.attempt].provider)).join('; ');
  const now = what === '' ? 'the next call is being prepared' : what;
  return `${canceling ? 'It is being canceled' : 'Under way'}: ${now}.`;
}

function openPhrase({ kind, state, detail }: Operation, provider: string): string {
  switch (state) {
    case 'accepted':
      return `${provider} has taken in the ${kind} and tells the outcome later`;
    case 'unknown':
      return `nobody knows whether ${provider} did the ${kind}${detail === '' ? '' : ` (${detail})`}`;
    case 'requires_action':
      return `${provider} waits for the payer before the ${kind}`;
    case 'pending':
      return `${provider} is being asked for the ${kind}`;
    case 'succeeded':
    case 'failed':
    case 'not_sent':
    case 'canceled':
      return `${provider} has answered about the ${kind}`;
  }
}

interface Step {
  kind: NextStepKind;
  /** Infinity: no moment brings it about. */
  atUs: number;
  operationId: string;
  text: string;
}

/** What stepsOf and dueOf of the kernel will lead to, with what only people can do; the earliest first. */
function nextSteps(intent: Intent): Step[] {
  const steps = [...callerSteps(intent), ...intent.operations.flatMap((one) => operationSteps(intent, one))];
  const add = (kind: NextStepKind, atUs: number, text: string): void => {
    steps.push({ kind, atUs, operationId: '', text });
  };
  const { availableAtUs, attention, counters, reserves } = intent;
  if (availableAtUs !== Infinity && counters.pending > 0n)
    add(NextStepKind.AVAILABLE, availableAtUs, `${nextAvailable(intent)} become available to the merchant.`);
  for (const { amount, untilUs } of reserves)
    add(NextStepKind.RELEASE, untilUs, `${amount} that are kept back are released to the merchant.`);
  const expiryUs = expiryOf(intent);
  if (expiryUs !== Infinity) add(NextStepKind.EXPIRE, expiryUs, expirySentence(intent));
  if (attention !== '') add(NextStepKind.OPERATOR, Infinity, `An operator has to look at it: ${attention}.`);
  return steps.sort((a, b) => (a.atUs === b.atUs ? 0 : a.atUs - b.atUs));
}

function operationSteps({ attempts }: Intent, operation: Operation): Step[] {
  const { id, kind, state, tries, dueUs, attempt } = operation;
  if (!isOpen(state) || dueUs === Infinity) return [];
  const { provider } = attempts[attempt];
  return state === 'pending' && tries === 0
    ? [
        {
          kind: NextStepKind.CALL,
          atUs: dueUs,
          operationId: id,
          text: `${provider} is called for the ${kind}.`,
        },
      ]
    : [
        {
          kind: NextStepKind.QUERY,
          atUs: dueUs,
          operationId: id,
          text: `${provider} is asked what became of the ${kind}.`,
        },
      ];
}

function callerSteps({ state, attempts }: Intent): Step[] {
  const step = (kind: NextStepKind, text: string): Step[] => [
    { kind, atUs: Infinity, operationId: '', text },
  ];
  switch (state) {
    case 'requires_payment_method':
      return step(NextStepKind.CALLER, 'Confirm it with a method, or cancel it.');
    case 'requires_confirmation':
      return step(NextStepKind.CALLER, 'Confirm it, or cancel it.');
    case 'requires_action':
      return step(NextStepKind.PAYER, `The payer goes to ${attempts.at(-1)?.actionUrl ?? ''}`);
    case 'requires_capture':
    case 'partially_captured':
      return step(NextStepKind.CALLER, 'Capture it, or cancel it to let go of the rest.');
    case 'processing':
    case 'succeeded':
    case 'canceled':
    case 'expired':
    case 'conflicted':
      return [];
  }
}

function expirySentence({ state, counters }: Intent): string {
  if (state === 'requires_action')
    return 'It expires, and the provider is asked to let go of what the payer has not done.';
  if (counters.authorized === 0n) return 'It expires.';
  return counters.captured === 0n
    ? 'It expires, and the provider is asked to let go of the authorisation.'
    : 'Its time ends, and the provider is asked to let go of what is not captured.';
}

function stepLine({ atUs, text }: Step): string {
  return atUs === Infinity ? `Next: ${text}` : `Next, at ${isoMoment(atUs)}: ${text}`;
}

function isoMoment(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString();
}
