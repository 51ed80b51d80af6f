import { createHmac } from 'node:crypto';

/** What differs from event to event; the rest is as Adyen's documentation shows it. */
export interface Told {
  readonly eventCode: string;
  readonly success: 'true' | 'false';
  readonly pspReference: string;
  readonly originalReference?: string;
  readonly merchantReference: string;
  readonly amount: { readonly value: number; readonly currency: string };
  readonly reason?: string;
  readonly additionalData?: Readonly<Record<string, string>>;
}

export interface Signer {
  readonly merchantAccount: string;
  /** 64 hexadecimal digits. */
  readonly hmacKey: string;
}

/** A standard webhook of one or several items, each signed by itself. */
export function webhookOf(told: readonly Told[], signer: Signer, nowMs: number): Uint8Array {
  const notificationItems = told.map((one) => ({
    NotificationRequestItem: {
      additionalData: {
        ...one.additionalData,
        hmacSignature: signatureOf(one, signer),
      },
      amount: one.amount,
      eventCode: one.eventCode,
      // Adyen writes an offset, and no fraction.
      eventDate: new Date(nowMs + 7_200_000).toISOString().replace(/\.\d{3}Z$/, '+02:00'),
      merchantAccountCode: signer.merchantAccount,
      merchantReference: one.merchantReference,
      ...(one.originalReference === undefined ? {} : { originalReference: one.originalReference }),
      paymentMethod: 'visa',
      pspReference: one.pspReference,
      reason: one.reason ?? '',
      success: one.success,
    },
  }));
  return Buffer.from(JSON.stringify({ live: 'false', notificationItems }));
}

/** Written from the documentation a second time, so that it proves something about the adapter's own. */
export function signatureOf(told: Told, { merchantAccount, hmacKey }: Signer): string {
  const { pspReference, originalReference, merchantReference, amount, eventCode, success } = told;
  const text = [
    pspReference,
    originalReference ?? '',
    merchantAccount,
    merchantReference,
    String(amount.value),
    amount.currency,
    eventCode,
    success,
  ].join(':');
  return createHmac('sha256', Buffer.from(hmacKey, 'hex')).update(text, 'utf8').digest('base64');
}
