/**
 * Why a provider, an issuer or a bank said no: one taxonomy over all providers. A hard decline never comes out
 * differently for the same method; a soft one may, later or by another route.
 */
export const DECLINES = {
  generic_decline: { hard: false },
  insufficient_funds: { hard: false },
  do_not_honor: { hard: false },
  processing_error: { hard: false },
  issuer_unavailable: { hard: false },
  limit_exceeded: { hard: false },
  authentication_failed: { hard: false },
  lost_card: { hard: true },
  stolen_card: { hard: true },
  fraudulent: { hard: true },
  expired_card: { hard: true },
  incorrect_cvc: { hard: true },
  invalid_account: { hard: true },
  currency_not_supported: { hard: true },
  amount_not_allowed: { hard: true },
  not_permitted: { hard: true },
  operation_not_allowed: { hard: true },
} as const satisfies Record<string, { hard: boolean }>;

export type DeclineCode = keyof typeof DECLINES;
