/** ISO/IEC 7812: 12 to 19 digits, the last one a check digit. */
const DIGITS = /^\d{12,19}$/;

/** Whether a text could be a card number, the way people and forms write it: such a text is kept nowhere. */
export function couldBeCardNumber(text: string): boolean {
  const digits = text.replaceAll(/[ -]/g, '');
  return DIGITS.test(digits) && luhnHolds(digits);
}

/** What networks issue: the first four digits from and to, and how many digits there are. No card has 13 digits any more: those are EANs. */
const ISSUED: readonly (readonly [from: number, to: number, least: number, most: number])[] = [
  [2200, 2204, 16, 19],
  [2221, 2720, 16, 16],
  [3000, 3059, 14, 19],
  [3095, 3095, 14, 19],
  [3400, 3499, 15, 15],
  [3528, 3589, 16, 19],
  [3600, 3699, 14, 19],
  [3700, 3799, 15, 15],
  [3800, 3999, 14, 19],
  [4000, 4999, 16, 19],
  [5000, 5099, 14, 19],
  [5100, 5599, 16, 16],
  [5600, 5899, 14, 19],
  [6000, 6999, 14, 19],
  [8100, 8171, 16, 19],
];
/** How people write one in groups: in fours with a rest, or as it stands on cards of 15 and 14 digits. */
const GROUPED = /^4,(?:4,4,4(?:,[123])?|6,[45])$/;
const GROUPS_MAX = 5;
/** Digits with at most one separator between two of them: linear, since each step takes a digit. */
const RUN = /\d(?:[ .\u00A0-]?\d)*/g;
const WORD = /[\p{L}\p{N}_]/u;

/**
 * Whether a text that people write holds a card number: digits that networks issue and whose check digit is right,
 * undivided or in the usual groups. Digits that a letter or an underscore touches are part of a word, and none.
 */
export function holdsCardNumber(text: string): boolean {
  // Nothing shorter has fourteen digits, and most texts are shorter.
  if (text.length < 14) return false;
  for (const { 0: run, index } of text.matchAll(RUN)) {
    const groups = run.split(/[ .\u00A0-]/);
    if (WORD.test(text[index - 1] ?? '')) groups.shift();
    if (WORD.test(text[index + run.length] ?? '')) groups.pop();
    if (groups.some((_, first) => beginsCardNumber(groups.slice(first, first + GROUPS_MAX)))) return true;
  }
  return false;
}

/** Digits parted by anything but letters, however that is written. */
const LOOSE_RUN = /\d(?:[^\p{L}\d]?\d)*/gu;
const CARD_DIGITS = { least: 14, most: 19 } as const;

/**
 * Whether a text that nobody needs to read could hold a card number, in whatever it may be wrapped: any digits in it that
 * networks issue and whose check digit is right. Stricter than `holdsCardNumber`, and wrong about a long number now and then.
 */
export function couldHoldCardNumber(text: string): boolean {
  if (text.length < CARD_DIGITS.least) return false;
  for (const [run] of text.matchAll(LOOSE_RUN)) {
    const digits = run.replaceAll(/\D/g, '');
    for (let first = 0; first + CARD_DIGITS.least <= digits.length; first++)
      for (let length = CARD_DIGITS.least; length <= CARD_DIGITS.most; length++)
        if (first + length <= digits.length && isIssued(digits.slice(first, first + length))) return true;
  }
  return false;
}

/** Whether the first of the groups, alone or with some behind it, are a card number. */
function beginsCardNumber(groups: readonly string[]): boolean {
  return groups.some((_, last) => {
    const taken = groups.slice(0, last + 1);
    const isUsual = taken.length === 1 || GROUPED.test(taken.map(({ length }) => length).join());
    return isUsual && isIssued(taken.join(''));
  });
}

function isIssued(digits: string): boolean {
  const { length } = digits;
  const prefix = Number(digits.slice(0, 4));
  const isOfNetwork = ISSUED.some(
    ([from, to, least, most]) => prefix >= from && prefix <= to && length >= least && length <= most,
  );
  return isOfNetwork && luhnHolds(digits);
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
