import type { DatabaseSync } from 'node:sqlite';
import type { Transporter } from 'nodemailer';
import { SqliteInbox } from '../../../client/events/index.ts';
import type { Envelope } from '../../../gen/florin/events/v1/envelopes_pb.ts';
import { lettersOf } from './letters.ts';

const TABLES = `
CREATE TABLE IF NOT EXISTS customers (id TEXT PRIMARY KEY, email TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS outbox (
  number INTEGER PRIMARY KEY, message_id TEXT NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL
) STRICT;`;

interface Row {
  readonly number: number;
  readonly message_id: string;
  readonly recipient: string;
  readonly subject: string;
  readonly text: string;
}

/** Writes to customers about their payments: events come in by the inbox, e-mails go out by the outbox. */
export class Notifier {
  readonly inbox: SqliteInbox;
  readonly #database: DatabaseSync;
  readonly #transport: Pick<Transporter, 'sendMail'>;
  readonly #from: string;

  constructor({
    database,
    transport,
    from,
  }: {
    database: DatabaseSync;
    transport: Pick<Transporter, 'sendMail'>;
    from: string;
  }) {
    database.exec(TABLES);
    this.inbox = new SqliteInbox(database);
    this.#database = database;
    this.#transport = transport;
    this.#from = from;
  }

  /** In the inbox's transaction: learns where customers are reached, and notes what is to be sent. */
  readonly handle = ({ id, payload }: Envelope): void => {
    if (payload.case === 'customer' && payload.value.customer !== undefined) {
      const { id: customer, email } = payload.value.customer;
      this.#database.prepare('INSERT OR REPLACE INTO customers VALUES (?, ?)').run(customer, email);
    }
    if (payload.case !== 'paymentIntent') return;
    const { customerId } = payload.value;
    const found = this.#database.prepare('SELECT email FROM customers WHERE id = ?').get(customerId);
    // A customer is created before its payments, in the same shard: where there is none, or no address, nobody is told.
    if (found === undefined || found.email === '') return;
    for (const [index, { subject, text }] of lettersOf(payload.value).entries())
      this.#database
        .prepare('INSERT INTO outbox (message_id, recipient, subject, text) VALUES (?, ?, ?, ?)')
        .run(`<${id.replace(':', '-')}-${index}@florin>`, found.email, subject, text);
  };

  /** Sends what is noted, oldest first; throws where the server takes none, and goes on there the next time. */
  async send(): Promise<void> {
    const next = this.#database.prepare('SELECT * FROM outbox ORDER BY number LIMIT 1');
    for (let row = next.get(); row !== undefined; row = next.get()) {
      const { number, message_id: messageId, recipient: to, subject, text } = row as unknown as Row;
      await this.#transport.sendMail({ messageId, from: this.#from, to, subject, text });
      this.#database.prepare('DELETE FROM outbox WHERE number = ?').run(number);
    }
  }
}
