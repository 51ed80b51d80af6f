/** On whose behalf a request is made: what its API key says. */
export interface Caller {
  /** The key's id, a UUID. */
  readonly keyId: string;
  /** The book that the key opens; everything that the request sees or does lies in it. */
  readonly book: string;
  /** The merchant of that book. */
  readonly merchantId: string;
  readonly isLive: boolean;
  readonly kind: 'secret' | 'publishable';
  /** Empty: everything. */
  readonly scopes: ReadonlySet<string>;
}

/** "payment_intents:write"; write includes read. */
export type Scope = `${string}:${'read' | 'write'}`;

/** A publishable key has no scopes: the few routes that take one say so themselves. */
export function mayDo({ kind, scopes }: Caller, scope: Scope): boolean {
  if (kind === 'publishable') return false;
  if (scopes.size === 0 || scopes.has(scope)) return true;
  return scope.endsWith(':read') && scopes.has(scope.replace(/:read$/, ':write'));
}
