import { PROBLEMS, type ProblemCode } from './registry.ts';

export interface ProblemFields {
  /** A sentence for a person; default: the title of the code. */
  readonly detail?: string | undefined;
  /** The parameter at fault: "amount", "metadata.order", "Idempotency-Key". */
  readonly param?: string | undefined;
  readonly declineCode?: string;
  /** The whole payment intent, with a decline. */
  readonly paymentIntent?: object;
  /** Seconds until a retry is worth it. */
  readonly retryAfterSeconds?: number;
  /** Another status than that of the code. */
  readonly status?: number;
  /** The core said this "no" before, under the same id: only another id can be told something else. */
  readonly isRepeated?: boolean;
}

/** Why a request has no other answer: a value of the registry, thrown where it is found, told in one place. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly fields: ProblemFields;

  constructor(code: ProblemCode, fields: ProblemFields = {}) {
    super(fields.detail ?? PROBLEMS[code].title);
    this.code = code;
    this.fields = fields;
  }

  get status(): number {
    return this.fields.status ?? PROBLEMS[this.code].status;
  }
}

/** Where the codes are explained; below the edge's own address. */
const DOCS = '/docs/errors';

/** RFC 9457, with what this API adds. */
export function problemBody(problem: Problem, about: { path: string; requestId: string }): object {
  const { code, fields } = problem;
  const { title, retryable } = PROBLEMS[code];
  const { param, declineCode, paymentIntent } = fields;
  const docUrl = `${DOCS}#${code}`;
  return {
    type: docUrl,
    title,
    status: problem.status,
    detail: problem.message,
    instance: about.path,
    code,
    ...(param === undefined ? {} : { param }),
    ...(declineCode === undefined ? {} : { decline_code: declineCode }),
    retryable,
    request_id: about.requestId,
    doc_url: docUrl,
    errors: param === undefined ? [] : [{ code, param, detail: problem.message }],
    ...(paymentIntent === undefined ? {} : { payment_intent: paymentIntent }),
  };
}
