import { type DescMessage, type Message, fromBinary } from '@bufbuild/protobuf';
import { CallRefused } from '../../shard/service.ts';

/** A request from its bytes. What is no such message refuses the call; the parser's own words stay here. */
export function decode(desc: DescMessage, bytes: Uint8Array): Message {
  try {
    return fromBinary(desc, bytes);
  } catch {
    throw new CallRefused('MALFORMED_REQUEST', { message: `The request is not a ${desc.typeName}.` });
  }
}
