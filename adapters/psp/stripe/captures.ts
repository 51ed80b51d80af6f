import type { CaptureCall, PspOutcome, QueryOutcome, Uuid } from '../../../core/processes/psp.ts';
import { CHARGE, declined, outcomeOfRest, succeeded } from './answers.ts';
import { type StripeCalls, unknown } from './api.ts';
import { findByOperation, pathOf } from './intents.ts';
import type { Json } from './json.ts';
import { type Note, noteOf } from './notes.ts';

/** Takes what was authorised, `units` as Stripe counts them. The note goes along, so it is there if the capture is. */
export async function capturePayment(
  calls: StripeCalls,
  call: CaptureCall,
  units: bigint,
): Promise<PspOutcome> {
  const { operation, final } = call;
  let reference = call.providerReference;
  if (reference === '') {
    const found = await findByOperation(calls, call.target);
    if (found.done !== 'looked') return found;
    // Whether or not it exists, it was not captured: nothing was sent.
    if (found.intent === null) return declined('operation_not_allowed', { providerCode: 'resource_missing' });
    reference = found.intent.at('id').text;
  }
  const note: Note = `capture ${units}`;
  const form = {
    amount_to_capture: units,
    // Stripe takes it where several captures were agreed on, and refuses it elsewhere.
    final_capture: final ? undefined : false,
    metadata: { [operation]: note },
    expand: CHARGE,
  };
  const reply = await calls.post(pathOf(reference, 'capture'), form, operation);
  if (reply.done === 'found') return outcomeOfFound(reply.value, operation);
  if (reply.done !== 'refused') return reply;
  // An earlier try of the same capture, whose key has lapsed since, has left its note.
  return noteOf(reply.intent, operation) === ''
    ? outcomeOfRest(reply)
    : outcomeOfFound(reply.intent, operation);
}

function outcomeOfFound(intent: Json, operation: Uuid): PspOutcome {
  const outcome = outcomeOfCapture(intent, operation);
  return outcome.done === 'not_found' ? unknown('the payment intent is not captured') : outcome;
}

/** What became of a capture, by the note that it left on the intent. */
export function outcomeOfCapture(intent: Json, operation: Uuid): QueryOutcome {
  const isCaptured = intent.at('status').text === 'succeeded';
  const isNoted = noteOf(intent, operation).startsWith('capture ');
  if (isCaptured && isNoted) return succeeded(intent, intent.at('amount_received').integer);
  // Captured without a note of ours: who did that, an operator has to look up.
  return isCaptured || isNoted
    ? unknown('the payment intent does not tell of this capture')
    : { done: 'not_found' };
}
