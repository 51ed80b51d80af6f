import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { STREAMS, type StreamName, subjectsOf } from '../streams.ts';

/** A stream as its server has it: created anew, or shorter than before, it is another one. */
export interface StreamIdentity {
  readonly created: string;
  readonly lastSeq: number;
}

const STREAM_NOT_FOUND = 10_059;

/**
 * Creates the stream, or brings it to its declaration. Retention that an operator has made longer stays, and so does a
 * bound of its bytes: but a stream that is full takes nothing more, where it would let go of what nobody has read yet.
 */
export async function declareStream(
  manager: JetStreamManager,
  stream: StreamName,
  { replicas }: { replicas: number },
): Promise<StreamIdentity> {
  const { description, keepsMs, remembersMs } = STREAMS[stream];
  const changeable = {
    description,
    subjects: [subjectsOf(stream)],
    num_replicas: replicas,
    duplicate_window: nanos(remembersMs),
    discard: DiscardPolicy.New,
    discard_new_per_subject: false,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    no_ack: false,
  };
  const found = await findStream(manager, stream);
  if (found === null) {
    const made = await manager.streams.add({
      name: stream,
      ...changeable,
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      max_age: nanos(keepsMs),
    });
    return identityOf(made);
  }
  if (found.config.retention !== RetentionPolicy.Limits)
    throw new Error(`the stream ${stream} lets go of what consumers have taken: delete it, it is made anew`);
  const { subjects, ...plain } = changeable;
  const isSame =
    Object.entries(plain).every(([name, value]) => found.config[name as keyof typeof plain] === value) &&
    found.config.subjects.join(' ') === subjects.join(' ') &&
    (found.config.max_age === 0 || found.config.max_age >= nanos(keepsMs));
  if (isSame) return identityOf(found);
  const keeps = found.config.max_age === 0 ? 0 : Math.max(found.config.max_age, nanos(keepsMs));
  return identityOf(await manager.streams.update(stream, { ...found.config, ...changeable, max_age: keeps }));
}

/** null where there is none. */
export async function findStream(manager: JetStreamManager, stream: StreamName): Promise<StreamInfo | null> {
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return null;
    throw error;
  }
}

export function identityOf({ created, state }: StreamInfo): StreamIdentity {
  return { created, lastSeq: state.last_seq };
}
