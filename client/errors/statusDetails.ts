import { fromBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema, anyUnpack } from '@bufbuild/protobuf/wkt';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { type ErrorDetails, NO_DETAILS } from './florinError.ts';

/** The trailer that carries a serialized google.rpc.Status. */
export const STATUS_DETAILS_KEY = 'grpc-status-details-bin';

/** google.rpc.Status: code = 1, message = 2, repeated google.protobuf.Any details = 3. */
const DETAILS_FIELD = 3;

/**
 * What a google.rpc.Status says in its details. A detail of an unknown type is passed over; where the bytes are no
 * Status nothing is said, since code and message have come by themselves and must not be lost.
 */
export function readStatusDetails(bytes: Uint8Array): ErrorDetails {
  try {
    return detailsOf(readAnys(bytes));
  } catch {
    return NO_DETAILS;
  }
}

function readAnys(bytes: Uint8Array): Any[] {
  const reader = new BinaryReader(bytes);
  const found: Any[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === DETAILS_FIELD) found.push(fromBinary(AnySchema, reader.bytes()));
    else reader.skip(wireType, field);
  }
  return found;
}

function detailsOf(anys: readonly Any[]): ErrorDetails {
  let details = NO_DETAILS;
  for (const any of anys) {
    const info = anyUnpack(any, ErrorInfoSchema);
    if (info !== undefined) {
      details = {
        ...details,
        reason: filled(info.reason),
        domain: filled(info.domain),
        metadata: info.metadata,
      };
    }
    const bad = anyUnpack(any, BadRequestSchema);
    if (bad !== undefined) {
      const fieldViolations = bad.fieldViolations.map(({ field, description }) => ({ field, description }));
      details = { ...details, fieldViolations };
    }
    const delay = anyUnpack(any, RetryInfoSchema)?.retryDelay;
    if (delay !== undefined) {
      details = { ...details, retryDelayMs: Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000 };
    }
  }
  return details;
}

function filled(text: string): string | undefined {
  return text === '' ? undefined : text;
}
