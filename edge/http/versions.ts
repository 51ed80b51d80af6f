import { Problem } from '../problems/problem.ts';

/** The version of the API that answers are given in. A change that could break a merchant is a new one. */
export const VERSION = '2026-12-01';

const VERSIONS: ReadonlySet<string> = new Set([VERSION]);

/** Checks the version that a request asks for; without one it gets the present one. */
export function checkVersion(header: string | string[] | undefined): void {
  if (header === undefined || (typeof header === 'string' && VERSIONS.has(header))) return;
  throw new Problem('version_unknown', {
    param: 'Florin-Version',
    detail: `The API has these versions: ${[...VERSIONS].join(', ')}.`,
  });
}
