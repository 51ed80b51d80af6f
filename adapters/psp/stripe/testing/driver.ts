import type { PspEventKind, RawWebhook } from '../../../../core/processes/psp.ts';
import type { Line } from './account.ts';
import { ANSWERS_NEVER, NEVER_ARRIVES, type ServerFault, type StripeServer } from './server.ts';

/** By which event each kind is told. */
const TYPES: Readonly<Partial<Record<PspEventKind, string>>> = {
  authorized: 'payment_intent.amount_capturable_updated',
  captured: 'payment_intent.succeeded',
  voided: 'payment_intent.canceled',
  declined: 'payment_intent.payment_failed',
  refunded: 'refund.created',
  refund_failed: 'refund.failed',
};

/** The hand that makes the server do things, in the shape that the contract asks for. */
export function driverOf(server: StripeServer) {
  const { account } = server;
  const sign = (body: Uint8Array, nowMs: number): RawWebhook => ({ body, headers: server.sign(body, nowMs) });
  return {
    tokens: {
      succeeds: 'pm_card_visa',
      declines: [
        ['pm_card_chargeDeclined', 'generic_decline', 'soft'],
        ['pm_card_visa_chargeDeclined', 'generic_decline', 'soft'],
        ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds', 'soft'],
        ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'soft'],
        ['pm_card_chargeDeclinedVelocityLimitExceeded', 'limit_exceeded', 'soft'],
        ['pm_card_chargeDeclinedLostCard', 'lost_card', 'hard'],
        ['pm_card_chargeDeclinedStolenCard', 'stolen_card', 'hard'],
        ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'hard'],
        ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'hard'],
        ['pm_card_chargeDeclinedFraudulent', 'fraudulent', 'hard'],
        ['pm_there_is_no_such_token', 'invalid_account', 'hard'],
      ] as const,
      challenges: 'pm_card_threeDSecure2Required',
      timeoutThenSuccess: ANSWERS_NEVER,
      neverArrives: NEVER_ARRIVES,
    },
    // As Stripe's own pages write them: krónur and shillings with two digits, ariary with none.
    exponents: [
      { currency: 'JPY', amount: 1_050n, decimal: '1050' },
      { currency: 'MGA', amount: 100_000n, decimal: '1000' },
      { currency: 'EUR', amount: 1_050n, decimal: '10.50' },
      { currency: 'HUF', amount: 1_050n, decimal: '10.50' },
      { currency: 'ISK', amount: 1_050n, decimal: '1050.00' },
      { currency: 'UGX', amount: 7n, decimal: '7.00' },
      { currency: 'KWD', amount: 1_050n, decimal: '1.050' },
    ],
    truth: (operation: string): Promise<Line | null> => {
      const line = account.lines.find(({ key }) => key === operation);
      return Promise.resolve(line === undefined ? null : { ...line });
    },
    successes: (kind: string): Promise<number> =>
      Promise.resolve(
        account.lines.filter((line) => line.kind === kind && line.status === 'succeeded').length,
      ),
    challenge: (url: string, result: 'pass' | 'fail'): Promise<void> => {
      account.challenge(url.split('/').at(-1) ?? '', result);
      return Promise.resolve();
    },
    fault: (kind: ServerFault): Promise<void> => {
      server.fault = { kind };
      return Promise.resolve();
    },
    webhook: (operation: string, kind: PspEventKind): Promise<RawWebhook> => {
      const told = account.events.find(({ type, about }) => about === operation && type === TYPES[kind]);
      if (told === undefined) return Promise.reject(new Error(`no event "${kind}" about ${operation}`));
      return Promise.resolve(sign(Buffer.from(told.body), performance.timeOrigin + performance.now()));
    },
    sign,
  };
}
