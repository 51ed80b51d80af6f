import type { Told } from './events.ts';

/** What this provider knows of an operation, by the caller's reference: its own truth. */
export interface Entry {
  readonly kind: 'authorize' | 'capture' | 'void' | 'refund';
  status: 'succeeded' | 'declined' | 'open';
  readonly value: number;
  readonly currency: string;
}

interface Payment {
  readonly pspReference: string;
  readonly reference: string;
  readonly amount: Amount;
  state: 'authorised' | 'captured' | 'cancelled';
  captured: number;
  refunded: number;
}

interface Amount {
  readonly value: number;
  readonly currency: string;
}

export interface Reply {
  readonly status: number;
  readonly body: object;
}

/** Stored payment methods, and the `refusalReasonCode` and reason that they come to; '0' is a success. */
export const STORED: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  M5N7TQ4TG5PFWR50: ['0', ''],
  REFUSED000000002: ['2', 'Refused'],
  REFUSED000000009: ['9', 'Issuer Unavailable'],
  REFUSED000000012: ['12', 'Not enough balance'],
  REFUSED000000005: ['5', 'Blocked Card'],
  REFUSED000000006: ['6', 'Expired Card'],
  REFUSED000000020: ['20', 'FRAUD'],
  REFUSED000000024: ['24', 'CVC Declined'],
  REFUSED000000046: ['46', 'Transaction blocked by Adyen to prevent excessive retry fees'],
  CHALLENGED000001: ['0', ''],
  DONEUNANSWERED01: ['0', ''],
  NEVERARRIVES0001: ['0', ''],
};

/**
 * As much of Adyen as Florin uses, in memory: payments that are captured by hand, modifications that are taken in and
 * come out by webhook. Shapes are those of the public documentation.
 */
export class Provider {
  readonly books = new Map<string, Entry>();
  readonly #payments = new Map<string, Payment>();
  readonly #challenges = new Map<string, { body: PaymentBody; result: 'open' | 'pass' | 'fail' }>();
  readonly #tell: (told: Told) => void;
  readonly #merchantAccount: string;
  #count = 0;

  constructor(options: { merchantAccount: string; tell: (told: Told) => void }) {
    this.#merchantAccount = options.merchantAccount;
    this.#tell = options.tell;
  }

  pay(body: PaymentBody, url: string): Reply {
    const { storedPaymentMethodId } = body.paymentMethod;
    if (!Object.hasOwn(STORED, storedPaymentMethodId))
      return error(422, '803', 'PaymentDetail not found', 'validation');
    if (storedPaymentMethodId !== 'CHALLENGED000001')
      return this.#authorise(body, STORED[storedPaymentMethodId]);
    const md = this.#pspReference();
    this.#challenges.set(md, { body, result: 'open' });
    this.books.set(body.reference, { kind: 'authorize', status: 'open', ...body.amount });
    return ok({
      resultCode: 'RedirectShopper',
      action: {
        paymentMethodType: 'scheme',
        url: `${url}/checkoutshopper/threeDS/redirect?MD=${md}`,
        method: 'GET',
        type: 'redirect',
      },
    });
  }

  /** The payer's browser goes there and comes back; answers what it brings to the return address. */
  challenge(url: string, result: 'pass' | 'fail'): string {
    const md = new URL(url).searchParams.get('MD') ?? '';
    const challenge = this.#challenges.get(md);
    if (challenge === undefined) throw new Error('there is no such challenge');
    challenge.result = result;
    return new URLSearchParams({ redirectResult: `X6Xtf!${md}+/=` }).toString();
  }

  details({ details: { redirectResult } }: { details: { redirectResult: string } }): Reply {
    const md = /^X6Xtf!([A-Z0-9]{16})\+\/=$/.exec(redirectResult)?.[1] ?? '';
    const challenge = this.#challenges.get(md);
    if (challenge === undefined) return error(422, '14_031', 'Invalid payment details', 'validation');
    return this.#authorise(
      challenge.body,
      challenge.result === 'pass' ? ['0', ''] : ['11', '3D Not Authenticated'],
    );
  }

  capture(payment: string, { amount, reference }: ModificationBody): Reply {
    return this.#modify({ payment, reference, kind: 'capture', eventCode: 'CAPTURE' }, amount, (found) => {
      if (found.state !== 'authorised' || amount.value > found.amount.value) return false;
      found.state = 'captured';
      found.captured = amount.value;
      return true;
    });
  }

  refund(payment: string, { amount, reference }: ModificationBody): Reply {
    return this.#modify({ payment, reference, kind: 'refund', eventCode: 'REFUND' }, amount, (found) => {
      if (found.refunded + amount.value > found.captured) return false;
      found.refunded += amount.value;
      return true;
    });
  }

  cancel({ paymentReference, reference }: { paymentReference: string; reference: string }): Reply {
    const pspReference = this.#pspReference();
    const found = [...this.#payments.values()].find((one) => one.reference === paymentReference);
    const isDone = found?.state === 'authorised';
    if (isDone) found.state = 'cancelled';
    const amount = found?.amount ?? { value: 0, currency: 'EUR' };
    this.books.set(reference, { kind: 'void', status: isDone ? 'succeeded' : 'declined', ...amount });
    this.#tell({
      eventCode: 'TECHNICAL_CANCEL',
      success: isDone ? 'true' : 'false',
      pspReference,
      ...(found === undefined ? {} : { originalReference: found.pspReference }),
      merchantReference: reference,
      amount,
      reason: isDone
        ? ''
        : found === undefined
          ? 'Original payment not found'
          : 'Transaction not in a valid state',
    });
    return received({ merchantAccount: this.#merchantAccount, paymentReference, pspReference, reference });
  }

  #authorise({ amount, reference }: PaymentBody, [code, reason]: readonly [string, string]): Reply {
    const pspReference = this.#pspReference();
    const isDone = code === '0';
    if (isDone) {
      const payment: Payment = {
        pspReference,
        reference,
        amount,
        state: 'authorised',
        captured: 0,
        refunded: 0,
      };
      this.#payments.set(pspReference, payment);
    }
    this.books.set(reference, { kind: 'authorize', status: isDone ? 'succeeded' : 'declined', ...amount });
    this.#tell({
      eventCode: 'AUTHORISATION',
      success: isDone ? 'true' : 'false',
      pspReference,
      merchantReference: reference,
      amount,
      reason: isDone ? '033899:1111:03/2030' : reason,
    });
    const common = { pspReference, merchantReference: reference };
    return isDone
      ? ok({
          additionalData: { cardSummary: '1111', paymentMethod: 'visa' },
          ...common,
          resultCode: 'Authorised',
          amount,
          paymentMethod: { brand: 'visa', type: 'scheme' },
        })
      : ok({ ...common, refusalReason: reason, refusalReasonCode: code, resultCode: 'Refused' });
  }

  #modify(
    told: { payment: string; reference: string; kind: Entry['kind']; eventCode: string },
    amount: Amount,
    apply: (payment: Payment) => boolean,
  ): Reply {
    const { payment, reference, kind, eventCode } = told;
    const found = this.#payments.get(payment);
    if (found === undefined)
      return error(422, '167', 'Original pspReference required for this operation', 'validation');
    const pspReference = this.#pspReference();
    const isDone = amount.currency === found.amount.currency && apply(found);
    this.books.set(reference, { kind, status: isDone ? 'succeeded' : 'declined', ...amount });
    this.#tell({
      eventCode,
      success: isDone ? 'true' : 'false',
      pspReference,
      originalReference: payment,
      merchantReference: reference,
      amount,
      reason: isDone ? '' : 'Insufficient balance on payment',
    });
    const { paymentPspReference, ...more } = {
      merchantAccount: this.#merchantAccount,
      paymentPspReference: payment,
      pspReference,
      reference,
      amount,
    };
    return received({ ...more, paymentPspReference });
  }

  /** Sixteen letters and digits, never twice. */
  #pspReference(): string {
    return `Q${(++this.#count).toString(36).toUpperCase().padStart(15, '0')}`;
  }
}

interface ModificationBody {
  readonly amount: Amount;
  readonly reference: string;
}

export interface PaymentBody {
  readonly amount: Amount;
  readonly reference: string;
  readonly paymentMethod: { readonly storedPaymentMethodId: string };
}

const ok = (body: object): Reply => ({ status: 200, body });
const received = (body: object): Reply => ({ status: 201, body: { ...body, status: 'received' } });

export function error(status: number, errorCode: string, message: string, errorType: string): Reply {
  return { status, body: { status, errorCode, message, errorType } };
}
