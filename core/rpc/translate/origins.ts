import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  RequestOrigin as OriginMessage,
  RequestOriginSchema,
} from '../../../gen/florin/requests/v1/request_origins_pb.ts';
import type { RequestOrigin } from '../../kernel/payments/told.ts';
import type { Check } from './check.ts';
import { harmless } from './harmless.ts';

/** The bounds of florin.requests.v1.RequestOrigin, as its comments tell them. */
export const REQUEST_ID_CHARACTERS_MAX = 64;
export const IDEMPOTENCY_KEY_CHARACTERS_MAX = 255;

/** undefined where nobody said it. */
export function originOf(origin: OriginMessage | undefined, check: Check): RequestOrigin | undefined {
  if (origin === undefined) return undefined;
  const { requestId, idempotencyKey } = origin;
  if (requestId === '') check.no('MISSING_FIELD', 'origin.request_id');
  check.printable(requestId, 'origin.request_id', REQUEST_ID_CHARACTERS_MAX);
  check.printable(idempotencyKey, 'origin.idempotency_key', IDEMPOTENCY_KEY_CHARACTERS_MAX);
  return { requestId: harmless(requestId), idempotencyKey: harmless(idempotencyKey) };
}

/** The field of a message that tells it; none where there is none. */
export function requestOrigin(origin: RequestOrigin | undefined): {
  origin?: MessageInitShape<typeof RequestOriginSchema>;
} {
  return origin === undefined ? {} : { origin };
}
