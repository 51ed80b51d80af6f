import type { Uuid } from '../kernel/ledger/commands.ts';
import { derivedId } from '../kernel/payments/chart.ts';
import type { LogWebhookAttempts } from '../kernel/payments/commands.ts';
import { GONE, isTaken, RETRIES_US } from '../kernel/payments/webhookSchedule.ts';
import type { ToldKey } from '../readmodels/queries/toldEvents.ts';
import type { CallContext, LedgerService, PaymentsService, Position } from '../shard/service.ts';
import type { Dispatcher, Leased } from './dispatcher.ts';

type Attempt = LogWebhookAttempts['attempts'][number];

export interface DeliveriesOptions {
  dispatcher: Dispatcher;
  shards: Pick<LedgerService, 'locate'> & Pick<PaymentsService, 'submitPayments'>;
  /** Whether an endpoint has taken anything since that was told. */
  hasTakenSince: (shard: number, endpoint: number, key: ToldKey) => Promise<boolean>;
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

  /** Answers once it is durable. An endpoint that is gone, or has taken nothing for days, is disabled with it. */
  async log(
    book: string,
    { id, attempts }: Omit<LogWebhookAttempts, 'op'>,
    context: CallContext,
  ): Promise<{ position: Position; refused: string | null }> {
    const { shards, dispatcher } = this.#options;
    const { shard, number: bookNumber } = shards.locate(book);
    const command = { op: 'logWebhookAttempts', id, attempts } as const;
    const { position, outcomes } = await shards.submitPayments(book, [command], context);
    const [outcome] = outcomes;
    if (!outcome.done) return { position, refused: outcome.reason };
    for (const { merchant, endpoint, seq, index, askedSeq, status, retryAfterMs, tookMs } of attempts)
      dispatcher.settle(
        { shard, bookNumber, merchant, endpoint },
        { seq, index, askedSeq: askedSeq ?? seq },
        position.seq,
        { status, retryAfterMs, tookMs },
      );
    await this.#giveUp(book, { shard, bookNumber, id }, attempts, context);
    return { position, refused: null };
  }

  async #giveUp(
    book: string,
    { shard, bookNumber, id }: { shard: number; bookNumber: number; id: Uuid },
    attempts: readonly Attempt[],
    context: CallContext,
  ): Promise<void> {
    const endpoints = Map.groupBy(attempts, ({ merchant, endpoint }) => `${merchant} ${endpoint}`);
    for (const of of endpoints.values()) {
      const [{ merchant, endpoint }] = of;
      const reason = await this.#reasonToDisable(shard, bookNumber, of);
      const endpointId = reason && (await this.#options.endpointId(book, merchant, endpoint));
      if (reason === null || endpointId === null) continue;
      const command = {
        op: 'disableWebhookEndpoint',
        id: derivedId(id, `disable ${merchant} ${endpoint}`),
        merchant,
        endpoint: endpointId,
        reason,
      } as const;
      await this.#options.shards.submitPayments(book, [command], context);
      this.#options.log('info', 'webhooks.disabled', { merchant, endpoint: endpointId, reason });
    }
  }

  /** null where there is none. */
  async #reasonToDisable(
    shard: number,
    bookNumber: number,
    attempts: readonly Attempt[],
  ): Promise<'gone' | 'failing' | null> {
    if (attempts.some(({ status }) => status === GONE)) return 'gone';
    const given = attempts.find(({ status, try: tried }) => !isTaken(status) && tried > RETRIES_US.length);
    if (given === undefined || attempts.some(({ status }) => isTaken(status))) return null;
    const { merchant, seq, index, endpoint } = given;
    const taken = await this.#options.hasTakenSince(shard, endpoint, { bookNumber, merchant, seq, index });
    return taken ? null : 'failing';
  }
}
