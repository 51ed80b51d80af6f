import { Type } from 'typebox';
import type { Caller } from '../../auth/caller.ts';
import type { ClientSecrets } from '../../auth/clientSecrets.ts';
import { PREFIX, uuidOf } from '../../ids/prefixed.ts';
import type { Answer } from '../../idempotency/once.ts';

/** As requests have it. */
export const ClientSecret = Type.String({
  maxLength: 200,
  description: 'The client_secret of the payment intent: needed with a publishable key.',
});

/** Where it stands in an answer. No text of a merchant's can be it: quotes in there are escaped. */
const PLACE = '"client_secret":null';
const INTENT = /"id":"(pi_[0-9a-f]{32})","object":"payment_intent"/;

/** The answer with the client secret of its payment intent: put in after it is saved, so that the secret is not. */
export function withClientSecret(secrets: ClientSecrets, caller: Caller, answer: Answer): Answer {
  const id = uuidOf(PREFIX.paymentIntent, INTENT.exec(answer.body)?.[1] ?? '');
  if (id === undefined) return answer;
  const secret = secrets.secretOf(caller, id);
  return { ...answer, body: answer.body.replace(PLACE, `"client_secret":"${secret}"`) };
}
