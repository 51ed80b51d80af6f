import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Books } from './books.ts';
import { type FaultPlan, readFaults } from './faults.ts';
import type { DisputeMove } from './laterEvents.ts';
import { referenceOfId } from './model.ts';
import type { Provider } from './provider.ts';
import { eventRow } from './rendering.ts';
import { errorAnswer, json, reply } from './replies.ts';
import { BadRequest, fieldsOf, pageOf, readBody, readJson } from './requests.ts';
import { TIMES_KEPT_MAX, type Traffic } from './traffic.ts';

export const OUTAGE_MS_MAX = 600_000;

export interface ControlOptions {
  readonly provider: Provider;
  readonly books: Books;
  readonly plan: FaultPlan;
  readonly traffic: Traffic;
  readonly onChanged: () => void;
  /** Listens to nobody for so long. */
  readonly outage: (forMs: number) => void;
}

/** For tests only, under /control: what goes wrong, what was asked for, and what a payer's bank does. No fault ever hits these paths. */
export class Control {
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { plan, traffic, outage } = this.#options;
    const route = `${request.method} ${url.pathname}`;
    if (route === 'GET /control/faults') return reply(response, json(200, plan.faults));
    if (route === 'PUT /control/faults') {
      const faults = readFaults(readJson(request, await readBody(request)));
      if (typeof faults === 'string') throw new BadRequest('malformed', faults);
      plan.replace(faults);
      return reply(response, json(200, faults));
    }
    if (route === 'GET /control/events') {
      const data = this.#options.books.events(pageOf(url.searchParams)).map(eventRow);
      return reply(response, json(200, { object: 'list', data }));
    }
    if (route === 'GET /control/traffic') return reply(response, json(200, traffic.seen()));
    if (route === 'PUT /control/traffic') {
      const kept = fieldsOf(readJson(request, await readBody(request)), ['times_kept']).get('times_kept');
      if (!Number.isInteger(kept) || (kept as number) < 0 || (kept as number) > TIMES_KEPT_MAX)
        throw new BadRequest('malformed', `times_kept must be a whole number from 0 to ${TIMES_KEPT_MAX}`);
      traffic.restart(kept as number);
      return reply(response, json(200, { times_kept: kept }));
    }
    if (route === 'POST /control/outage') {
      const forMs = fieldsOf(readJson(request, await readBody(request)), ['for_ms']).get('for_ms');
      if (!Number.isInteger(forMs) || (forMs as number) < 1 || (forMs as number) > OUTAGE_MS_MAX)
        throw new BadRequest('malformed', `for_ms must be a whole number from 1 to ${OUTAGE_MS_MAX}`);
      reply(response, json(202, { for_ms: forMs }), { connection: 'close' });
      response.once('close', () => outage(forMs as number));
      return;
    }
    const [, , kind, id, action] = url.pathname.split('/');
    const reference = referenceOfId(id ?? '');
    if (request.method === 'POST' && kind === 'payments' && reference !== null && action === 'dispute')
      return this.#dispute(request, response, reference);
    if (request.method === 'POST' && kind === 'payments' && reference !== null && action === 'refund')
      return this.#refund(request, response, reference);
    return reply(response, errorAnswer(404, 'not_found', 'there is no such control'));
  }

  async #refund(request: IncomingMessage, response: ServerResponse, payment: string): Promise<void> {
    const fields = fieldsOf(readJson(request, await readBody(request)), ['reference', 'amount']);
    const reference = fields.get('reference');
    const amount = fields.get('amount');
    if (typeof reference !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(reference))
      throw new BadRequest('malformed', 'reference must be 1 to 64 letters, digits, "_" and "-"');
    if (typeof amount !== 'string' || !/^[1-9]\d{0,11}$/.test(amount))
      throw new BadRequest('malformed', 'amount must be digits, minor units');
    const refund = { reference, amount: BigInt(amount) };
    const isDone = await this.#options.provider.refundByHand(payment, refund);
    this.#options.onChanged();
    if (isDone) reply(response, json(200, { reference, amount }));
    else reply(response, errorAnswer(409, 'refund_state', 'there is not so much to refund'));
  }

  async #dispute(request: IncomingMessage, response: ServerResponse, reference: string): Promise<void> {
    const fields = fieldsOf(readJson(request, await readBody(request)), ['move']);
    const move = (['opened', 'won', 'lost'] as const satisfies DisputeMove[]).find(
      (one) => one === fields.get('move'),
    );
    if (move === undefined) throw new BadRequest('malformed', 'move must be opened, won or lost');
    const isDone = await this.#options.provider.dispute(reference, move);
    this.#options.onChanged();
    if (isDone) reply(response, json(200, { move }));
    else
      reply(response, errorAnswer(409, 'dispute_state', 'there is nothing to dispute, or no such move now'));
  }
}
