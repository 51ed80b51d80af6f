import type { Declined, NotSent, PspOutcome, Unknown, Uuid } from '../../../core/processes/psp.ts';
import type { Exchanged } from '../http/exchange.ts';
import { errorDeclineOf, refusalOf } from './declines.ts';
import { fromAdyen } from './exponents.ts';

type Answer = ReadonlyMap<string, unknown>;

/** "Request already processed or in progress": what came of the first one is not in here. */
const IN_PROGRESS = '704';

/** What came of `/payments` or `/payments/details`. */
export function paymentOutcomeOf(exchanged: Exchanged, operation: Uuid): PspOutcome {
  return outcomeOf(exchanged, (answer) => paymentOutcome(answer, operation));
}

/** What came of a capture, cancel or refund: Adyen takes it in, and tells by webhook what came of it. */
export function modificationOutcomeOf(exchanged: Exchanged, operation: Uuid): PspOutcome {
  return outcomeOf(exchanged, (answer) => {
    if (answer.get('reference') !== operation) return unknown('the answer is about another operation');
    const providerReference = pspReferenceOf(answer);
    if (answer.get('status') !== 'received' || providerReference === '')
      return unknown('the answer cannot be read');
    return { done: 'accepted', providerReference };
  });
}

function outcomeOf(exchanged: Exchanged, read: (answer: Answer) => PspOutcome): PspOutcome {
  switch (exchanged.got) {
    case 'not_sent':
      return { done: 'not_sent', why: exchanged.why };
    case 'unknown':
      return unknown(exchanged.why);
    case 'answer': {
      const answer = readObject(exchanged.body);
      if (exchanged.status !== 200 && exchanged.status !== 201) return refused(exchanged.status, answer);
      return answer === null ? unknown('the answer cannot be read') : read(answer);
    }
  }
}

/**
 * Only Adyen's own error, which repeats the status, proves anything: a proxy's page does not. 401 and 403 are documented
 * as a request that was not let in, 429 as one that was not taken; 400 and 422 as one that could not be processed as it
 * stands. A 409, the error 704 and every 5xx leave open what was done.
 */
function refused(status: number, answer: Answer | null): Declined | NotSent | Unknown {
  const code = answer?.get('errorCode');
  const isOpen = unknown(`answered with ${status}`);
  if (answer === null || answer.get('status') !== status || typeof code !== 'string') return isOpen;
  if (answer.get('errorType') === 'internal' || code === IN_PROGRESS) return isOpen;
  switch (status) {
    case 401:
    case 403:
    case 429:
      return { done: 'not_sent', why: `answered with ${status}, error ${code.slice(0, 64)}` };
    case 400:
    case 422:
      return {
        done: 'declined',
        code: errorDeclineOf(code),
        providerCode: `error ${code}`.slice(0, 64),
        providerReference: pspReferenceOf(answer),
      };
    default:
      return isOpen;
  }
}

function paymentOutcome(answer: Answer, operation: Uuid): PspOutcome {
  const unreadable = unknown('the answer cannot be read');
  const reference = answer.get('merchantReference');
  const providerReference = pspReferenceOf(answer);
  const isOurs = reference === operation;
  if (!isOurs && reference !== undefined) return unknown('the answer is about another operation');
  const resultCode = answer.get('resultCode');
  switch (resultCode) {
    case 'Authorised': {
      const money = fromAdyen(amountOf(answer));
      // A success has to say of what, and how much.
      if (!isOurs || providerReference === '' || money === null) return unreadable;
      return { done: 'succeeded', ...money, providerReference, cost: null, expiresAtMs: null };
    }
    case 'Refused':
    case 'Error':
    case 'Cancelled':
      return declined(answer, resultCode, providerReference);
    case 'Pending':
    case 'Received':
      return { done: 'accepted', providerReference };
    case 'RedirectShopper': {
      const url = redirectOf(answer);
      if (url === null) return unknown('the payer is asked for something else than a redirect');
      return { done: 'requires_action', providerReference, action: { type: 'redirect', url } };
    }
    default:
      // Native 3DS and vouchers are never asked for, so a request for them is none of ours to pass on.
      return unknown('the answer has a result that is not expected');
  }
}

function declined(answer: Answer, resultCode: string, providerReference: string): Declined {
  const code = answer.get('refusalReasonCode');
  const known = typeof code === 'string' && /^\d{1,4}$/.test(code) ? code : '';
  // "Error" is the acquirer's trouble where nothing else is said.
  const otherwise = resultCode === 'Error' ? 'processing_error' : 'generic_decline';
  return {
    done: 'declined',
    code: known === '' ? otherwise : refusalOf(known),
    providerCode: known === '' ? resultCode : `${resultCode} ${known}`,
    providerReference,
  };
}

function amountOf(answer: Answer): { value: unknown; currency: unknown } {
  const amount = answer.get('amount');
  return typeof amount === 'object' && amount !== null && 'value' in amount && 'currency' in amount
    ? amount
    : { value: undefined, currency: undefined };
}

/** The address of a redirect that a browser can simply be sent to. */
function redirectOf(answer: Answer): string | null {
  const action = answer.get('action');
  if (typeof action !== 'object' || action === null || !('type' in action && 'url' in action)) return null;
  if (action.type !== 'redirect' || ('method' in action && action.method !== 'GET')) return null;
  return typeof action.url === 'string' && /^https?:\/\//.test(action.url) ? action.url : null;
}

/** Sixteen letters and digits, in practice; '' where there is none. */
function pspReferenceOf(answer: Answer): string {
  const reference = answer.get('pspReference');
  return typeof reference === 'string' && /^[A-Za-z0-9]{1,64}$/.test(reference) ? reference : '';
}

/** A Map, so that no name in an answer can reach a prototype. */
export function readObject(text: string): Answer | null {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? new Map(Object.entries(value))
      : null;
  } catch {
    return null;
  }
}

function unknown(why: string): Unknown {
  return { done: 'unknown', why: why.slice(0, 200) };
}
