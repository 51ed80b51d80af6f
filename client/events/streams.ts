import { EventStream } from '../../gen/florin/events/v1/envelopes_pb.ts';

/** The streams of events, as NATS has them: docs/events.md. */
export type StreamName = 'SETTLEMENT' | 'NOTIFICATION';

export const EVENT_STREAMS: Readonly<Record<StreamName, EventStream>> = {
  SETTLEMENT: EventStream.SETTLEMENT,
  NOTIFICATION: EventStream.NOTIFICATION,
};
