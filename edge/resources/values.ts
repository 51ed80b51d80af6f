import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { PaymentIntent } from '../../gen/florin/payments/v1/payments_pb.ts';
import { PREFIX, prefixed } from '../ids/prefixed.ts';

/** JSON numbers are exact up to 2^53. The edge takes no amount above; whoever books more by gRPC reads it there. */
export function exact(minorUnits: bigint): number {
  const value = Number(minorUnits);
  if (!Number.isSafeInteger(value)) throw new RangeError('an amount is too large for JSON');
  return value;
}

export function seconds(at: Timestamp | undefined): number {
  return Number(at?.seconds ?? 0n);
}

export function orNull(text: string): string | null {
  return text === '' ? null : text;
}

/** The token that was paid with, or the id of the stored method. */
export function payerMethodOf(method: PaymentIntent['paymentMethod']): string | null {
  if (method === undefined) return null;
  return method.id === '' ? method.token : prefixed(PREFIX.paymentMethod, method.id);
}
