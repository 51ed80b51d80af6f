import { isBookName } from '../translate/names.ts';
import type { Grant, Grants } from './caller.ts';

const NAME = /^(dns|uri|cn):.+$/;

/**
 * Reads who may do what: a JSON object from a certificate's name ("dns:edge.internal", "uri:spiffe://florin/shop",
 * "cn:reports") to "*" or a list of books. Throws a sentence that says what is wrong with the text.
 */
export function readGrants(text: string): Grants {
  const parsed = objectIn(text);
  return new Map(
    Object.entries(parsed).map(([name, grant]) => [checkedName(name), checkedGrant(name, grant)]),
  );
}

function objectIn(text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new Error('it is not a JSON object');
}

function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  throw new Error(`"${name}" does not begin with dns:, uri: or cn:`);
}

function checkedGrant(name: string, grant: unknown): Grant {
  if (grant === '*') return grant;
  const isBooks = Array.isArray(grant) && grant.every((book) => typeof book === 'string' && isBookName(book));
  if (isBooks) return grant as string[];
  throw new Error(`what "${name}" may use is neither "*" nor a list of books' names`);
}
