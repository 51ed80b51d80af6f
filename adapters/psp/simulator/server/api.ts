import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Books } from './books.ts';
import type { ClockMs } from './clock.ts';
import type { FaultPlan, RequestFault } from './faults.ts';
import type { FollowUpKind } from './followUps.ts';
import { type Answer, referenceOfId } from './model.ts';
import type { Outbox } from './outbox.ts';
import type { Outcome, Provider } from './provider.ts';
import { answerOfPayment, eventRow, reportLine, settlementLine } from './rendering.ts';
import { errorAnswer, json, reply } from './replies.ts';
import type { Traffic } from './traffic.ts';
import {
  BadRequest,
  authorizeRequest,
  followUpRequest,
  keyedOf,
  pageOf,
  periodOf,
  readBody,
  readJson,
} from './requests.ts';

export interface ApiOptions {
  readonly provider: Provider;
  readonly books: Books;
  readonly plan: FaultPlan;
  readonly outbox: Outbox | null;
  readonly traffic: Traffic;
  readonly clock: ClockMs;
  /** Something may be due that was not before. */
  readonly onChanged: () => void;
}

const SLOW_MS = 5_000;
/** How long `pm_sim_webhook_before_response` waits for whoever gets the webhook. */
const WEBHOOK_FIRST_MS = 2_000;
const FOLLOW_UPS: ReadonlyMap<string, FollowUpKind> = new Map([
  ['increments', 'increment'],
  ['captures', 'capture'],
  ['voids', 'void'],
  ['refunds', 'refund'],
]);

/** What of a request's fate is decided before anything is done, and by which answer; null: it is never answered. */
const BEFORE: Partial<Readonly<Record<RequestFault, Answer | null>>> = {
  rate_limited: errorAnswer(429, 'rate_limited', 'too many requests', { nothing_done: true }),
  unavailable: errorAnswer(503, 'unavailable', 'try again later', { nothing_done: true }),
  error_before: errorAnswer(500, 'internal', 'something went wrong'),
  hang_before: null,
};

const NOT_FOUND = errorAnswer(404, 'not_found', 'there is no such resource', { nothing_done: true });
const NO_OPERATION = errorAnswer(404, 'operation_not_found', 'no operation is known under this reference');

/** The API that merchants call: everything under /v1. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { pathname } = url;
    const [, , resource, id, action] = pathname.split('/');
    const { traffic } = this.#options;
    if (request.method === 'GET') {
      if (resource === 'operations') {
        traffic.begin('query', id ?? '', response);
        return this.#query(response, id ?? '');
      }
      if (resource === 'events') return this.#events(response, url.searchParams);
      const answer = await this.#list(resource, id, url.searchParams);
      return reply(response, answer ?? NOT_FOUND);
    }
    if (request.method !== 'POST' || resource !== 'payments') return reply(response, NOT_FOUND);
    traffic.begin(action ?? 'payments', String(request.headers['idempotency-key'] ?? ''), response);
    const body = await readBody(request);
    if (id === undefined) return this.#authorize(request, response, body);
    const target = referenceOfId(id);
    if (target === null || action === undefined) return reply(response, NOT_FOUND);
    if (action === 'continue') return this.#continue(response, target);
    const kind = FOLLOW_UPS.get(action);
    if (kind === undefined) return reply(response, NOT_FOUND);
    // By what it means: a payment has an id and a reference, and a second try may name the other one.
    const keyed = keyedOf(request, `${kind} ${target}`, body);
    const asked = followUpRequest(readJson(request, body), { hasFinal: kind === 'capture' });
    return this.#carryOut(response, `${kind} ${keyed.reference}`, () =>
      this.#options.provider.followUp(keyed, kind, target, asked),
    );
  }

  async #authorize(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const { provider } = this.#options;
    const keyed = keyedOf(request, 'authorize', body);
    const asked = authorizeRequest(readJson(request, body));
    const behaviour = provider.cardOf(asked.token)?.behaviour;
    // It gets lost on its way here: whoever sends it again loses it again.
    if (behaviour === 'timeout_never_arrived') return;
    return this.#carryOut(response, `authorize ${keyed.reference}`, () => provider.authorize(keyed, asked));
  }

  #continue(response: ServerResponse, target: string): Promise<void> {
    return this.#carryOut(response, `continue ${target}`, () => this.#options.provider.continue(target));
  }

  async #carryOut(
    response: ServerResponse,
    what: string,
    perform: () => Promise<Outcome | null>,
  ): Promise<void> {
    const { plan, outbox, clock, onChanged } = this.#options;
    const { fault, latencyMs } = plan.ofRequest(what, clock());
    if (answeredBefore(response, fault, latencyMs)) return;
    const outcome = await perform();
    if (outcome === null) return replyAfter(response, NOT_FOUND, latencyMs);
    const { answer, told, behaviour } = outcome;
    const isTold =
      behaviour === 'webhook_before_response' ? outbox?.tried(told, WEBHOOK_FIRST_MS) : undefined;
    onChanged();
    await isTold;
    // Done and kept: what follows only concerns the answer.
    if (fault === 'lost_reply') response.destroy();
    else if (fault === 'hang_after' || behaviour === 'timeout_then_success') return;
    else if (fault === 'error_after')
      replyAfter(response, errorAnswer(500, 'internal', 'something went wrong'), latencyMs);
    else replyAfter(response, answer, behaviour === 'slow_5s' ? SLOW_MS : latencyMs);
  }

  async #query(response: ServerResponse, reference: string): Promise<void> {
    const { provider, plan, clock, onChanged } = this.#options;
    const { fault, latencyMs } = plan.ofRequest(`query ${reference}`, clock());
    if (answeredBefore(response, fault, latencyMs)) return;
    const found = await provider.query(reference);
    onChanged();
    const isVisible = found !== null && found.createdMs + plan.faults.visible_after_ms <= clock();
    // Nothing is done by a query, so what goes wrong after it is a lost answer and nothing more.
    if (fault === 'lost_reply' || fault === 'error_after') response.destroy();
    else if (fault !== 'hang_after') replyAfter(response, isVisible ? found.answer : NO_OPERATION, latencyMs);
  }

  /** The list that merchants read: what goes wrong with questions goes wrong with it. */
  #events(response: ServerResponse, query: URLSearchParams): void {
    const { books, plan, clock } = this.#options;
    const page = pageOf(query);
    const { fault, latencyMs } = plan.ofRequest('events', clock());
    if (answeredBefore(response, fault, latencyMs)) return;
    if (fault === 'lost_reply' || fault === 'error_after') return void response.destroy();
    if (fault === 'hang_after') return;
    const rows = books.events(page);
    const data = rows
      .map(eventRow)
      .filter(({ event }) => plan.isListed(event.id, clock() - event.created_ms));
    replyAfter(
      response,
      json(200, { object: 'list', data, has_more: rows.length === page.limit }),
      latencyMs,
    );
  }

  async #list(resource: string, id: string | undefined, query: URLSearchParams): Promise<Answer | undefined> {
    const { books, provider } = this.#options;
    switch (resource) {
      case 'report':
        return json(200, { object: 'list', data: books.report(pageOf(query)).map(reportLine) });
      case 'settlement':
        return json(200, {
          object: 'list',
          data: books.lines({ ...pageOf(query), ...periodOf(query) }).map(settlementLine),
        });
      case 'payments': {
        const reference = referenceOfId(id ?? '');
        const payment = reference === null ? undefined : await provider.payment(reference);
        return payment && answerOfPayment(payment);
      }
      default:
        return undefined;
    }
  }
}

/** Whether the request's fate was decided before anything was done. */
function answeredBefore(
  response: ServerResponse,
  fault: RequestFault | 'down' | null,
  latencyMs: number,
): boolean {
  if (fault === null) return false;
  if (fault === 'down') {
    response.destroy();
    return true;
  }
  const answer = BEFORE[fault];
  if (answer === undefined) return false;
  if (answer !== null) replyAfter(response, answer, latencyMs);
  return true;
}

function replyAfter(response: ServerResponse, answer: Answer, delayMs: number): void {
  const headers = answer.status === 429 || answer.status === 503 ? { 'retry-after': '1' } : {};
  if (delayMs === 0) reply(response, answer, headers);
  else setTimeout(() => reply(response, answer, headers), delayMs);
}

/** Of an error that was thrown: a bad request says what is wrong, anything else says nothing. */
export function answerOfError(error: unknown): Answer {
  if (error instanceof BadRequest)
    return errorAnswer(error.status, error.code, error.message, { nothing_done: true });
  return errorAnswer(500, 'internal', 'something went wrong');
}
