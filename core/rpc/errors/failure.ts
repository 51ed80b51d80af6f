import { type DescMessage, type MessageInitShape, create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { Code } from '../../../gen/google/rpc/code_pb.ts';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '../../../gen/google/rpc/error_details_pb.ts';
import { StatusSchema } from '../../../gen/google/rpc/status_pb.ts';
import { REFUSALS, type Reason } from '../../kernel/ledger/refusals.ts';
import { CallRefused, Uncertain } from '../../shard/service.ts';
import { BadField } from './badField.ts';
import { isDatabaseAway } from './databaseAway.ts';

/** The `domain` of every google.rpc.ErrorInfo that Florin sends. */
export const ERROR_DOMAIN = 'florin';

/**
 * How long a caller should wait before it sends the same again, where the refusal does not say. Reasons that only
 * another event elsewhere can change (NOT_FOUND, BOOK_NOT_FOUND) are absent: waiting for those is the caller's choice.
 */
const RETRY_AFTER_MS: Partial<Record<Reason, number>> = {
  OVERLOADED: 100,
  READ_MODEL_BEHIND: 100,
  SHARD_NOT_READY: 500,
  DATABASE_UNAVAILABLE: 1_000,
  OUTCOME_UNKNOWN: 200,
  DEADLINE_PASSED: 100,
  DRAINING: 1_000,
  EVENT_STREAMS_EXHAUSTED: 1_000,
  INTERNAL: 1_000,
};

/** How a call failed, in the form that both servers send. */
export interface Failure {
  code: Code;
  /** null where the caller itself has gone away. */
  reason: Reason | null;
  message: string;
  details: Detail[];
  /** Not the caller's doing: the log gets the error itself. */
  isDefect: boolean;
}

interface Detail {
  desc: DescMessage;
  value: MessageInitShape<DescMessage>;
}

/** What a caller is told about anything thrown. Of an unknown error nothing leaks. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CallRefused) return refused(error);
  if (error instanceof Uncertain) return failure('OUTCOME_UNKNOWN', {});
  if (error instanceof CallerGone) {
    return {
      code: Code.CANCELLED,
      reason: null,
      message: 'The caller has gone away.',
      details: [],
      isDefect: false,
    };
  }
  if (isDatabaseAway(error)) return failure('DATABASE_UNAVAILABLE', {});
  return { ...failure('INTERNAL', {}), isDefect: true };
}

/** The caller cancelled; nobody reads what is answered. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';
}

function refused(error: CallRefused): Failure {
  const told = error.message === error.reason ? undefined : error.message;
  const violation = error instanceof BadField ? error.violation : error.reason;
  return failure(error.reason, {
    field: error.field,
    message: told,
    violation,
    retryAfterMs: error.retryAfterMs,
  });
}

interface Circumstances {
  field?: string | undefined;
  message?: string | undefined;
  violation?: Reason | undefined;
  retryAfterMs?: number | undefined;
}

/** The failure that a reason of the registry stands for. */
export function failure(reason: Reason, { field, message, violation, retryAfterMs }: Circumstances): Failure {
  const { code, text, retryable } = REFUSALS[reason];
  // Headers cannot carry half a surrogate pair, and a name in the message may hold one.
  const told = (message ?? text).toWellFormed();
  const metadata: Record<string, string> = { retryable: String(retryable) };
  if (field) metadata.field = field;
  const details: Detail[] = [detail(ErrorInfoSchema, { reason, domain: ERROR_DOMAIN, metadata })];
  if (field && code === 'INVALID_ARGUMENT') {
    const fieldViolations = [{ field, description: told, reason: violation ?? reason }];
    details.push(detail(BadRequestSchema, { fieldViolations }));
  }
  const wait = retryAfterMs || RETRY_AFTER_MS[reason];
  if (wait !== undefined) details.push(detail(RetryInfoSchema, { retryDelay: duration(wait) }));
  return { code: Code[code], reason, message: told, details, isDefect: false };
}

function detail<D extends DescMessage>(desc: D, value: MessageInitShape<D>): Detail {
  return { desc, value };
}

function duration(milliseconds: number): { seconds: bigint; nanos: number } {
  const whole = Math.floor(milliseconds / 1000);
  return { seconds: BigInt(whole), nanos: Math.round((milliseconds - whole * 1000) * 1e6) };
}

/** A google.rpc.Status in bytes, as gRPC sends it in `grpc-status-details-bin`. */
export function statusBytes({ code, message, details }: Failure): Buffer {
  const packed = details.map(({ desc, value }) => anyPack(desc, create(desc, value)));
  return Buffer.from(toBinary(StatusSchema, create(StatusSchema, { code, message, details: packed })));
}
