import type { AuthorizeCall } from '../../../core/processes/psp.ts';
import type { AdyenAmount } from './exponents.ts';

/** Adyen requires a return address of every payment; nobody is sent to this one, which never resolves (RFC 2606). */
const NOWHERE = 'https://florin.invalid/';

/**
 * The body of `POST /payments`; null where the token names no shopper. The same call gives the same bytes each time.
 *
 * With a return address the payer is there: a one-click payment, with 3DS by redirect where the issuer wants it. Without
 * one nobody could pass a challenge: the merchant charges the stored method by itself.
 */
export function authorizationBody(
  call: AuthorizeCall,
  { amount, merchantAccount }: { amount: AdyenAmount; merchantAccount: string },
): object | null {
  const token = tokenOf(call.token);
  if (token === null) return null;
  return {
    merchantAccount,
    amount,
    reference: call.operation,
    merchantOrderReference: call.payment,
    shopperReference: token.shopperReference,
    paymentMethod: { type: 'scheme', storedPaymentMethodId: token.storedPaymentMethodId },
    // Said with each payment, so that it does not depend on how the merchant account is set up.
    additionalData: { manualCapture: 'true' },
    shopperInteraction: 'ContAuth',
    ...(call.returnUrl === ''
      ? { recurringProcessingModel: 'UnscheduledCardOnFile', returnUrl: NOWHERE }
      : {
          recurringProcessingModel: 'CardOnFile',
          channel: 'Web',
          returnUrl: call.returnUrl,
          authenticationData: { threeDSRequestData: { nativeThreeDS: 'disabled' } },
        }),
    ...(call.statementDescriptor === '' ? {} : { shopperStatement: call.statementDescriptor }),
  };
}

/**
 * "shopperReference/storedPaymentMethodId": Adyen keeps stored methods by shopper, and takes one only with both. The
 * part behind the last slash is Adyen's own id, letters and digits.
 */
function tokenOf(token: string): { shopperReference: string; storedPaymentMethodId: string } | null {
  const found = /^(.{3,256})\/([A-Za-z0-9]{1,64})$/.exec(token);
  return found === null ? null : { shopperReference: found[1], storedPaymentMethodId: found[2] };
}
