import { type AuthorizeRequest, authorize, bar, goOn } from './authorizing.ts';
import type { Books } from './books.ts';
import { type Behaviour, type Card, cardOfFixedToken } from './cards.ts';
import type { ClockMs } from './clock.ts';
import { type Delays, type Desk, declined, tell, tellOutcome } from './desk.ts';
import { type FollowUpKind, type FollowUpRequest, followUp } from './followUps.ts';
import { type DisputeMove, happen, moveDispute, refundByHand } from './laterEvents.ts';
import type { Answer, Kind, Operation, Payment } from './model.ts';
import { answerOf } from './rendering.ts';
import type { Turns } from './turns.ts';

/** A request that would change something: its reference is chosen by the caller and is the idempotency key. */
export interface Keyed {
  readonly reference: string;
  /** SHA-256 over what is asked for, of which payment, and the body. */
  readonly fingerprint: string;
}

export interface Outcome {
  readonly answer: Answer;
  /** Ids of the events that it caused. */
  readonly told: readonly string[];
  /** What the payment's card does; null where the answer is a replay, which is always given. */
  readonly behaviour: Behaviour | null;
}

export interface ProviderOptions {
  readonly books: Books;
  readonly turns: Turns;
  readonly clock: ClockMs;
  readonly delays: Delays;
  readonly deliveryOf: Desk['deliveryOf'];
  readonly isHeard: boolean;
  /** Where the payer's browser reaches the pages, "http://127.0.0.1:7430". */
  readonly origin: () => string;
}

const KEY_REUSED: Answer = {
  status: 409,
  body: JSON.stringify({
    error: { code: 'key_reused', message: 'this reference was used for another request' },
  }),
};

/** The provider itself: every method is one transaction, and what it answers has been committed. */
export class Provider {
  readonly #options: ProviderOptions;

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  authorize(keyed: Keyed, request: AuthorizeRequest): Promise<Outcome> {
    const kind = request.isSale ? 'sale' : 'authorize';
    return this.#once(keyed, (desk) => {
      const { reference } = keyed;
      const card = this.cardOf(request.token);
      if (card === undefined) {
        const operation = operationOf(keyed, kind, reference, request, desk.nowMs);
        return { operation: { ...operation, code: 'unknown_token' }, payment: null };
      }
      const { payment, verdict } = authorize(desk, reference, request, card);
      return {
        operation: { ...operationOf(keyed, kind, reference, request, desk.nowMs), ...verdict },
        payment,
      };
    });
  }

  followUp(keyed: Keyed, kind: FollowUpKind, target: string, request: FollowUpRequest): Promise<Outcome> {
    return this.#once(keyed, (desk) => {
      const base = operationOf(keyed, kind, target, request, desk.nowMs);
      const payment = desk.books.payment(target);
      if (payment === undefined) {
        // Of what is to be undone and was never seen it is now certain that it will not be done either.
        const isUndone = desk.books.operation(target) === undefined;
        if (isUndone && (kind === 'void' || kind === 'refund')) bar(desk, target, request);
        return {
          operation: { ...base, ...declined(request.amount, 'payment_not_found') },
          payment: null,
        };
      }
      const verdict = followUp(desk, kind, keyed.reference, request, payment);
      return { operation: { ...base, ...verdict }, payment };
    });
  }

  /** Goes on after a challenge. It is safe to repeat by what it does, so it takes no key; null: no such payment. */
  continue(target: string): Promise<Outcome | null> {
    return this.#at((desk) => {
      const payment = desk.books.payment(target);
      const kept = desk.books.operation(target);
      if (kept === undefined || payment === undefined) return null;
      return {
        answer: answerOf(this.#concluded(desk, kept.operation, payment), payment, this.#options.origin()),
        told: desk.told,
        behaviour: payment.behaviour,
      };
    });
  }

  /** What became of an operation; null where none is known. A barred reference is known: as declined. */
  query(reference: string): Promise<{ answer: Answer; createdMs: number } | null> {
    return this.#at((desk) => {
      const kept = desk.books.operation(reference);
      if (kept === undefined) {
        const payment = desk.books.payment(reference);
        if (payment === undefined) return null;
        const operation = {
          ...operationOf(
            { reference, fingerprint: '' },
            'authorize',
            reference,
            { amount: payment.asked, currency: payment.currency },
            payment.createdMs,
          ),
          code: 'reference_closed',
        };
        return { answer: answerOf(operation, payment, this.#options.origin()), createdMs: 0 };
      }
      const payment = desk.books.payment(kept.operation.payment) ?? null;
      // A challenge that was failed, or not passed in time, is over; one that was passed waits for `continue`.
      const waits = payment?.state === 'authenticated' && desk.nowMs < payment.expiresMs;
      const current = waits ? kept.operation : this.#concluded(desk, kept.operation, payment);
      return {
        answer: answerOf(current, payment, this.#options.origin()),
        createdMs: kept.operation.createdMs,
      };
    });
  }

  payment(reference: string): Promise<Payment | undefined> {
    return this.#at((desk) => desk.books.payment(reference));
  }

  /** The payer passes or fails the challenge. Answers with the payment, or null where no challenge is open. */
  challenge(reference: string, result: 'pass' | 'fail'): Promise<Payment | null> {
    return this.#at((desk) => {
      const payment = desk.books.payment(reference);
      if (payment?.state !== 'challenged' || desk.nowMs >= payment.expiresMs) return null;
      payment.state = result === 'pass' ? 'authenticated' : 'authentication_failed';
      desk.books.savePayment(payment);
      const kept = desk.books.operation(reference);
      if (kept !== undefined) tell(desk, 'challenge_over', kept.operation, payment);
      return payment;
    });
  }

  dispute(reference: string, move: DisputeMove): Promise<boolean> {
    return this.#at((desk) => {
      const payment = desk.books.payment(reference);
      return payment !== undefined && moveDispute(desk, payment, move);
    });
  }

  refundByHand(reference: string, refund: { reference: string; amount: bigint }): Promise<boolean> {
    return this.#at((desk) => {
      const payment = desk.books.payment(reference);
      return payment !== undefined && refundByHand(desk, payment, refund);
    });
  }

  /** Lets happen what is due. Answers with how much that was. */
  letHappen(): Promise<number> {
    return this.#at((desk) => {
      const due = desk.books.takeDue(desk.nowMs);
      for (const { what, reference } of due) happen(desk, what, reference);
      return due.length;
    });
  }

  keepToken(token: string, card: Card): Promise<void> {
    return this.#at((desk) => desk.books.addToken(token, card));
  }

  cardOf(token: string): Card | undefined {
    return cardOfFixedToken(token) ?? this.#options.books.card(token);
  }

  /** An operation after what a passed, failed or lapsed challenge makes of it. */
  #concluded(desk: Desk, operation: Operation, payment: Payment | null): Operation {
    if (operation.status !== 'requires_action' || payment === null) return operation;
    const verdict = goOn(desk, payment);
    if (verdict === null) return operation;
    const concluded = { ...operation, ...verdict };
    desk.books.saveOperation(concluded);
    tellOutcome(desk, concluded, payment);
    return concluded;
  }

  /** The same key and the same request: the same answer, for ever; another request: refused. */
  #once(
    { reference, fingerprint }: Keyed,
    decide: (desk: Desk) => { operation: Operation; payment: Payment | null },
  ): Promise<Outcome> {
    return this.#at((desk) => {
      const kept = desk.books.operation(reference);
      if (kept !== undefined)
        return {
          answer: kept.fingerprint === fingerprint ? kept.answer : KEY_REUSED,
          told: [],
          behaviour: null,
        };
      const { operation, payment } = decide(desk);
      const answer = answerOf(operation, payment, this.#options.origin());
      desk.books.addOperation({ operation, fingerprint, answer });
      if (payment !== null) tellOutcome(desk, operation, payment);
      return { answer, told: desk.told, behaviour: payment?.behaviour ?? 'succeeds' };
    });
  }

  #at<T>(task: (desk: Desk) => T): Promise<T> {
    const { books, turns, clock, delays, deliveryOf, isHeard } = this.#options;
    return turns.do(() => task({ books, nowMs: clock(), delays, deliveryOf, isHeard, told: [] }));
  }
}

/** As asked for, and declined until something else is decided. */
function operationOf(
  { reference }: Keyed,
  kind: Kind,
  payment: string,
  { amount, currency }: { amount: bigint; currency: string },
  nowMs: number,
): Operation {
  return {
    reference,
    kind,
    payment,
    status: 'declined',
    amount,
    currency,
    cost: null,
    code: '',
    createdMs: nowMs,
  };
}
