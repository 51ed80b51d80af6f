import type { MsgHdrs } from '@nats-io/transport-node';

/** What the library's headers can do besides what its types say. */
type EncodedHeaders = MsgHdrs & { encode(): Uint8Array };

/** The id by which the server drops what it has already. */
export const MESSAGE_ID = 'Nats-Msg-Id';
/** Of an event that was asked for once more: where in the stream the last of its shard was, for it says nothing of that itself. */
export const BEHIND = 'Florin-Behind';

/** Hot: to publish, a connection asks headers for their bytes and nothing else, and the library's take 3 us to make and encode. */
export function headersOf(messageId: string, behind?: number): MsgHdrs {
  const more = behind === undefined ? '' : `${BEHIND}: ${behind}\r\n`;
  const bytes = Buffer.from(`NATS/1.0\r\n${MESSAGE_ID}: ${messageId}\r\n${more}\r\n`, 'latin1');
  const made: Pick<EncodedHeaders, 'encode'> = { encode: () => bytes };
  return made as EncodedHeaders;
}
