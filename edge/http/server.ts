import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import scalar from '@scalar/fastify-api-reference';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { ClientSecrets } from '../auth/clientSecrets.ts';
import { Keys } from '../auth/keys.ts';
import type { Core } from '../core.ts';
import type { EdgeMetrics } from '../ops/metrics.ts';
import { Gate, type Limits } from '../limits/gate.ts';
import { countedAddress } from '../limits/address.ts';
import { Once } from '../idempotency/once.ts';
import { payRoutes } from '../pay/routes.ts';
import { callProblem, isStranger } from '../problems/fromCore.ts';
import { Problem } from '../problems/problem.ts';
import type { RequestRecorder } from '../requests/recorder.ts';
import { accountRoutes } from '../resources/account/routes.ts';
import { apiKeyRoutes } from '../resources/apiKeys/routes.ts';
import { balanceRoutes } from '../resources/balance/routes.ts';
import { balanceTransactionRoutes } from '../resources/balanceTransactions/routes.ts';
import { customerRoutes } from '../resources/customers/routes.ts';
import { eventRoutes } from '../resources/events/routes.ts';
import { paymentHistoryRoutes } from '../resources/paymentIntents/history.ts';
import { paymentIntentRoutes } from '../resources/paymentIntents/routes.ts';
import { paymentLinkRoutes } from '../resources/paymentLinks/routes.ts';
import { paymentMethodRoutes } from '../resources/paymentMethods/routes.ts';
import { refundRoutes } from '../resources/refunds/routes.ts';
import { requestLogRoutes } from '../resources/requestLogs/routes.ts';
import { webhookEndpointRoutes } from '../resources/webhookEndpoints/routes.ts';
import type { WebhookSecrets } from '../webhooks/secrets.ts';
import { answerOf, Api, send } from './api.ts';
import { httpServer, newRequestId, PATIENCE, type Patience, refuseConnection } from './connections.ts';
import type { Pair } from './certificate.ts';
import { errorsPage } from './errorsPage.ts';
import { isPreflight, tellBrowsers } from './browsers.ts';
import { parseJson } from './json.ts';
import { DOCUMENT } from '../openapi/document.ts';
import { validationProblem } from './validation.ts';
import { checkVersion, VERSION } from './versions.ts';

/** The largest body that is read. The largest that the API takes is a payment intent with all its metadata, 40 KB. */
const BODY_BYTES_MAX = 128 * 1_024;

/** What browsers are told of answers that are data: keep nothing, guess nothing, show it in no frame. Pages have helmet's. */
const FOR_DATA = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
} as const;

export interface ServerOptions {
  readonly core: Core;
  readonly secrets: WebhookSecrets;
  readonly clientSecrets: ClientSecrets;
  /** Where payers reach the edge. Default http://127.0.0.1:7410. */
  readonly publicUrl?: string | undefined;
  readonly nowMs: () => number;
  /** Its own certificate and key, PEM; undefined: cleartext. */
  readonly tls?: Pair | undefined;
  readonly limits: Limits;
  /** Which balancers say whose a request is: how many of them are in front, or their addresses; 0: none. */
  readonly trustProxy?: number | readonly string[] | undefined;
  /** Counts the requests; default: nobody does. */
  readonly metrics?: EdgeMetrics;
  /** Records the requests; default: nobody does. */
  readonly recorder?: Pick<RequestRecorder, 'watch'> | undefined;
  /** Default: PATIENCE. */
  readonly patience?: Patience;
  readonly log: (level: 'warn' | 'error', event: string, details: Readonly<Record<string, unknown>>) => void;
}

/** The REST API, listening nowhere yet. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const {
    publicUrl = 'http://127.0.0.1:7410',
    core,
    secrets,
    clientSecrets,
    nowMs,
    limits,
    log,
    tls,
    trustProxy = 0,
    metrics,
    recorder,
    patience = PATIENCE,
  } = options;
  const answerError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(error);
    if (problem.code === 'internal_error')
      log('error', 'request.failed', { request_id: request.id, route: routeOf(request), error: error.stack });
    if (isStranger(error))
      log('error', 'core.stranger', {
        request_id: request.id,
        route: routeOf(request),
        error: error.message,
      });
    const { retryAfterSeconds } = problem.fields;
    if (retryAfterSeconds !== undefined) reply.header('Retry-After', String(retryAfterSeconds));
    if (problem.status === 401) reply.header('WWW-Authenticate', 'Bearer');
    void send(reply, answerOf(problem, request));
  };
  const app = fastify({
    serverFactory: (handler) => httpServer(handler, { patience, tls }),
    trustProxy: typeof trustProxy === 'number' ? (_, hop) => hop < trustProxy : [...trustProxy],
    clientErrorHandler: refuseConnection,
    // Of a path that cannot be read there is no route, and no other way to an error's answer.
    frameworkErrors: answerError,
    bodyLimit: BODY_BYTES_MAX,
    genReqId: newRequestId,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    schemaErrorFormatter: (errors, part) => validationProblem(errors, part),
  });
  const keys = new Keys(core, { nowMs });
  const gate = new Gate(limits, { nowMs });
  metrics?.watch(app);
  recorder?.watch(app);

  app.addHook('onRequest', async (request, reply) => {
    reply.header('Request-Id', request.id);
    if (!request.url.startsWith('/v1/')) return;
    reply.header('Florin-Version', VERSION);
    reply.headers(FOR_DATA);
    tellBrowsers(request, reply);
    if (isPreflight(request)) return;
    checkVersion(request.headers['florin-version']);
    refuseEncoded(request);
    const address = countedAddress(request.ip);
    gate.checkAddress(address);
    const caller = await keys.callerOf(request.headers.authorization).catch((error: Error) => {
      if (error instanceof Problem) gate.noteStranger(address);
      throw error;
    });
    if (caller.kind === 'publishable') gate.admitPayer(address);
    const { policy, state } = gate.admit(caller.keyId);
    request.caller = caller;
    reply.header('RateLimit-Policy', policy).header('RateLimit', state);
  });
  // A change that says nothing more than its path has no body.
  app.addHook('preValidation', async (request) => {
    request.body ??= {};
  });
  takeJson(app);
  app.setNotFoundHandler(() => {
    throw new Problem('route_missing');
  });
  app.setErrorHandler(answerError);

  await app.register(helmet, { global: true, contentSecurityPolicy: false });
  await app.register(swagger, DOCUMENT);
  await app.register(async (scope) => {
    const api = new Api(scope, { once: new Once(core), gate, clientSecrets });
    paymentIntentRoutes(api, core, clientSecrets);
    refundRoutes(api, core);
    balanceRoutes(api, core);
    balanceTransactionRoutes(api, core);
    customerRoutes(api, core);
    paymentMethodRoutes(api, core);
    paymentHistoryRoutes(api, core);
    accountRoutes(api, core);
    apiKeyRoutes(api, core);
    eventRoutes(api, { core, publicUrl });
    requestLogRoutes(api, core);
    paymentLinkRoutes(api, { core, publicUrl });
    webhookEndpointRoutes(api, { core, secrets });
  });
  await app.register(async (scope) => payRoutes(scope, { core, gate, publicUrl, log }));
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  app.get('/docs/errors', { schema: { hide: true } }, (_, reply) =>
    reply.type('text/html; charset=utf-8').send(errorsPage()),
  );
  await app.register(scalar, {
    routePrefix: '/docs',
    configuration: { title: 'Florin API', withDefaultFonts: false, telemetry: false },
  });
  return app;
}

/** Nothing is unpacked: a body is as large as it came. */
function refuseEncoded({ headers }: FastifyRequest): void {
  const content = headers['content-encoding'] ?? 'identity';
  const transfer = headers['transfer-encoding'] ?? 'chunked';
  if (content.toLowerCase() === 'identity' && transfer.toLowerCase() === 'chunked') return;
  throw new Problem('encoding_unsupported');
}

function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => {
    try {
      done(null, parseJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
}

const BY_FASTIFY: Readonly<Record<string, ConstructorParameters<typeof Problem>[0]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'body_invalid_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'body_invalid_json',
  FST_ERR_BAD_URL: 'route_missing',
  FST_ERR_MAX_PARAM_LENGTH: 'resource_missing',
};

function problemOf(error: FastifyError): Problem {
  if (error instanceof Problem) return error;
  const known = callProblem(error);
  if (known !== undefined) return known;
  const code = BY_FASTIFY[error.code];
  return new Problem(code ?? 'internal_error');
}

/** The route, and never the path: that may be anything. */
function routeOf({ method, routeOptions }: FastifyRequest): string {
  return `${method} ${routeOptions.url ?? 'unknown'}`;
}
