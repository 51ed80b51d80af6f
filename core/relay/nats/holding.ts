import { fromBinary } from '@bufbuild/protobuf';
import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { EnvelopeSchema } from '../../../gen/florin/events/v1/envelopes_pb.ts';
import type { Held } from '../lane.ts';
import { type StreamName, subjectsOfShard } from '../streams.ts';
import { BEHIND, MESSAGE_ID } from './headers.ts';

export interface HeldEvent extends Held {
  /** By its block's time: it names the journal that it is of. */
  readonly bookedUs: number;
}

/**
 * What the stream holds last of the shard as the relay brought it; null where that is nothing, or not known. An event that
 * was asked for once more says where that was, and is believed only as far as it is there: the stream may have been made
 * anew since.
 */
export async function lastOf(
  manager: JetStreamManager,
  stream: StreamName,
  shard: number,
): Promise<HeldEvent | null> {
  const last = await manager.streams.getMessage(stream, { last_by_subj: subjectsOfShard(stream, shard) });
  if (last === null) return null;
  const behind = last.header.get(BEHIND);
  if (behind === '') return heldBy(last, shard);
  const seq = Number(behind);
  const before = seq > 0 && seq < last.seq ? await manager.streams.getMessage(stream, { seq }) : null;
  return before === null || before.header.get(BEHIND) !== '' ? null : heldBy(before, shard);
}

/** null where somebody else has put it there. */
function heldBy(message: StoredMsg, shard: number): HeldEvent | null {
  const [, ofShard, seq] = /^(\d+):(\d+)$/.exec(message.header.get(MESSAGE_ID)) ?? [];
  if (Number(ofShard) !== shard || !message.subject.endsWith(`.${shard}`)) return null;
  const { time } = fromBinary(EnvelopeSchema, message.data);
  if (time === undefined) return null;
  return {
    seq: Number(seq),
    streamSeq: message.seq,
    bookedUs: Number(time.seconds) * 1_000_000 + Math.round(time.nanos / 1_000),
  };
}
