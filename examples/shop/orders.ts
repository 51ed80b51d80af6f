import { CURRENCY, type Line, totalOf } from './catalogue.ts';
import type { Database } from './database.ts';
import type { Payment, Refund } from './florin.ts';

/** How an order stands, for people. */
export type OrderState =
  /** A card is wanted: at first, and after a decline. */
  | 'unpaid'
  /** The payer's bank asks the payer. */
  | 'at the bank'
  /** Nobody knows yet, or Florin's event is still on its way. */
  | 'being confirmed'
  | 'paid'
  | 'partly refunded'
  | 'refunded'
  | 'canceled';

export interface Order {
  readonly number: number;
  readonly id: string;
  readonly madeAt: string;
  readonly lines: readonly Line[];
  readonly cents: number;
  readonly payment: string | null;
  readonly problem: string | null;
  readonly actionUrl: string | null;
  readonly state: OrderState;
  readonly refunds: readonly RefundRow[];
  /** What may still be given back. */
  readonly refundable: number;
  /** The number of the next try to pay, or of the one whose outcome is open. */
  readonly nextTry: number;
  readonly isTryOpen: boolean;
}

/** What is sent to Florin for a try to pay, however often it is sent. */
export interface PaymentTry {
  readonly n: number;
  readonly path: string;
  readonly body: string;
}

interface RefundRow {
  readonly id: string;
  readonly cents: number;
  readonly status: Refund['status'];
}

interface Row {
  readonly number: number;
  readonly id: string;
  readonly made_at: string;
  readonly lines: string;
  readonly cents: number;
  readonly payment: string | null;
  readonly status: Payment['status'] | null;
  readonly problem: string | null;
  readonly action_url: string | null;
  readonly paid_at: string | null;
}

/** Orders, and the rules by which they move. Everything here is durable when it returns. */
export class Orders {
  readonly #database: Database;
  readonly #now: () => string;

  constructor(database: Database, now: () => string) {
    this.#database = database;
    this.#now = now;
  }

  take(id: string, lines: readonly Line[]): void {
    this.#database.run(
      'INSERT INTO orders (id, made_at, lines, cents) VALUES (?, ?, ?, ?)',
      id,
      this.#now(),
      JSON.stringify(lines),
      totalOf(lines),
    );
  }

  find(id: string): Order | undefined {
    const [row] = this.#database.rows<Row | undefined>('SELECT * FROM orders WHERE id = ?', id);
    return row === undefined ? undefined : this.#orderOf(row);
  }

  newest(limit: number): Order[] {
    const rows = this.#database.rows<Row>('SELECT * FROM orders ORDER BY number DESC LIMIT ?', limit);
    return rows.map((row) => this.#orderOf(row));
  }

  /**
   * Begins the nth try to pay, and writes down what will be sent. The same n again, as by a second click or a reload, is
   * the try that there is, whatever it was asked with. undefined: it is not the time for that one.
   */
  beginTry(
    id: string,
    n: number,
    request: (order: Order) => { path: string; body: object },
  ): PaymentTry | undefined {
    return this.#database.transaction(() => {
      const order = this.find(id);
      if (order === undefined || order.state !== 'unpaid' || n !== order.nextTry) return this.#tryOf(id, n);
      if (!order.isTryOpen) {
        const { path, body } = request(order);
        this.#database.run(
          'INSERT INTO payment_tries (order_id, n, path, body) VALUES (?, ?, ?, ?)',
          id,
          n,
          path,
          JSON.stringify(body),
        );
      }
      return this.#tryOf(id, n);
    });
  }

  /** Tries that were sent, or about to be, and of which no answer is known. */
  openTries(): (PaymentTry & { orderId: string })[] {
    return this.#database.rows(
      'SELECT order_id AS orderId, n, path, body FROM payment_tries WHERE is_answered = 0',
    );
  }

  /** Keeps what Florin has answered to a try: what the payer is shown next. */
  answered(id: string, n: number, answer: Payment | { readonly problem: string }): void {
    this.#database.transaction(() => {
      this.#database.run('UPDATE payment_tries SET is_answered = 1 WHERE order_id = ? AND n = ?', id, n);
      if ('problem' in answer)
        this.#database.run('UPDATE orders SET problem = ? WHERE id = ?', answer.problem, id);
      else this.#learn(answer);
    });
  }

  /**
   * Takes an event in: once by its id, however often it is delivered. Only here does an order become paid. False: it was
   * here before.
   */
  receive(eventId: string, object: Payment | Refund): boolean {
    return this.#database.transaction(() => {
      const isNew = this.#database.run(
        'INSERT OR IGNORE INTO events_seen VALUES (?, ?)',
        eventId,
        this.#now(),
      );
      if (isNew === 0) return false;
      this.believe(object);
      return true;
    });
  }

  hasSeen(eventId: string): boolean {
    return this.#database.rows('SELECT 1 FROM events_seen WHERE id = ?', eventId).length > 0;
  }

  /** What Florin says of a payment or refund, by an event or because it was asked. Never what a browser says. */
  believe(object: Payment | Refund): void {
    if (object.object === 'refund') return this.refunded(object);
    this.#learn(object);
    // Goods are sent for what was received, and only if that is what they cost.
    if (object.status === 'succeeded')
      this.#database.run(
        'UPDATE orders SET paid_at = ? WHERE id = ? AND payment = ? AND cents = ? AND ? = ? AND paid_at IS NULL',
        this.#now(),
        object.reference,
        object.id,
        object.amount_received,
        object.currency,
        CURRENCY,
      );
  }

  /** Events come in any order: of two that speak of one payment the higher version is right. */
  #learn({ id, version, status, reference, next_action: action, last_payment_error: error }: Payment): void {
    this.#database.run(
      `UPDATE orders SET payment = ?, version = ?, status = ?, problem = ?, action_url = ?
       WHERE id = ? AND (payment IS NULL OR payment = ?) AND version < ?`,
      id,
      version,
      status,
      error?.message ?? null,
      action?.redirect_to_url.url ?? null,
      reference,
      id,
      version,
    );
  }

  /** Begins a refund under a key. The same key again is the same refund. undefined: there is not as much to give back. */
  beginRefund(id: string, key: string, cents: number): { payment: string; cents: number } | undefined {
    return this.#database.transaction(() => {
      const order = this.find(id);
      const payment = order?.payment ?? null;
      if (order === undefined || payment === null) return undefined;
      const [asked] = this.#database.rows<{ cents: number } | undefined>(
        'SELECT cents FROM refund_requests WHERE key = ? AND order_id = ?',
        key,
        id,
      );
      if (asked !== undefined) return { payment, cents: asked.cents };
      if (cents < 1 || cents > order.refundable) return undefined;
      this.#database.run(
        'INSERT INTO refund_requests (key, order_id, cents) VALUES (?, ?, ?)',
        key,
        id,
        cents,
      );
      return { payment, cents };
    });
  }

  openRefunds(): { key: string; payment: string; cents: number }[] {
    return this.#database.rows(
      `SELECT key, payment, r.cents FROM refund_requests r JOIN orders ON id = order_id WHERE is_answered = 0`,
    );
  }

  /** Keeps what Florin has answered to a refund; null: it is refused for good, and nothing was given back. */
  refundAnswered(key: string, refund: Refund | null): void {
    this.#database.transaction(() => {
      this.#database.run('UPDATE refund_requests SET is_answered = 1 WHERE key = ?', key);
      if (refund !== null) this.refunded(refund);
    });
  }

  refunded({ id, status, amount, payment_intent: payment }: Refund): void {
    this.#database.run(
      `INSERT INTO refunds (id, order_id, cents, status) SELECT ?, id, ?, ? FROM orders WHERE payment = ?
       ON CONFLICT (id) DO UPDATE SET status = excluded.status`,
      id,
      amount,
      status,
      payment,
    );
  }

  /** What Florin is asked about when nothing was heard: payments and refunds that are not over. */
  unsettled(): { payments: string[]; refunds: string[] } {
    const ids = (sql: string): string[] => this.#database.rows<{ id: string }>(sql).map(({ id }) => id);
    return {
      payments: ids(
        "SELECT payment AS id FROM orders WHERE payment IS NOT NULL AND paid_at IS NULL AND status <> 'canceled'",
      ),
      refunds: ids("SELECT id FROM refunds WHERE status = 'pending'"),
    };
  }

  #tryOf(id: string, n: number): PaymentTry | undefined {
    const [one] = this.#database.rows<PaymentTry | undefined>(
      'SELECT n, path, body FROM payment_tries WHERE order_id = ? AND n = ?',
      id,
      n,
    );
    return one;
  }

  #orderOf(row: Row): Order {
    const { id, number, cents, payment, problem } = row;
    const refunds = this.#database.rows<RefundRow>(
      'SELECT id, cents, status FROM refunds WHERE order_id = ? ORDER BY rowid',
      id,
    );
    const given = refunds
      .filter(({ status }) => status !== 'failed')
      .reduce((sum, one) => sum + one.cents, 0);
    const [asked] = this.#database.rows<{ cents: number }>(
      'SELECT coalesce(sum(cents), 0) AS cents FROM refund_requests WHERE order_id = ? AND is_answered = 0',
      id,
    );
    const [last] = this.#database.rows<{ n: number; is_answered: number } | undefined>(
      'SELECT n, is_answered FROM payment_tries WHERE order_id = ? ORDER BY n DESC LIMIT 1',
      id,
    );
    const isTryOpen = last?.is_answered === 0;
    return {
      number,
      id,
      madeAt: row.made_at,
      lines: JSON.parse(row.lines) as Line[],
      cents,
      payment,
      problem,
      actionUrl: row.action_url,
      state: stateOf(row, given),
      refunds,
      refundable: row.paid_at === null ? 0 : cents - given - asked.cents,
      nextTry: (last?.n ?? 0) + (isTryOpen ? 0 : 1),
      isTryOpen,
    };
  }
}

function stateOf({ paid_at: paidAt, status, cents }: Row, given: number): OrderState {
  if (paidAt !== null) return given === 0 ? 'paid' : given < cents ? 'partly refunded' : 'refunded';
  switch (status) {
    case null:
    case 'requires_payment_method':
    case 'requires_confirmation':
      return 'unpaid';
    case 'requires_action':
      return 'at the bank';
    case 'processing':
    case 'requires_capture':
    case 'succeeded':
      return 'being confirmed';
    case 'canceled':
      return 'canceled';
  }
}
