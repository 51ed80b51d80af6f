/** The cards of the page: tokens of the simulator, and what becomes of a payment with them. No number is ever typed here. */
export const TEST_CARDS = [
  { token: 'pm_card_visa', name: 'Visa ending in 4242', does: 'succeeds' },
  { token: 'pm_card_mastercard', name: 'Mastercard ending in 4444', does: 'succeeds' },
  { token: 'pm_card_authenticationRequired', name: 'Visa ending in 3184', does: 'asks for 3-D Secure' },
  { token: 'pm_card_chargeDeclined', name: 'Visa ending in 0002', does: 'is declined' },
  {
    token: 'pm_card_chargeDeclinedInsufficientFunds',
    name: 'Visa ending in 9995',
    does: 'has insufficient funds',
  },
  { token: 'pm_sim_timeout_then_success', name: 'Visa ending in 4242, slowly', does: 'is processed first' },
] as const;

export function isTestCard(token: string): boolean {
  return TEST_CARDS.some((card) => card.token === token);
}
