import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { Behaviour, Brand, Card } from './cards.ts';
import type {
  Answer,
  Dispute,
  Kind,
  Later,
  Operation,
  OperationStatus,
  Payment,
  PaymentState,
  SettlementLine,
} from './model.ts';

type Row = Record<string, SQLOutputValue>;

export interface KeptOperation {
  readonly operation: Operation;
  /** SHA-256 of the request: another one under the same reference is refused. */
  readonly fingerprint: string;
  readonly answer: Answer;
}

/** Where an event stands among those that wait. */
export interface EventPlace {
  readonly dueMs: number;
  readonly number: number;
}

export interface WaitingEvent extends EventPlace {
  readonly id: string;
  readonly body: string;
  readonly copies: number;
  readonly tries: number;
}

export interface NewEvent {
  readonly id: string;
  readonly body: string;
  /** 'kept': there is nobody to send it to, or it gets lost on purpose. */
  readonly state: 'waiting' | 'kept';
  readonly copies: number;
  readonly dueMs: number;
}

export interface Page {
  /** Numbers above this one. */
  readonly after: number;
  /** 1 to 1000. */
  readonly limit: number;
}

/** Milliseconds since 1970. */
export interface Period {
  readonly fromMs: number;
  readonly beforeMs: number;
}

export type Numbered<T> = T & { readonly number: number };

const PAYMENT_COLUMNS =
  'reference, state, behaviour, brand, last4, currency, asked, authorized, captured, released, refunded, is_sale, ' +
  'merchant_payment, statement_descriptor, return_url, created_ms, expires_ms';
const OPERATION_COLUMNS =
  'reference, kind, payment, status, amount, currency, cost, code, created_ms, fingerprint, answer_status, answer';
const LINE_COLUMNS = 'type, reference, payment, currency, credit, debit, fee, available_ms, created_ms';

function statements(database: DatabaseSync) {
  const sql = (text: string) => database.prepare(text);
  return {
    payment: sql(`SELECT ${PAYMENT_COLUMNS} FROM payments WHERE reference = ?`),
    addPayment: sql(
      `INSERT INTO payments (${PAYMENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    savePayment: sql(
      'UPDATE payments SET state = ?, authorized = ?, captured = ?, released = ?, refunded = ?, expires_ms = ? WHERE reference = ?',
    ),
    operation: sql(`SELECT ${OPERATION_COLUMNS} FROM operations WHERE reference = ?`),
    addOperation: sql(
      `INSERT INTO operations (${OPERATION_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    saveOperation: sql(
      'UPDATE operations SET status = ?, amount = ?, cost = ?, code = ? WHERE reference = ?',
    ),
    report: sql(
      `SELECT number, ${OPERATION_COLUMNS} FROM operations WHERE number > ? ORDER BY number LIMIT ?`,
    ),
    addLine: sql(`INSERT INTO lines (${LINE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    lines: sql(
      `SELECT number, ${LINE_COLUMNS} FROM lines WHERE number > ? AND created_ms >= ? AND created_ms < ? ORDER BY number LIMIT ?`,
    ),
    dispute: sql('SELECT payment, state, amount FROM disputes WHERE payment = ?'),
    saveDispute: sql(
      'INSERT INTO disputes (payment, state, amount) VALUES (?, ?, ?) ON CONFLICT (payment) DO UPDATE SET state = excluded.state',
    ),
    addEvent: sql(
      'INSERT INTO events (id, body, state, copies, tries, due_ms) VALUES (?, ?, ?, ?, 0, ?) ON CONFLICT (id) DO NOTHING',
    ),
    waitingEvents: sql(
      "SELECT number, id, body, copies, tries, due_ms AS dueMs FROM events WHERE state = 'waiting' AND (due_ms, number) > (?, ?) ORDER BY due_ms, number LIMIT ?",
    ),
    saveEvent: sql('UPDATE events SET state = ?, tries = ?, due_ms = ? WHERE number = ?'),
    events: sql('SELECT number, body, state, tries FROM events WHERE number > ? ORDER BY number LIMIT ?'),
    addLater: sql('INSERT INTO later (due_ms, what, reference) VALUES (?, ?, ?)'),
    dueLater: sql('SELECT due_ms, what, reference FROM later WHERE due_ms <= ? ORDER BY due_ms LIMIT 256'),
    nextLater: sql('SELECT min(due_ms) AS due_ms FROM later'),
    removeLater: sql('DELETE FROM later WHERE due_ms = ? AND what = ? AND reference = ?'),
    token: sql('SELECT brand, last4, behaviour FROM tokens WHERE token = ?'),
    addToken: sql('INSERT INTO tokens (token, brand, last4, behaviour) VALUES (?, ?, ?, ?)'),
  };
}

/** All SQL of the provider. It decides nothing; whoever writes does so inside a turn (see turns.ts). */
export class Books {
  readonly #sql: ReturnType<typeof statements>;

  constructor(database: DatabaseSync) {
    this.#sql = statements(database);
  }

  payment(reference: string): Payment | undefined {
    const row = this.#sql.payment.get(reference);
    return row === undefined ? undefined : paymentOf(row);
  }

  addPayment(payment: Payment): void {
    this.#sql.addPayment.run(
      payment.reference,
      payment.state,
      payment.behaviour,
      payment.brand,
      payment.last4,
      payment.currency,
      payment.asked,
      payment.authorized,
      payment.captured,
      payment.released,
      payment.refunded,
      payment.isSale ? 1 : 0,
      payment.merchantPayment,
      payment.statementDescriptor,
      payment.returnUrl,
      payment.createdMs,
      payment.expiresMs,
    );
  }

  savePayment(payment: Payment): void {
    const { state, authorized, captured, released, refunded, expiresMs, reference } = payment;
    this.#sql.savePayment.run(state, authorized, captured, released, refunded, expiresMs, reference);
  }

  operation(reference: string): KeptOperation | undefined {
    const row = this.#sql.operation.get(reference);
    return row === undefined ? undefined : keptOf(row);
  }

  addOperation({ operation, fingerprint, answer }: KeptOperation): void {
    this.#sql.addOperation.run(
      operation.reference,
      operation.kind,
      operation.payment,
      operation.status,
      operation.amount,
      operation.currency,
      operation.cost,
      operation.code,
      operation.createdMs,
      fingerprint,
      answer.status,
      answer.body,
    );
  }

  /** What became of an operation since it was answered; its answer stays what it was. */
  saveOperation({ status, amount, cost, code, reference }: Operation): void {
    this.#sql.saveOperation.run(status, amount, cost, code, reference);
  }

  report({ after, limit }: Page): Numbered<Operation>[] {
    return this.#sql.report
      .all(after, limit)
      .map((row) => ({ number: Number(row.number), ...operationOf(row) }));
  }

  addLine(line: SettlementLine): void {
    const { type, reference, payment, currency, credit, debit, fee, availableMs, createdMs } = line;
    this.#sql.addLine.run(type, reference, payment, currency, credit, debit, fee, availableMs, createdMs);
  }

  /** Of what happened from one moment on, and before another. */
  lines({ after, limit, fromMs, beforeMs }: Page & Period): Numbered<SettlementLine>[] {
    return this.#sql.lines
      .all(after, fromMs, beforeMs, limit)
      .map((row) => ({ number: Number(row.number), ...lineOf(row) }));
  }

  dispute(payment: string): Dispute | undefined {
    const row = this.#sql.dispute.get(payment);
    if (row === undefined) return undefined;
    return { payment, state: row.state as Dispute['state'], amount: amountOf(row.amount) };
  }

  /** Its amount stays what it was. */
  saveDispute({ payment, state, amount }: Dispute): void {
    this.#sql.saveDispute.run(payment, state, amount);
  }

  addEvent({ id, body, state, copies, dueMs }: NewEvent): void {
    this.#sql.addEvent.run(id, body, state, copies, dueMs);
  }

  /** Those behind `after`, in the order in which they are due. */
  waitingEvents(after: EventPlace, limit: number): WaitingEvent[] {
    return this.#sql.waitingEvents.all(after.dueMs, after.number, limit) as unknown as WaitingEvent[];
  }

  saveEvent(event: {
    readonly number: number;
    readonly state: 'waiting' | 'delivered' | 'given_up';
    readonly tries: number;
    readonly dueMs: number;
  }): void {
    this.#sql.saveEvent.run(event.state, event.tries, event.dueMs, event.number);
  }

  events({ after, limit }: Page): { number: number; body: string; state: string; tries: number }[] {
    return this.#sql.events.all(after, limit) as unknown as ReturnType<Books['events']>;
  }

  addLater(dueMs: number, what: Later, reference: string): void {
    this.#sql.addLater.run(dueMs, what, reference);
  }

  /** Takes out what is due, at most 256. */
  takeDue(nowMs: number): { what: Later; reference: string }[] {
    const due = this.#sql.dueLater.all(nowMs) as { due_ms: number; what: Later; reference: string }[];
    for (const { due_ms: dueMs, what, reference } of due) this.#sql.removeLater.run(dueMs, what, reference);
    return due;
  }

  nextLaterMs(): number | null {
    return (this.#sql.nextLater.get() as { due_ms: number | null }).due_ms;
  }

  card(token: string): Card | undefined {
    const row = this.#sql.token.get(token);
    return row === undefined ? undefined : cardOf(row);
  }

  addToken(token: string, { brand, last4, behaviour }: Card): void {
    this.#sql.addToken.run(token, brand, last4, behaviour);
  }
}

function cardOf(row: Row): Card {
  return {
    brand: row.brand as Brand,
    last4: row.last4 as string,
    behaviour: row.behaviour as Behaviour,
  };
}

function paymentOf(row: Row): Payment {
  return {
    ...cardOf(row),
    reference: row.reference as string,
    state: row.state as PaymentState,
    currency: row.currency as string,
    asked: amountOf(row.asked),
    authorized: amountOf(row.authorized),
    captured: amountOf(row.captured),
    released: amountOf(row.released),
    refunded: amountOf(row.refunded),
    isSale: row.is_sale === 1,
    merchantPayment: row.merchant_payment as string,
    statementDescriptor: row.statement_descriptor as string,
    returnUrl: row.return_url as string,
    createdMs: row.created_ms as number,
    expiresMs: row.expires_ms as number,
  };
}

function operationOf(row: Row): Operation {
  return {
    reference: row.reference as string,
    kind: row.kind as Kind,
    payment: row.payment as string,
    status: row.status as OperationStatus,
    amount: amountOf(row.amount),
    currency: row.currency as string,
    cost: row.cost === null ? null : amountOf(row.cost),
    code: row.code as string,
    createdMs: row.created_ms as number,
  };
}

function keptOf(row: Row): KeptOperation {
  return {
    operation: operationOf(row),
    fingerprint: row.fingerprint as string,
    answer: { status: row.answer_status as number, body: row.answer as string },
  };
}

function lineOf(row: Row): SettlementLine {
  return {
    type: row.type as SettlementLine['type'],
    reference: row.reference as string,
    payment: row.payment as string,
    currency: row.currency as string,
    credit: amountOf(row.credit),
    debit: amountOf(row.debit),
    fee: amountOf(row.fee),
    availableMs: row.available_ms as number,
    createdMs: row.created_ms as number,
  };
}

/** Integers of the database come as numbers; none of ours is as large as 2^53, see AMOUNT_MAX. */
function amountOf(value: SQLOutputValue): bigint {
  if (!Number.isSafeInteger(value)) throw new Error('an amount in the database is not exact');
  return BigInt(value as number);
}
