import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PREFIX, uuidOf } from '../ids/prefixed.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The method by which pages of any origin may use the route; without it they may not. */
    browserMethod?: 'GET' | 'POST';
  }
}

/** Long enough that a payer's browser asks once, and as long as any browser believes it. Seconds. */
const PREFLIGHT_SECONDS = 7_200;
const SENT = 'Authorization, Content-Type, Idempotency-Key, Florin-Version';
const READ =
  'Request-Id, Florin-Version, Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate';

/** Lets pages of any origin ask whether they may use a route of one payment intent. */
export function preflightRoute(app: FastifyInstance, url: string, browserMethod: 'GET' | 'POST'): void {
  app.route({
    method: 'OPTIONS',
    url,
    config: { browserMethod },
    schema: { hide: true },
    handler: (_, reply) => reply.code(204).send(),
  });
}

/** Whether the request only asks whether another may be made: it comes without a key. */
export function isPreflight({ method, routeOptions }: FastifyRequest): boolean {
  return method === 'OPTIONS' && routeOptions.config.browserMethod !== undefined;
}

/** CORS, for exactly the routes that say so; no cookie is ever asked for, so any origin may be told. */
export function tellBrowsers(request: FastifyRequest, reply: FastifyReply): void {
  const { browserMethod } = request.routeOptions.config;
  if (browserMethod === undefined) return;
  if (!isPreflight(request)) {
    reply.header('Access-Control-Allow-Origin', '*').header('Access-Control-Expose-Headers', READ);
    return;
  }
  const { id = '' } = request.params as { id?: string };
  // Browsers ask for no permission of the method GET or POST as such: a "no" is an answer without these headers.
  const isMeant = request.headers['access-control-request-method'] === browserMethod;
  if (!isMeant || uuidOf(PREFIX.paymentIntent, id) === undefined) return;
  reply
    .header('Access-Control-Allow-Origin', '*')
    .header('Access-Control-Allow-Methods', browserMethod)
    .header('Access-Control-Allow-Headers', SENT)
    .header('Access-Control-Max-Age', String(PREFLIGHT_SECONDS));
}
