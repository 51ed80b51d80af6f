import type { FollowUpCall, PspOutcome, QueryOutcome, Uuid } from '../../../core/processes/psp.ts';
import { CHARGE, declined, outcomeOfRest, succeeded, wasAuthorized } from './answers.ts';
import { type StripeCalls, unknown } from './api.ts';
import { reach } from './closing.ts';
import { look, pathOf } from './intents.ts';
import type { Json } from './json.ts';
import { noteOf, writeNote } from './notes.ts';

const NOT_KNOWN = declined('operation_not_allowed', { providerCode: 'resource_missing' });

/** Cancels the payment intent, and where there is none, sees to it that there never will be. */
export async function voidPayment(calls: StripeCalls, call: FollowUpCall): Promise<PspOutcome> {
  const { target, providerReference, operation } = call;
  if (providerReference === '') {
    const reached = await reach(calls, target);
    if (reached.done === 'closed') return NOT_KNOWN;
    return reached.done === 'intent'
      ? cancel(calls, { intent: reached.intent, operation, isKnown: false })
      : reached;
  }
  const found = await look(calls, providerReference);
  if (found.done !== 'looked') return found;
  if (found.intent === null) return NOT_KNOWN;
  return cancel(calls, { intent: found.intent, operation, isKnown: true });
}

interface Cancelling {
  readonly intent: Json;
  /** Of the void. */
  readonly operation: Uuid;
  /** Whether the caller knew of the intent, and so what became of the authorisation. */
  readonly isKnown: boolean;
}

async function cancel(calls: StripeCalls, { intent, operation, isKnown }: Cancelling): Promise<PspOutcome> {
  const status = intent.at('status').text;
  const early = settled(intent, { operation, isKnown });
  if (early !== null) return early;
  const noted = await writeNote(calls, { intent, operation, note: `void ${status}` });
  if (noted.done !== 'found') return outcomeOfRest(noted);
  const path = pathOf(intent.at('id').text, 'cancel');
  const reply = await calls.post(
    path,
    { cancellation_reason: 'requested_by_customer', expand: CHARGE },
    operation,
  );
  if (reply.done === 'found')
    return settled(reply.value, { operation, isKnown }) ?? unknown('it is not canceled');
  if (reply.done !== 'refused' || reply.intent.at('status').text === '') return outcomeOfRest(reply);
  // It changed meanwhile: what Stripe encloses is how it stands.
  return settled(reply.intent, { operation, isKnown }) ?? unknown('it cannot be canceled at this moment');
}

/** What a void comes to by the state of the intent; null where it may still be canceled. */
function settled(intent: Json, { operation, isKnown }: Omit<Cancelling, 'intent'>): PspOutcome | null {
  const providerReference = intent.at('id').text;
  switch (intent.at('status').text) {
    case 'canceled': {
      const outcome = outcomeOfVoid(intent, operation);
      return outcome.done === 'not_found'
        ? declined('operation_not_allowed', { providerCode: 'already_canceled', providerReference })
        : outcome;
    }
    case 'succeeded':
      // `operation_not_allowed` would say of an authorisation or sale of unknown fate that it never was. It was.
      return declined(isKnown && isManual(intent) ? 'operation_not_allowed' : 'not_permitted', {
        providerCode: 'payment_intent_unexpected_state',
        providerReference,
      });
    default:
      return null;
  }
}

/** What became of a void, by the note that it left on the intent. */
export function outcomeOfVoid(intent: Json, operation: Uuid): QueryOutcome {
  const note = noteOf(intent, operation);
  if (!note.startsWith('void ') || intent.at('status').text !== 'canceled') return { done: 'not_found' };
  // There was something to let go of: money held, or a payer who was being asked.
  if (wasAuthorized(intent) || note === 'void requires_capture' || note === 'void requires_action')
    return succeeded(intent, intent.at('amount').integer);
  return declined('operation_not_allowed', {
    providerCode: 'never_authorized',
    providerReference: intent.at('id').text,
  });
}

function isManual(intent: Json): boolean {
  return intent.at('capture_method').text === 'manual';
}
