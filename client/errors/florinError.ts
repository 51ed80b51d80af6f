import { CODE, type CodeName, codeName } from './codes.ts';

/** A field of the request that the core did not take. */
export interface FieldViolation {
  /** A path from the request: "transactions[2].postings[0].amount". */
  readonly field: string;
  /** A sentence for a person. */
  readonly description: string;
}

/** What the core said beside code and message. */
export interface ErrorDetails {
  readonly reason: string | undefined;
  readonly domain: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
  readonly retryDelayMs: number | undefined;
}

export const NO_DETAILS: ErrorDetails = {
  reason: undefined,
  domain: undefined,
  metadata: {},
  fieldViolations: [],
  retryDelayMs: undefined,
};

/** `none`: the call changed nothing. `unknown`: it may have; the same ids again give the answer. */
export type Outcome = 'none' | 'unknown';

export interface FlorinErrorFields extends Partial<ErrorDetails> {
  readonly code: number;
  readonly message: string;
  readonly outcome: Outcome;
  readonly method?: string;
  readonly attempts?: number;
  readonly cause?: unknown;
}

/** Every failed call ends in one of these. The refusal of an item is no error: it is that item's result. */
export class FlorinError extends Error {
  /** The canonical gRPC code, for example 5. */
  readonly code: number;
  /** Its name, for example NOT_FOUND. */
  readonly codeName: CodeName;
  /** The stable UPPER_SNAKE reason (docs/errors.md), where the core or this client gave one. */
  readonly reason: string | undefined;
  /** Who gave the reason. */
  readonly domain: string | undefined;
  /** Facts behind the reason, by name. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The fields at fault, if any are. */
  readonly fieldViolations: readonly FieldViolation[];
  /** How long the core asks to wait before the next try, milliseconds. */
  readonly retryDelayMs: number | undefined;
  /** Whether anything may have been changed. A read's is always `none`. */
  readonly outcome: Outcome;
  /** The sentence alone, without code and reason. */
  readonly rawMessage: string;
  /** The path of the method, for example /florin.ledger.v1.BookService/GetBook. Empty if there was no call yet. */
  readonly method: string;
  /** How many times it was tried; 0 if nothing was sent. */
  readonly attempts: number;

  constructor(fields: FlorinErrorFields) {
    const name = codeName(fields.code);
    const reason = fields.reason === undefined ? '' : ` ${fields.reason}`;
    super(`${name}${reason}: ${fields.message}`, fields.cause === undefined ? {} : { cause: fields.cause });
    this.name = 'FlorinError';
    this.code = fields.code;
    this.codeName = name;
    this.reason = fields.reason;
    this.domain = fields.domain;
    this.metadata = fields.metadata ?? {};
    this.fieldViolations = fields.fieldViolations ?? [];
    this.retryDelayMs = fields.retryDelayMs;
    this.outcome = fields.outcome;
    this.rawMessage = fields.message;
    this.method = fields.method ?? '';
    this.attempts = fields.attempts ?? 0;
  }
}

/** Reasons that this client gives by itself; those of the core are in docs/errors.md. */
export const CLIENT_DOMAIN = 'client.florin';

/** The client was closed before the call, or while it was under way. */
export function clientClosed(outcome: Outcome): FlorinError {
  return new FlorinError({
    code: CODE.CANCELLED,
    reason: 'CLIENT_CLOSED',
    domain: CLIENT_DOMAIN,
    message: 'the client was closed',
    outcome,
  });
}

/** The item cannot be written as its message; it was not sent, and nothing else suffers. */
export function malformedItem(cause: unknown): FlorinError {
  return new FlorinError({
    code: CODE.INVALID_ARGUMENT,
    reason: 'MALFORMED_ITEM',
    domain: CLIENT_DOMAIN,
    message: cause instanceof Error ? cause.message : String(cause),
    outcome: 'none',
    cause,
  });
}

/** The answer cannot be read, or does not fit the request. */
export function malformedAnswer(fields: {
  method: string;
  message: string;
  outcome: Outcome;
  cause?: unknown;
}) {
  return new FlorinError({
    code: CODE.INTERNAL,
    reason: 'MALFORMED_ANSWER',
    domain: CLIENT_DOMAIN,
    attempts: 1,
    ...fields,
  });
}
