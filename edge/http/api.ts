import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, type TSchema, Type } from 'typebox';
import { uuidv7 } from '../../client/index.ts';
import { type Caller, mayDo, type Scope } from '../auth/caller.ts';
import type { ClientSecrets } from '../auth/clientSecrets.ts';
import { idempotent, keyOf } from '../idempotency/key.ts';
import type { Answer, Once } from '../idempotency/once.ts';
import type { Gate } from '../limits/gate.ts';
import { named, PREFIX } from '../ids/prefixed.ts';
import { Problem, problemBody } from '../problems/problem.ts';
import { preflightRoute } from './browsers.ts';
import { IdParams, ProblemBody, STRICT } from './schemas.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose request it is; set before anything of it is read. */
    caller: Caller;
  }
}

/** A request as florin.requests.v1.RequestOrigin names it. */
export interface Origin {
  readonly requestId: string;
  /** '' for none. */
  readonly idempotencyKey: string;
}

interface Described {
  readonly tag: string;
  readonly summary: string;
  readonly scope: Scope;
  /** What it is answered with if all is well. */
  readonly answer: TSchema;
  /** Whether a publishable key may do it, with the client secret of the payment intent in the path; default false. */
  readonly isForPayers?: boolean;
}

interface Read<Query extends TSchema> extends Described {
  readonly query?: Query;
  readonly read: (
    caller: Caller,
    asked: { readonly id: string; readonly query: Static<Query> },
  ) => Promise<object>;
}

interface Change<Body extends TSchema> extends Described {
  readonly body: Body;
  /** Whether it needs an Idempotency-Key; default false. */
  readonly movesMoney?: boolean | ((body: Static<Body>) => boolean);
  /** Whether it may be answered before its outcome is known, with 202; default false. */
  readonly mayBeOpen?: boolean;
  /** Its answer holds a secret, so that it is kept nowhere; default false. */
  readonly hasSecret?: boolean;
  /** Puts into an answer what is told each time and saved nowhere; default: nothing. */
  readonly disclose?: (caller: Caller, answer: Answer) => Answer;
  /** A Problem that is returned and not thrown is an answer like any other: it is saved under the key. */
  readonly act: (
    command: {
      readonly id: string;
      readonly caller: Caller;
      /** Ids of tries at the same request that came to nothing, the newest last. */
      readonly before: readonly string[];
      /** How events name the request. */
      readonly origin: Origin;
    },
    asked: { readonly id: string; readonly body: Static<Body> },
  ) => Promise<Answer | Problem>;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

const KEY_HEADER = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      maxLength: 1_000,
      description: 'Up to 255 printable characters, one for each thing that is to be done once.',
    },
  },
} as const;

/** The routes of the API: each is described once, and validated, documented, authorised and made idempotent by that. */
export class Api {
  readonly #app: FastifyInstance;
  readonly #once: Once;
  readonly #gate: Gate;
  readonly #clientSecrets: ClientSecrets;

  constructor(
    app: FastifyInstance,
    { once, gate, clientSecrets }: { once: Once; gate: Gate; clientSecrets: ClientSecrets },
  ) {
    this.#app = app;
    this.#once = once;
    this.#gate = gate;
    this.#clientSecrets = clientSecrets;
  }

  get<Query extends TSchema>(url: string, { read, query, ...described }: Read<Query>): void {
    const querystring = query ?? Type.Object({}, STRICT);
    this.#app.route({
      method: 'GET',
      url,
      helmet: false,
      ...this.#openTo(described, url, 'GET'),
      schema: { ...schemaOf(url, described), ...paramsOf(url), querystring },
      handler: async (request, reply) => {
        const { caller } = request;
        const { id = '' } = request.params as Partial<IdParams>;
        this.#admit(caller, described, { id, secret: secretIn(request.query) });
        const asked = { id, query: request.query as Static<Query> };
        const body = await this.#gate.within(caller.keyId, () => read(caller, asked));
        return send(reply, { status: 200, body: JSON.stringify(body) });
      },
    });
  }

  post<Body extends TSchema>(url: string, change: Change<Body>): void {
    this.#change('POST', url, change);
  }

  delete<Body extends TSchema>(url: string, change: Change<Body>): void {
    this.#change('DELETE', url, change);
  }

  #change<Body extends TSchema>(
    method: 'POST' | 'DELETE',
    url: string,
    { act, movesMoney = false, mayBeOpen = false, hasSecret = false, disclose, ...described }: Change<Body>,
  ): void {
    const { response, ...documented } = schemaOf(url, described);
    this.#app.route({
      method,
      url,
      helmet: false,
      ...(method === 'POST' ? this.#openTo(described, url, method) : {}),
      schema: {
        ...documented,
        response: mayBeOpen ? { ...response, 202: described.answer } : response,
        ...paramsOf(url),
        body: described.body,
        headers: KEY_HEADER,
      },
      handler: async (request, reply) => {
        const { caller } = request;
        const body = request.body as Static<Body>;
        const { id = '' } = request.params as Partial<IdParams>;
        this.#admit(caller, described, { id, secret: secretIn(body) });
        const key = keyOf(request.headers['idempotency-key']);
        const answerWith = (answer: Answer): FastifyReply =>
          send(reply, disclose === undefined ? answer : disclose(caller, answer));
        const carryOut = async (commandId: string, before: readonly string[] = []): Promise<Answer> => {
          const origin = { requestId: request.id, idempotencyKey: key ?? '' };
          const answer = await act({ id: commandId, caller, before, origin }, { id, body });
          return answer instanceof Problem ? answerOf(answer, request) : answer;
        };
        if (key === undefined) {
          if (typeof movesMoney === 'function' ? movesMoney(body) : movesMoney)
            throw new Problem('idempotency_key_missing', { param: 'Idempotency-Key' });
          return answerWith(await this.#gate.within(caller.keyId, () => carryOut(uuidv7())));
        }
        const [path] = request.url.split('?');
        const asked = idempotent(key, { caller, method, path, body });
        const { isReplayed, ...answer } = await this.#gate.within(caller.keyId, () =>
          hasSecret
            ? this.#once.runUnsaved(asked, caller, carryOut)
            : this.#once.run(asked, caller, carryOut),
        );
        if (isReplayed) reply.header('Idempotent-Replayed', 'true');
        return answerWith(answer);
      },
    });
  }

  /** Lets pages of any origin use a route that is for payers. */
  #openTo({ isForPayers = false }: Described, url: string, browserMethod: 'GET' | 'POST') {
    if (!isForPayers) return {};
    preflightRoute(this.#app, url, browserMethod);
    return { config: { browserMethod } };
  }

  /** Throws where the caller may not do it. Whether there is such a payment is told to nobody without its secret. */
  #admit(
    caller: Caller,
    { scope, isForPayers = false }: Described,
    { id, secret }: { id: string; secret: string | undefined },
  ): void {
    if (caller.kind === 'secret') return checkScope(caller, scope);
    if (!isForPayers) throw new Problem('secret_key_required');
    if (secret === undefined) throw new Problem('parameter_missing', { param: 'client_secret' });
    if (!this.#clientSecrets.isGood(caller, named(PREFIX.paymentIntent, id), secret))
      throw new Problem('resource_missing');
  }
}

/** Of a request that is answered "no", in the form of RFC 9457. */
export function answerOf(problem: Problem, { url, id }: Pick<FastifyRequest, 'url' | 'id'>): Answer {
  const [path] = url.split('?');
  return { status: problem.status, body: JSON.stringify(problemBody(problem, { path, requestId: id })) };
}

export function send(reply: FastifyReply, { status, body }: Answer): FastifyReply {
  return reply
    .code(status)
    .header('content-type', status < 400 ? JSON_TYPE : PROBLEM_TYPE)
    .send(body);
}

/** What a payer shows for being the one whose payment it is. */
function secretIn(asked: unknown): string | undefined {
  return (asked as { readonly client_secret?: string }).client_secret;
}

function checkScope(caller: Caller, scope: Scope): void {
  if (mayDo(caller, scope)) return;
  throw new Problem('scope_missing', { detail: `The API key lacks the scope "${scope}".` });
}

function paramsOf(url: string) {
  return url.includes(':id') ? { params: IdParams } : {};
}

function schemaOf(url: string, { tag, summary, answer, isForPayers = false }: Described) {
  return {
    tags: [tag],
    summary,
    operationId: operationIdOf(url, summary),
    security: isForPayers ? [{ apiKey: [] }, { publishableKey: [] }] : [{ apiKey: [] }],
    response: { 200: answer, '4xx': ProblemBody, '5xx': ProblemBody },
  };
}

/** "Create a payment intent" to "create_a_payment_intent": stable, since the summary is. */
function operationIdOf(url: string, summary: string): string {
  const words = summary.toLowerCase().match(/[a-z0-9]+/g);
  if (words === null) throw new Error(`${url} has no summary`);
  return words.join('_');
}
