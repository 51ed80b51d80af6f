import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { DurationSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { statusBytes } from '../testing/fakeCore.ts';
import { NO_DETAILS } from './florinError.ts';
import { readStatusDetails } from './statusDetails.ts';

test('reads reason, fields at fault and the wait from a google.rpc.Status', () => {
  const info = { reason: 'BOOK_UNKNOWN', domain: 'florin', metadata: { book: 'acme' } };
  const fieldViolations = [{ field: 'book', description: 'is not there' }];
  const bytes = statusBytes(5, 'no such book', [
    [ErrorInfoSchema, info],
    [BadRequestSchema, { fieldViolations }],
    [RetryInfoSchema, { retryDelay: { seconds: 2n, nanos: 500_000_000 } }],
  ]);
  expect(readStatusDetails(bytes)).toEqual({ ...info, fieldViolations, retryDelayMs: 2_500 });
});

test('passes over details of types that it does not know', () => {
  const bytes = statusBytes(5, '', [
    [DurationSchema, { seconds: 1n }],
    [ErrorInfoSchema, { reason: 'KNOWN' }],
  ]);
  expect(readStatusDetails(bytes)).toMatchObject({ reason: 'KNOWN', domain: undefined });
});

test('says nothing where the bytes are no status', () => {
  expect(readStatusDetails(Uint8Array.of(0xff, 0xff, 0xff))).toEqual(NO_DETAILS);
  const broken = new BinaryWriter()
    .tag(3, WireType.LengthDelimited)
    .bytes(Uint8Array.of(0x0a, 0x7f))
    .finish();
  expect(readStatusDetails(broken)).toEqual(NO_DETAILS);
  expect(readStatusDetails(new Uint8Array())).toEqual(NO_DETAILS);
});
