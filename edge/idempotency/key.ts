import { createHash } from 'node:crypto';
import type { Caller } from '../auth/caller.ts';
import { namedId } from '../../client/index.ts';
import { Problem } from '../problems/problem.ts';

const CHARACTERS_MAX = 255;
/** Printable ASCII. */
const FORM = /^[\x20-\x7e]+$/;

/** A request that is to be carried out once. */
export interface IdempotentRequest {
  /** Of the record of the answer; the ids of its commands derive from it. */
  readonly recordId: string;
  /** SHA-256 of what is asked. */
  readonly fingerprint: Uint8Array;
}

export interface Asked {
  readonly caller: Caller;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** The key of an Idempotency-Key header; the form of RFC 8941, quoted, is the same key. */
export function keyOf(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = typeof header === 'string' ? header : header.join(', ');
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(text);
  const key = quoted === null ? text : quoted[1].replace(/\\(["\\])/g, '$1');
  if (key.length <= CHARACTERS_MAX && FORM.test(key)) return key;
  throw new Problem('idempotency_key_invalid', {
    param: 'Idempotency-Key',
    detail: `An Idempotency-Key has 1 to ${CHARACTERS_MAX} printable ASCII characters.`,
  });
}

export function idempotent(key: string, { caller, method, path, body }: Asked): IdempotentRequest {
  const mode = caller.isLive ? 'live' : 'test';
  // Payers choose keys too: theirs are none of the merchant's, and each payment has its own.
  const scope = caller.kind === 'publishable' ? ['publishable', path] : [];
  return {
    recordId: namedId(['idempotency record', caller.merchantId, mode, ...scope, key]),
    fingerprint: createHash('sha256')
      .update(`${method} ${path}\n${canonical(body)}`)
      .digest(),
  };
}

/** The id of the command that a try at the request is: the record's own is not used twice. */
export function commandId({ recordId }: IdempotentRequest, tried: number): string {
  return namedId(['idempotent command', recordId, String(tried)]);
}

/** The same text for the same JSON, in whatever order its keys came. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(',')}}`;
}
