/** What a payment does, as its token says. A card number is never kept: it becomes brand, last four digits and this. */
export type Behaviour = keyof typeof BEHAVIOURS;

/** Why a card is declined, in this provider's own words; null: it is not. */
export const BEHAVIOURS = {
  succeeds: null,
  available_at_once: null,
  challenges: null,
  disputed_later: null,
  refund_fails_later: null,
  declines: 'generic_decline',
  declines_insufficient_funds: 'insufficient_funds',
  declines_lost_card: 'lost_card',
  declines_stolen_card: 'stolen_card',
  declines_expired_card: 'expired_card',
  declines_incorrect_cvc: 'incorrect_cvc',
  declines_processing_error: 'processing_error',
  declines_fraudulent: 'fraudulent',
  /** Charged at once, and the call is never answered. */
  timeout_then_success: null,
  /** The call is never answered, and nothing is done or remembered. */
  timeout_never_arrived: null,
  /** Taken in, and done two seconds later, also when it was voided in between. */
  success_after_cancel: null,
  /** The webhook is delivered, or has failed once, before the answer leaves. */
  webhook_before_response: null,
  /** Each webhook is delivered twice. */
  webhook_twice: null,
  /** One minor unit less is charged than was asked for; one more where one was asked for. */
  amount_mismatch: null,
  /** The issuer approves half of it, rounded up, and the answer says so. */
  partial_approval: null,
  /** Charged at once, answered after five seconds. */
  slow_5s: null,
  /** The payer's bank calls a capture back, two seconds after it. */
  debit_returned: null,
} as const satisfies Record<string, string | null>;

export interface Card {
  readonly brand: Brand;
  readonly last4: string;
  readonly behaviour: Behaviour;
}

export type Brand = 'visa' | 'mastercard' | 'amex' | 'none';

interface TestCard {
  readonly number: string;
  readonly brand: Brand;
  readonly behaviour: Behaviour;
  /** Fixed tokens, as Stripe names them. */
  readonly tokens: readonly string[];
}

const declined = (name: string): string[] => [
  `pm_card_chargeDeclined${name}`,
  `pm_card_visa_chargeDeclined${name}`,
];

/** The cards that merchants know. No other number becomes a token: real ones have no business here. */
const TEST_CARDS: readonly TestCard[] = [
  card('4242424242424242', 'visa', 'succeeds', ['pm_card_visa']),
  card('5555555555554444', 'mastercard', 'succeeds', ['pm_card_mastercard']),
  card('378282246310005', 'amex', 'succeeds', ['pm_card_amex']),
  card('4000000000000077', 'visa', 'available_at_once', ['pm_card_bypassPending']),
  card('4000002760003184', 'visa', 'challenges', [
    'pm_card_authenticationRequired',
    'pm_card_threeDSecure2Required',
  ]),
  card('4000000000000259', 'visa', 'disputed_later', ['pm_card_createDispute']),
  card('4000000000005126', 'visa', 'refund_fails_later', ['pm_card_refundFail']),
  card('4000000000000002', 'visa', 'declines', declined('')),
  card('4000000000009995', 'visa', 'declines_insufficient_funds', declined('InsufficientFunds')),
  card('4000000000009987', 'visa', 'declines_lost_card', declined('LostCard')),
  card('4000000000009979', 'visa', 'declines_stolen_card', declined('StolenCard')),
  card('4000000000000069', 'visa', 'declines_expired_card', declined('ExpiredCard')),
  card('4000000000000127', 'visa', 'declines_incorrect_cvc', declined('IncorrectCvc')),
  card('4000000000000119', 'visa', 'declines_processing_error', declined('ProcessingError')),
  card('4100000000000019', 'visa', 'declines_fraudulent', ['pm_card_radarBlock']),
];

/** Tokens for what no card does. */
const SIMULATED: readonly Behaviour[] = [
  'timeout_then_success',
  'timeout_never_arrived',
  'success_after_cancel',
  'webhook_before_response',
  'webhook_twice',
  'amount_mismatch',
  'partial_approval',
  'slow_5s',
  'debit_returned',
];

function card(number: string, brand: Brand, behaviour: Behaviour, tokens: readonly string[]): TestCard {
  return { number, brand, behaviour, tokens };
}

const byToken = new Map<string, Card>(
  TEST_CARDS.flatMap(({ number, brand, behaviour, tokens }) =>
    tokens.map((token) => [token, { brand, last4: number.slice(-4), behaviour }] as const),
  ),
);
for (const behaviour of SIMULATED)
  byToken.set(`pm_sim_${behaviour}`, { brand: 'visa', last4: '4242', behaviour });

const byNumber = new Map<string, Card>(
  TEST_CARDS.map(({ number, brand, behaviour }) => [number, { brand, last4: number.slice(-4), behaviour }]),
);

/** The tokens that need no card to be typed. */
export const FIXED_TOKENS: readonly string[] = [...byToken.keys()];

/** Behind a full stop and a number such a token is another card that does the same. */
export function cardOfFixedToken(token: string): Card | undefined {
  return byToken.get(token.replace(/\.\d{1,12}$/, ''));
}

export type CardNumber = { card: Card } | { refused: 'malformed' | 'luhn' | 'not_a_test_card' };

/** Reads what somebody typed, spaces and hyphens allowed. What it answers holds no number. */
export function readCardNumber(typed: string): CardNumber {
  const digits = typed.replace(/[ -]/g, '');
  if (!/^\d{12,19}$/.test(digits)) return { refused: 'malformed' };
  if (!passesLuhn(digits)) return { refused: 'luhn' };
  const found = byNumber.get(digits);
  return found === undefined ? { refused: 'not_a_test_card' } : { card: found };
}

/** ISO/IEC 7812-1, annex B: every second digit from the right counts double, digits of 10 and more are added up. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const counted = i % 2 === 1 ? digit * 2 : digit;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}
