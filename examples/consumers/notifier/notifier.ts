import type { DatabaseSync } from 'node:sqlite';
import type { Transporter } from 'nodemailer';
import { SqliteInbox } from '../../../client/events/index.ts';
import type { Envelope } from '../../../gen/florin/events/v1/envelopes_pb.ts';
import { lettersOf } from './letters.ts';

const TABLES = `
CREATE TABLE IF NOT EXISTS customers (id TEXT PRIMARY KEY, email TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS outbox (
  number INTEGER PRIMARY KEY, message_id TEXT NOT NULL UNIQUE, recipient TEXT NOT NULL, subject TEXT NOT NULL,
  text TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_ms, number);
CREATE TABLE IF NOT EXISTS set_aside (what TEXT PRIMARY KEY, why TEXT NOT NULL) STRICT;`;

/** Between two tries of one e-mail: doubled each time, and after so many it is set aside. About a day in all. */
const RETRY_MS = 60_000;
const TRIES_MAX = 11;

interface Row {
  readonly number: number;
  readonly message_id: string;
  readonly recipient: string;
  readonly subject: string;
  readonly text: string;
  readonly tries: number;
}

/** What nodemailer tells of a refusal: the SMTP status, where the server gave one to this e-mail. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
}

/** Faults of the server or of the way to it: the next e-mail would fare no better. */
const AWAY: ReadonlySet<string | undefined> = new Set([
  'ECONNECTION',
  'ETIMEDOUT',
  'ESOCKET',
  'EDNS',
  'EAUTH',
  'ENOAUTH',
  'ETLS',
  'EPROTOCOL',
]);

/** Writes to customers about their payments: events come in by the inbox, e-mails go out by the outbox. */
export class Notifier {
  readonly inbox: SqliteInbox;
  readonly #database: DatabaseSync;
  readonly #transport: Pick<Transporter, 'sendMail'>;
  readonly #from: string;
  readonly #nowMs: () => number;

  constructor({
    database,
    transport,
    from,
    nowMs,
  }: {
    database: DatabaseSync;
    transport: Pick<Transporter, 'sendMail'>;
    from: string;
    nowMs: () => number;
  }) {
    database.exec(TABLES);
    this.inbox = new SqliteInbox(database);
    this.#database = database;
    this.#transport = transport;
    this.#from = from;
    this.#nowMs = nowMs;
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
    if (!isAddress(String(found.email))) return this.#setAside(id, 'the address of the customer is none');
    try {
      for (const [index, { subject, text }] of lettersOf(payload.value).entries())
        this.#database
          .prepare('INSERT OR IGNORE INTO outbox (message_id, recipient, subject, text) VALUES (?, ?, ?, ?)')
          .run(`<${id.replace(':', '-')}-${index}@florin>`, found.email, subject, text);
    } catch (error) {
      // It would come again for ever, and everything behind it would wait.
      this.#setAside(id, (error as Error).message);
    }
  };

  /** What nobody was written about, and why: of events their ids, of e-mails their message ids. */
  setAside(): { what: string; why: string }[] {
    const rows = this.#database.prepare('SELECT what, why FROM set_aside ORDER BY what').all();
    return rows.map(({ what, why }) => ({ what: String(what), why: String(why) }));
  }

  /**
   * Sends what is due, oldest first. An e-mail that is refused waits by itself, or is set aside; throws where the server is
   * away, and goes on there the next time.
   */
  async send(): Promise<void> {
    const nowMs = this.#nowMs();
    const next = this.#database.prepare(
      'SELECT * FROM outbox WHERE due_ms <= ? ORDER BY due_ms, number LIMIT 1',
    );
    for (let row = next.get(nowMs); row !== undefined; row = next.get(nowMs)) {
      const one = row as unknown as Row;
      const { message_id: messageId, recipient, subject, text } = one;
      try {
        // As one address: a list in it would reach whoever it names.
        const to = { name: '', address: recipient };
        await this.#transport.sendMail({ messageId, from: this.#from, to, subject, text });
      } catch (error) {
        this.#refused(one, error as SmtpError, nowMs);
        continue;
      }
      this.#remove(one);
    }
  }

  #refused(row: Row, error: SmtpError, nowMs: number): void {
    const { responseCode = 0 } = error;
    // 421: it is about to close, whatever it was asked.
    if (responseCode === 421 || (responseCode < 500 && AWAY.has(error.code))) throw error;
    const tries = row.tries + 1;
    if (responseCode >= 500 || tries >= TRIES_MAX) {
      this.#setAside(row.message_id, error.message);
      this.#remove(row);
      return;
    }
    this.#database
      .prepare('UPDATE outbox SET tries = ?, due_ms = ? WHERE number = ?')
      .run(tries, nowMs + RETRY_MS * 2 ** row.tries, row.number);
  }

  #remove({ number }: Row): void {
    this.#database.prepare('DELETE FROM outbox WHERE number = ?').run(number);
  }

  #setAside(what: string, why: string): void {
    this.#database.prepare('INSERT OR REPLACE INTO set_aside VALUES (?, ?)').run(what, why);
  }
}

/** One plain address. Merchants say it: nothing in it may end a header, or begin another address. */
function isAddress(text: string): boolean {
  return text.length <= 254 && /^[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/.test(text);
}
