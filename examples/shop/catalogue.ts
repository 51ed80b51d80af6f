/** The shop's one currency, as Florin writes it. Amounts are whole cents: JSON and SQLite hold them exactly. */
export const CURRENCY = 'eur';
export const QUANTITY_MAX = 9;

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly cents: number;
}

export const PRODUCTS: readonly Product[] = [
  { id: 'ledger', name: 'Ledger', text: 'Two columns, 192 pages, sewn.', cents: 2_400 },
  { id: 'pen', name: 'Fountain pen', text: 'Brass, a fine nib.', cents: 4_850 },
  { id: 'ink', name: 'Blue-black ink', text: '50 ml that last a year.', cents: 975 },
  { id: 'seal', name: 'Seal and wax', text: 'For what must stay as it is.', cents: 1_690 },
];

export interface Line {
  readonly product: string;
  readonly quantity: number;
  /** What one costs, as it was when it was ordered. */
  readonly cents: number;
}

/** What a form asks for, by the prices here: a browser names products and never prices. */
export function linesOf(form: URLSearchParams): Line[] {
  return PRODUCTS.flatMap(({ id, cents }) => {
    const asked = form.get(id) ?? '0';
    const quantity = /^\d$/.test(asked) ? Number(asked) : 0;
    return quantity === 0 ? [] : [{ product: id, quantity: Math.min(quantity, QUANTITY_MAX), cents }];
  });
}

export function totalOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { quantity, cents }) => sum + quantity * cents, 0);
}

export function nameOf(product: string): string {
  return PRODUCTS.find(({ id }) => id === product)?.name ?? product;
}

/** "12.34", or undefined for what is no amount; never through floating point. */
export function centsIn(text: string): number | undefined {
  const [, whole, part = ''] = /^(\d{1,7})(?:[.,](\d{1,2}))?$/.exec(text.trim()) ?? [];
  return whole === undefined ? undefined : Number(whole) * 100 + Number(part.padEnd(2, '0'));
}

export function decimal(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}
