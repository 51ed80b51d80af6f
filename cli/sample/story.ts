import type { NewMerchantInit } from '../../client/index.ts';
import { namedId } from '../../client/ids/namedId.ts';

/** The book that the sample's payments are in. */
export const SHOP = 'shop';

/** The seed of all ids: changing it would make every payment a second time. */
const SEED = 'florin/sample/shop/v1';

/** The payment that the banner shows: captured in two parts, and refunded in part. */
export const SHOWN_ORDER = 1016;

export function paymentId(order: number): string {
  return namedId([SEED, 'payment', String(order)]);
}

/** The id of what is done to a payment after its creation, from 1. */
export function stepId(order: number, step: number): string {
  return namedId([SEED, 'step', String(order), String(step)]);
}

/** The id under which a payment is confirmed again that did not reach its provider, from 1. */
export function againId(order: number, time: number): string {
  return namedId([SEED, 'again', String(order), String(time)]);
}

/** The id of a key of the shop's, by the hash of its secret. */
export function keyId(secretSha256: string): string {
  return namedId([SEED, 'api key', secretSha256]);
}

/** What a caller does to a payment that exists. */
export type Step =
  /** Without an amount: all that is left. `more`: further captures may follow. */
  | { readonly do: 'capture'; readonly amount?: bigint; readonly more?: 'more' }
  | { readonly do: 'refund'; readonly amount?: bigint }
  | { readonly do: 'cancel' }
  /** Another try, with another method. */
  | { readonly do: 'confirm'; readonly token: string };

/** One payment of the story. */
export interface Order {
  readonly order: number;
  readonly of: Merchant;
  readonly what: string;
  /** Minor units of the merchant's currency. */
  readonly amount: bigint;
  /** One of the simulator's; see adapters/psp/simulator/README.md. */
  readonly token: string;
  /** `sale`: captured at once. `manual`: captured by a step. `unconfirmed`: nobody is asked yet. */
  readonly how: 'sale' | 'manual' | 'unconfirmed';
  readonly steps: readonly Step[];
}

export type Merchant = 'chairs' | 'tea';

export const CURRENCY: Readonly<Record<Merchant, string>> = { chairs: 'EUR', tea: 'JPY' };

export const MERCHANTS: Readonly<Record<Merchant, NewMerchantInit & { readonly id: string }>> = {
  chairs: {
    id: namedId([SEED, 'merchant', 'chairs']),
    name: 'Chairs and more',
    country: 'DE',
    // 1.4% and 25 cents a payment, and VAT on that.
    fees: [{ currency: 'EUR', ppm: 14_000, fixed: 25n }],
    taxPpm: 190_000,
    taxJurisdiction: 'DE',
    settlementDays: 0,
  },
  tea: {
    id: namedId([SEED, 'merchant', 'tea']),
    name: 'Tea and bowls',
    country: 'JP',
    fees: [{ currency: 'JPY', ppm: 25_000, fixed: 20n }],
    taxPpm: 100_000,
    taxJurisdiction: 'JP',
    // Its money stands as pending, with the day on which it becomes available.
    settlementDays: 2,
  },
};

const VISA = 'pm_card_visa';
const MASTERCARD = 'pm_card_mastercard';
const AMEX = 'pm_card_amex';

type Told = Omit<Order, 'order'>;

const chairs = (how: Order['how'], what: string, amount: bigint, token: string, ...steps: Step[]): Told => {
  return { of: 'chairs', how, what, amount, token, steps };
};
const tea = (how: Order['how'], what: string, amount: bigint, token: string, ...steps: Step[]): Told => {
  return { of: 'tea', how, what, amount, token, steps };
};
const capture = (amount?: bigint, more?: 'more'): Step => ({
  do: 'capture',
  ...(amount === undefined ? {} : { amount }),
  ...(more === undefined ? {} : { more }),
});
const refund = (amount?: bigint): Step => ({ do: 'refund', ...(amount === undefined ? {} : { amount }) });

/** In the order in which they are made; a new one goes to the end, since the place gives the number. */
const TOLD: readonly Told[] = [
  // Sales, captured at once.
  chairs('sale', 'an oak chair', 12_900n, VISA),
  chairs('sale', 'a bench', 34_500n, MASTERCARD),
  chairs('sale', 'two stools', 9_800n, VISA),
  tea('sale', 'sencha, 100 g', 1_620n, VISA),
  tea('sale', 'a bowl', 8_400n, AMEX),
  chairs('sale', 'felt pads', 590n, MASTERCARD),
  chairs('sale', 'a rocking chair', 48_000n, AMEX),
  tea('sale', 'matcha, 30 g', 2_700n, VISA),
  chairs('sale', 'a cushion', 3_950n, VISA),
  chairs('sale', 'a desk chair', 27_900n, MASTERCARD),
  tea('sale', 'an iron kettle', 15_800n, VISA),
  tea('sale', 'hojicha, 200 g', 1_890n, MASTERCARD),
  // Authorised first, captured when it is sent.
  chairs('manual', 'a dining table', 89_000n, VISA, capture()),
  tea('manual', 'a tea chest', 32_000n, VISA, capture()),
  chairs('manual', 'four chairs, one sold out', 51_600n, MASTERCARD, capture(38_700n)),
  chairs(
    'manual',
    'six chairs in two parcels',
    77_400n,
    VISA,
    capture(51_600n, 'more'),
    capture(25_800n),
    refund(12_900n),
  ),
  chairs('manual', 'eight stools, half of them later', 39_200n, AMEX, capture(19_600n, 'more')),
  tea(
    'manual',
    'three bowls in three parcels',
    25_200n,
    MASTERCARD,
    capture(8_400n, 'more'),
    capture(8_400n, 'more'),
    capture(8_400n),
  ),
  chairs('manual', 'a bar stool, not sent yet', 7_900n, VISA),
  tea('manual', 'gyokuro, not sent yet', 5_400n, AMEX),
  // Given back.
  chairs('sale', 'a folding chair, sent back', 4_900n, VISA, refund()),
  chairs('manual', 'a deck chair, sent back', 6_500n, MASTERCARD, capture(), refund()),
  chairs('sale', 'two cushions, one sent back', 7_900n, VISA, refund(3_950n)),
  chairs('sale', 'a lamp, late and scratched', 11_800n, AMEX, refund(1_800n), refund(2_000n)),
  tea('sale', 'a chipped bowl', 8_400n, VISA, refund(3_000n)),
  // Declined.
  chairs('sale', 'an armchair, declined', 64_000n, 'pm_card_chargeDeclinedInsufficientFunds'),
  chairs('sale', 'an armchair, by another card', 64_000n, 'pm_card_chargeDeclined', {
    do: 'confirm',
    token: MASTERCARD,
  }),
  chairs('sale', 'a sofa, with a lost card', 129_000n, 'pm_card_chargeDeclinedLostCard'),
  tea('sale', 'sencha, with an expired card', 1_620n, 'pm_card_chargeDeclinedExpiredCard'),
  // Not done yet.
  chairs('sale', 'a shelf, where the payer is asked', 22_500n, 'pm_card_authenticationRequired'),
  tea('unconfirmed', 'a tray, in the basket', 3_300n, VISA),
  chairs('manual', 'a hammock, canceled', 14_900n, VISA, { do: 'cancel' }),
  // Answers that go astray: florin finds out by itself.
  chairs('sale', 'a footstool, whose answer was lost', 5_900n, 'pm_sim_timeout_then_success'),
  tea('sale', 'a whisk, whose webhook came early', 1_980n, 'pm_sim_webhook_before_response'),
  chairs('sale', 'a mirror, whose webhook came twice', 16_700n, 'pm_sim_webhook_twice'),
  // The provider takes another amount than it was asked for: an operator decides.
  chairs('sale', 'a wardrobe, charged a cent less', 99_900n, 'pm_sim_amount_mismatch'),
  chairs('sale', 'a coat rack', 8_900n, MASTERCARD),
  tea('sale', 'bancha, 500 g', 2_160n, VISA),
  chairs('sale', 'a doormat', 2_450n, VISA),
  tea('sale', 'a tea towel', 980n, MASTERCARD),
];

/** Some forty payments of two merchants, with what happens to payments in a shop. */
export const ORDERS: readonly Order[] = TOLD.map((told, index) => ({ ...told, order: 1001 + index }));

/** How many calls the story takes, without those for book and merchants. */
export const CALLS = ORDERS.reduce((sum, { steps }) => sum + 1 + steps.length, 0);

/** Whose provider answers late or never: nobody waits for it. */
export function isSlow({ token }: Order): boolean {
  return token.startsWith('pm_sim_timeout');
}
