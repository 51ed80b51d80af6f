/** ISO/IEC 7812: 12 to 19 digits, the last one a check digit. */
const DIGITS = /^\d{12,19}$/;

/** Whether a text could be a card number, the way people and forms write it: such a text is kept nowhere. */
export function couldBeCardNumber(text: string): boolean {
  const digits = text.replaceAll(/[ -]/g, '');
  return DIGITS.test(digits) && luhnHolds(digits);
}

/** The check digit of Luhn: every second digit from the right doubled, its digits summed, the whole a multiple of ten. */
function luhnHolds(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const weighed = i % 2 === 0 ? digit : digit * 2;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}
