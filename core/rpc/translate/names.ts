/** What names look like. Each pattern is anchored and without alternatives, so that it takes linear time. */

const BOOK = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const ASSET = /^[A-Z][A-Z0-9]{0,15}$/;
const ACCOUNT_CODE = /^[A-Za-z0-9_.:-]{1,128}$/;
const UUID_FORM = /^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$/;

export function isBookName(text: string): boolean {
  return BOOK.test(text);
}

export function isAssetCode(text: string): boolean {
  return ASSET.test(text);
}

/** A code in the form of a UUID would be taken for an id. */
export function isAccountCode(text: string): boolean {
  return ACCOUNT_CODE.test(text) && !UUID_FORM.test(text);
}

/** Where a code may begin with it; the empty prefix is every code's. */
export function isAccountCodePrefix(text: string): boolean {
  return text === '' || ACCOUNT_CODE.test(text);
}
