import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { wallClockMs } from '../measure/clock.ts';

const CREATE_TRANSACTIONS = '/florin.ledger.v1.TransactionService/CreateTransactions';
const DEADLINE_MS = 60_000;
/** Room for several of the largest answers before the reader has to grant more. */
const WINDOW_BYTES = 8 * 1_048_576;
const ANSWER_BYTES_MAX = 16 * 1_048_576;

const asIs = (bytes: Buffer): Buffer => bytes;

export type Answered = (error: ServiceError | null, answer?: Buffer) => void;

/** Connections of grpc-js that take and give bytes: no message is made on the way, so that the core is the limit. */
export class RawChannels {
  readonly #clients: Client[];
  readonly #headers = new Metadata();

  constructor(target: string, count: number) {
    this.#clients = Array.from(
      { length: count },
      () =>
        new Client(target, credentials.createInsecure(), {
          // Without it all of them would share one connection.
          'grpc.use_local_subchannel_pool': 1,
          'grpc.max_receive_message_length': ANSWER_BYTES_MAX,
          'grpc.max_send_message_length': -1,
          'grpc-node.flow_control_window': WINDOW_BYTES,
        }),
    );
  }

  createTransactions(request: Buffer, caller: number, answered: Answered): void {
    const client = this.#clients[caller % this.#clients.length];
    const options = { deadline: wallClockMs() + DEADLINE_MS };
    client.makeUnaryRequest(CREATE_TRANSACTIONS, asIs, asIs, request, this.#headers, options, answered);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

/** The core said that it has no room now: the mailbox is full, or the read models are too far behind. */
export function isTurnedAway(error: ServiceError): boolean {
  return error.code === status.RESOURCE_EXHAUSTED;
}
