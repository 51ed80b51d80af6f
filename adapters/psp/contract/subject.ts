import type { DeclineCode, PspAdapter, PspEventKind, RawWebhook, Uuid } from '../../../core/processes/psp.ts';

/** An adapter under test, and the hand that makes its provider do things. */
export interface Subject {
  readonly adapter: PspAdapter;
  /** The same adapter, pointed at an address where nobody listens. */
  readonly unreachable: PspAdapter;
  readonly driver: Driver;
  tearDown(): Promise<void>;
}

/** How a provider goes about things, where that is not what most do. */
export interface Ways {
  /** 'later': a follow-up is only taken in; what came of it is told by webhook. Otherwise the answer says it. */
  readonly followUps?: 'later';
  /**
   * 'none': the provider cannot be asked. An authorisation's fate is in its webhook, a follow-up is sent again under its
   * key, and the adapter's query answers `not_found`, which makes the core do just that.
   */
  readonly queries?: 'none';
  /** 'in_body': each event is signed by itself, within the body, and without the time. Otherwise headers sign it all. */
  readonly signatures?: 'in_body';
  /** 'none': a void of what was never seen is declined like any, and closes nothing. */
  readonly closing?: 'none';
}

export interface Driver {
  readonly tokens: Tokens;
  readonly ways?: Ways;
  /** Money with no, two and three decimal digits, for each as people write it. */
  readonly exponents: readonly Exponent[];
  /** What the *provider* says that it did under our reference, in its own books; null for nothing. */
  truth(operation: Uuid): Promise<Truth | null>;
  /** How many operations of this kind of the provider's books succeeded since the start, over all references. */
  successes(kind: Truth['kind']): Promise<number>;
  /**
   * The payer passes or fails the challenge behind an action's address. Answers the query string that the payer's browser
   * brought back to the return address, where the provider needs to see that again.
   */
  challenge(url: string, result: 'pass' | 'fail'): Promise<string | void>;
  /** The next calls go wrong like that, until 'none'. */
  fault(fault: Fault): Promise<void>;
  /** The webhook of this kind about this operation, once it was received; rejects when it does not come. */
  webhook(operation: Uuid, kind: PspEventKind): Promise<RawWebhook>;
  /** Signs a body as the provider does, at a moment of our choice. */
  sign(body: Uint8Array, nowMs: number): RawWebhook;
}

export type Fault =
  | 'none'
  /** Done, and the connection is cut instead of an answer. */
  | 'lost_reply'
  /** Done, and answered with a 5xx. */
  | 'error_after'
  /** Not done, and answered with a 5xx that does not say so. */
  | 'error_before'
  /** Done, and never answered. */
  | 'hang_after'
  /** Never answered, nothing done. */
  | 'hang_before'
  /** The provider's documented answer for "too much, nothing was done". */
  | 'rate_limited'
  /** The provider's documented answer for "not now, nothing was done"; the same as `rate_limited` where it has none. */
  | 'unavailable';

export interface Tokens {
  readonly succeeds: string;
  /** Each with the code that the taxonomy has for it. At least one soft and one hard. */
  readonly declines: readonly (readonly [token: string, code: DeclineCode, kind: 'soft' | 'hard'])[];
  /** null where the provider has no challenges. */
  readonly challenges: string | null;
  /** Charged, and never answered. */
  readonly timeoutThenSuccess: string;
  /** Never answered, and nothing done. */
  readonly neverArrives: string;
}

export interface Exponent {
  readonly currency: string;
  /** Minor units as ISO 4217 counts them. */
  readonly amount: bigint;
  /** The same as people write it: "10.500". */
  readonly decimal: string;
}

export interface Truth {
  readonly kind: 'authorize' | 'sale' | 'increment' | 'capture' | 'void' | 'refund';
  readonly status: 'succeeded' | 'declined' | 'open';
  /** As people write it. */
  readonly decimal: string;
  readonly currency: string;
}
