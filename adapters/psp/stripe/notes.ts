import type { Uuid } from '../../../core/processes/psp.ts';
import type { Reply, StripeCalls } from './api.ts';
import { CHARGE } from './answers.ts';
import { pathOf } from './intents.ts';
import type { Json } from './json.ts';

/**
 * What acts on a payment intent leaves a note in its metadata: our reference as the name (36 characters of the 40 that
 * a name may have), and what it is. By it a capture, void or refund is found by our reference alone: Stripe searches
 * payment intents, and neither their cancellations nor refunds. An intent holds 50 names, so about 47 such operations.
 */
export type Note = `capture ${bigint}` | `refund ${bigint}` | `void ${string}`;

export function noteOf(intent: Json, operation: Uuid): string {
  return intent.at('metadata', operation).text;
}

/**
 * Before the deed, for what takes no metadata itself, or keeps it where nobody can search. It is the same however often
 * it is written, so it needs no key. Answers with the intent as it stands.
 */
export function writeNote(
  calls: StripeCalls,
  { intent, operation, note }: { intent: Json; operation: Uuid; note: Note },
): Promise<Reply> {
  return calls.post(pathOf(intent.at('id').text), { metadata: { [operation]: note }, expand: CHARGE }, '');
}

/** Our reference of the operation of this kind that acted last on the intent; '' where none did. */
export function notedOperation(intent: Json, kind: 'capture' | 'void'): Uuid | '' {
  const found = intent
    .at('metadata')
    .texts.findLast(([name, text]) => isUuid(name) && text.startsWith(`${kind} `));
  return found === undefined ? '' : (found[0] as Uuid);
}

export function isUuid(text: string): text is Uuid {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text);
}
