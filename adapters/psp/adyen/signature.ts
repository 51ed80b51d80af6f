import { createHmac, timingSafeEqual } from 'node:crypto';

/** What of an event is signed, in this order, joined by colons; the amount gives its value and its currency. */
const BEFORE_AMOUNT = [
  'pspReference',
  'originalReference',
  'merchantAccountCode',
  'merchantReference',
] as const;
const AFTER_AMOUNT = ['eventCode', 'success'] as const;

/**
 * The text that Adyen signs. Values are joined as they stand: Adyen's libraries escape nothing in events (that was the
 * rule of its old payment pages). So that two different events can never read the same, only `merchantReference` may
 * hold a colon: with it free and every other field without one, each colon's place is certain. Null where a field is
 * missing, of another type, or ambiguous.
 */
export function signedText(item: ReadonlyMap<string, unknown>): string | null {
  const amount = item.get('amount');
  const money = new Map<string, unknown>(
    typeof amount === 'object' && amount !== null ? Object.entries(amount) : [],
  );
  const value = money.get('value');
  const fields = [
    ...BEFORE_AMOUNT.map((name) => textOf(item.get(name), name)),
    // An event without money is signed with nothing in these two places.
    value === undefined ? '' : typeof value === 'number' && Number.isSafeInteger(value) ? `${value}` : null,
    textOf(money.get('currency'), 'currency'),
    ...AFTER_AMOUNT.map((name) => textOf(item.get(name), name)),
  ];
  return fields.every((field) => field !== null) ? fields.join(':') : null;
}

/** Whether one of the keys signed it: several are valid while one is being replaced. */
export function isSigned(item: ReadonlyMap<string, unknown>, keys: readonly Buffer[]): boolean {
  const more = item.get('additionalData');
  const given =
    typeof more === 'object' && more !== null && 'hmacSignature' in more ? more.hmacSignature : undefined;
  if (typeof given !== 'string' || !/^[A-Za-z0-9+/]{43}=$/.test(given)) return false;
  const signature = Buffer.from(given, 'base64');
  const text = signedText(item);
  if (text === null) return false;
  return keys.some((key) => timingSafeEqual(createHmac('sha256', key).update(text).digest(), signature));
}

/** 32 bytes as hexadecimal digits, as the Customer Area shows them. The message never holds the key. */
export function hmacKeyOf(hex: string): Buffer {
  // Buffer.from would stop at the first character that is no digit, and sign with what came before.
  if (!/^[0-9a-fA-F]{64}$/.test(hex))
    throw new RangeError('an HMAC key of Adyen (FLORIN_ADYEN_HMAC_KEYS) has 64 hexadecimal digits');
  return Buffer.from(hex, 'hex');
}

function textOf(value: unknown, name: string): string | null {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') return null;
  return name !== 'merchantReference' && value.includes(':') ? null : value;
}
