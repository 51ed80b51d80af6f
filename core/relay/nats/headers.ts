import { type MsgHdrs, headers } from '@nats-io/transport-node';

/** The id by which the server drops what it has already. */
const MESSAGE_ID = 'Nats-Msg-Id';
/** Of an event that was asked for once more: where its shard stood then, for it says nothing of how far that is. */
const CURSOR = 'Florin-Cursor';

export function headersOf(messageId: string, cursor?: number): MsgHdrs {
  const made = headers();
  made.set(MESSAGE_ID, messageId);
  if (cursor !== undefined) made.set(CURSOR, String(cursor));
  return made;
}

/** The seq that a message of the stream stands for as the last of its shard. */
export function cursorOf(header: MsgHdrs): number {
  const text = header.get(CURSOR) || header.get(MESSAGE_ID).split(':')[1];
  const seq = Number(text);
  if (!Number.isSafeInteger(seq)) throw new Error(`the stream has a message of somebody else: ${text}`);
  return seq;
}
