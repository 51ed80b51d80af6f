/** Whose account, for a payment order. */
export interface Account {
  /** Without blanks, in capitals. */
  readonly iban: string;
  readonly name: string;
}

const NAME_CHARACTERS_MAX = 70;

/** "DE89370400440532013000/Anna Muster": an IBAN whose check digits are right, and a name. null for anything else. */
export function accountOf(text: string): Account | null {
  const found = /^([A-Z]{2}\d{2}[A-Z0-9]{11,30})\/(.{1,70})$/.exec(text);
  if (found === null || !isChecked(found[1])) return null;
  const name = plain(found[2], NAME_CHARACTERS_MAX);
  return name === '' ? null : { iban: found[1], name };
}

/** ISO 13616: with the first four characters last and A as 10 to Z as 35, the number leaves 1 over 97. */
function isChecked(iban: string): boolean {
  const digits = `${iban.slice(4)}${iban.slice(0, 4)}`.replaceAll(/[A-Z]/g, (letter) =>
    (letter.charCodeAt(0) - 55).toString(),
  );
  return BigInt(digits) % 97n === 1n;
}

/**
 * Text in the characters that every bank of the single euro payments area takes (EPC 217-08): accents are dropped,
 * anything else becomes a full stop.
 */
export function plain(text: string, charactersMax: number): string {
  return text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replaceAll(/[^A-Za-z0-9/\-?:().,'+ ]/gu, '.')
    .trim()
    .slice(0, charactersMax);
}
