/** What a form of Stripe's API is made of; a field that is undefined is left out. */
export type FormValue = string | bigint | number | boolean | readonly FormValue[] | Form;
export interface Form {
  readonly [name: string]: FormValue | undefined;
}

/**
 * As application/x-www-form-urlencoded, the way Stripe nests: `metadata[key]=value`, `expand[0]=value`. An empty string
 * is written out: to Stripe it means "unset this", so whoever means "leave it" says undefined.
 */
export function encodeForm(form: Form): string {
  return Object.entries(form)
    .flatMap(([name, value]) => pairsOf(encode(name), value))
    .join('&');
}

function pairsOf(name: string, value: FormValue | undefined): string[] {
  if (value === undefined) return [];
  if (Array.isArray(value))
    return (value as readonly FormValue[]).flatMap((item, index) => pairsOf(`${name}[${index}]`, item));
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([key, item]) => pairsOf(`${name}[${encode(key)}]`, item));
  return [`${name}=${encode(String(value))}`];
}

/** Half a surrogate pair has no UTF-8, so it becomes U+FFFD. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
