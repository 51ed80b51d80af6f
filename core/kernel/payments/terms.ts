import type { Intent, Merchant, Terms } from './model.ts';

/** Different terms that a merchant may have had: all of them stay in memory with it. */
export const TERMS_MAX = 200;

/** Those of payments that are created now. */
export function newestTerms({ terms }: Merchant): Terms {
  return terms[terms.length - 1];
}

/** What was agreed when the payment was created: changes since then are for later payments. */
export function termsOf({ terms }: Merchant, { id, termsNumber }: Intent): Terms {
  const agreed = terms.at(termsNumber - 1);
  if (agreed === undefined)
    throw new Error(`payment ${id} is under terms ${termsNumber}, of which there are ${terms.length}`);
  return agreed;
}
