import type { Uuid } from '../kernel/ledger/commands.ts';
import { derivedId } from '../kernel/payments/chart.ts';
import type { LogWebhookAttempts } from '../kernel/payments/commands.ts';
import { GONE, isTaken, RETRIES_US } from '../kernel/payments/webhookSchedule.ts';
import type { ToldKey } from '../readmodels/queries/toldEvents.ts';
import type { CallContext, LedgerService, PaymentsService, Position } from '../shard/service.ts';
import type { Dispatcher, Leased } from './dispatcher.ts';

/** With the version of its endpoint as it was handed out. */
export type LoggedAttempt = LogWebhookAttempts['attempts'][number] & {
  askedSeq: number;
  endpointVersion: number;
};

/** For how long whoever tells of attempts waits for the read models; what is not disabled then is by the next one. */
const READ_MODELS_MS = 5_000;

export interface DeliveriesOptions {
  dispatcher: Dispatcher;
  shards: Pick<LedgerService, 'locate'> & Pick<PaymentsService, 'submitPayments'>;
  /** Whether an endpoint has taken anything since that was asked for; null where it was asked for anew since then. */
  hasTakenSince: (
    shard: number,
    endpoint: number,
    key: ToldKey & { askedSeq: number },
  ) => Promise<boolean | null>;
  /** Whether the read models hold that event within the time given. */
  reached: (shard: number, seq: number, waitMs: number) => Promise<boolean>;
  /** The endpoint's id; null where it is gone. */
  endpointId: (book: string, merchant: Uuid, endpoint: number) => Promise<Uuid | null>;
  log: (level: 'info' | 'warn', event: string, details: Record<string, unknown>) => void;
}

/** Telling webhook endpoints, for whoever does it: what is due, and what came of it. */
export class Deliveries {
  readonly #options: DeliveriesOptions;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  lease(limit: number, waitMs: number, signal: AbortSignal): Promise<Leased[]> {
    return this.#options.dispatcher.lease(limit, waitMs, signal);
  }

  /** What was handed out and could not be passed on is the next one's. */
  release(leased: readonly Leased[]): void {
    this.#options.dispatcher.release(leased.map(({ delivery }) => delivery));
  }

  /** Answers once it is durable. An endpoint that is gone, or has taken nothing for days, is disabled with it. */
  async log(
    book: string,
    { id, attempts }: { id: Uuid; attempts: readonly LoggedAttempt[] },
    context: CallContext,
  ): Promise<{ position: Position; refused: string | null }> {
    const { shards, dispatcher } = this.#options;
    const { shard, number: bookNumber } = shards.locate(book);
    const kept = attempts.map(({ endpointVersion: _version, ...attempt }) => attempt);
    const command = { op: 'logWebhookAttempts', id, attempts: kept } as const;
    const { position, outcomes } = await shards.submitPayments(book, [command], context);
    const [outcome] = outcomes;
    if (!outcome.done) return { position, refused: outcome.reason };
    for (const attempt of attempts) {
      const { merchant, endpoint } = attempt;
      dispatcher.settle({ shard, bookNumber, merchant, endpoint }, attempt, position.seq, attempt);
    }
    const last = attempts.filter(isLast);
    if (last.length > 0)
      await this.#giveUp(book, { id, shard, bookNumber, logSeq: position.seq }, last, context);
    return { position, refused: null };
  }

  async #giveUp(
    book: string,
    { id, logSeq, ...of }: { id: Uuid; shard: number; bookNumber: number; logSeq: number },
    last: readonly LoggedAttempt[],
    context: CallContext,
  ): Promise<void> {
    const { shards, reached, endpointId, log } = this.#options;
    // What was asked for anew before it was logged is seen then.
    if (!(await reached(of.shard, logSeq, READ_MODELS_MS))) return;
    for (const attempts of Map.groupBy(last, (one) => `${one.merchant} ${one.endpoint}`).values()) {
      const found = await this.#reasonToDisable(of, attempts);
      if (found === null) continue;
      const { reason, endpointVersion: version, merchant, endpoint } = found;
      const named = await endpointId(book, merchant, endpoint);
      if (named === null) continue;
      const command = {
        op: 'disableWebhookEndpoint',
        id: derivedId(id, `disable ${merchant} ${endpoint}`),
        merchant,
        endpoint: named,
        reason,
        version,
      } as const;
      await shards.submitPayments(book, [command], context);
      log('info', 'webhooks.disabled', { merchant, endpoint: named, reason });
    }
  }

  /** With the attempt that is one; null where there is none. */
  async #reasonToDisable(
    { shard, bookNumber }: { shard: number; bookNumber: number },
    attempts: readonly LoggedAttempt[],
  ): Promise<(LoggedAttempt & { reason: 'gone' | 'failing' }) | null> {
    for (const attempt of attempts) {
      const hasTaken = await this.#options.hasTakenSince(shard, attempt.endpoint, { ...attempt, bookNumber });
      // It was asked for anew since then: that has its own tries.
      if (hasTaken === null) continue;
      if (attempt.status === GONE) return { ...attempt, reason: 'gone' };
      if (!hasTaken) return { ...attempt, reason: 'failing' };
    }
    return null;
  }
}

/** Nothing comes after it: its endpoint wants nothing any more, or has not taken it in all its tries. */
function isLast({ status, try: tried }: LoggedAttempt): boolean {
  return status === GONE || (!isTaken(status) && tried > RETRIES_US.length);
}
