import type { FastifyInstance, FastifyReply } from 'fastify';
import { namedId, uuidv7 } from '../../client/index.ts';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import { type PaymentLink, PaymentLinkState } from '../../gen/florin/payments/v1/payment_links_pb.ts';
import type { PaymentIntent } from '../../gen/florin/payments/v1/payments_pb.ts';
import type { Caller } from '../auth/caller.ts';
import type { Core } from '../core.ts';
import { named, PREFIX, prefixed } from '../ids/prefixed.ts';
import { countedAddress } from '../limits/address.ts';
import type { Gate } from '../limits/gate.ts';
import { callProblem } from '../problems/fromCore.ts';
import { Problem } from '../problems/problem.ts';
import { PaymentIntentCommands } from '../resources/paymentIntents/commands.ts';
import { renderFor } from '../resources/paymentIntents/render.ts';
import { exact } from '../resources/values.ts';
import { amountText } from './amounts.ts';
import { isTestCard } from './cards.ts';
import {
  actionPage,
  formPage,
  messagePage,
  type Offer,
  overPage,
  paidPage,
  POLICY,
  processingPage,
} from './pages.ts';
import { pathOf } from './paths.ts';

/** A form has a card's token and a version. */
const FORM_BYTES_MAX = 2_048;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const LATEST = { latest: true };

interface LinkParams {
  readonly book: string;
  readonly link: string;
}
interface VisitParams extends LinkParams {
  readonly visit: string;
}

type PayCore = Pick<Core, 'paymentLinks' | 'paymentIntents' | 'merchants' | 'assets'>;

interface PayOptions {
  readonly core: PayCore;
  readonly gate: Gate;
  readonly publicUrl: string;
  readonly log: (level: 'error', event: string, details: Readonly<Record<string, unknown>>) => void;
}

/**
 * The pages of payment links. Whoever opens a link is sent on to a visit of their own, and each visit is one payment: its
 * id derives from the visit, and that of each try from the payment's version that the form was shown with. So a second
 * click, a reload or another edge carries out what was carried out.
 */
export function payRoutes(app: FastifyInstance, { core, gate, publicUrl, log }: PayOptions): void {
  const commands = new PaymentIntentCommands(core);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: FORM_BYTES_MAX },
    (_, body, done) => done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );
  app.addHook('onRequest', async (request, reply) => {
    reply
      .header('Request-Id', request.id)
      .header('Cache-Control', 'no-store')
      .header('Content-Security-Policy', POLICY)
      // Whoever has the address of a visit sees that payment.
      .header('Referrer-Policy', 'no-referrer');
    gate.admitPayer(countedAddress(request.ip));
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = error instanceof Problem ? error : callProblem(error);
    if (problem === undefined && !isClients(error))
      log('error', 'request.failed', {
        request_id: request.id,
        route: `${request.method} ${request.routeOptions.url ?? 'unknown'}`,
        error: (error as Error).stack,
      });
    sendProblem(reply, problem ?? new Problem(isClients(error) ? 'request_malformed' : 'internal_error'));
  });

  app.get<{ Params: LinkParams }>(
    '/pay/:book/:link',
    { schema: { hide: true } },
    async ({ params }, reply) => {
      const link = await openLink(core, params);
      if (link.state !== PaymentLinkState.ACTIVE) return sendInactive(reply);
      return reply.redirect(pathOf(link.book, link.id, uuidv7()), 303);
    },
  );

  app.get<{ Params: VisitParams }>(
    '/pay/:book/:link/:visit',
    { schema: { hide: true } },
    async ({ params, url }, reply) => {
      const visit = await openVisit(core, params);
      const query = url.split('?')[1] ?? '';
      if (query === '' || visit.intent === undefined) return show(core, reply, visit);
      // Back from the bank, with what some providers need to know.
      const { status } = renderFor(visit.caller, visit.intent);
      if (status === 'requires_action') await goOn(visit, visit.intent, { redirect_result: query });
      return reply.redirect(visit.path, 303);
    },
  );

  app.post<{ Params: VisitParams; Body: Record<string, string> | undefined }>(
    '/pay/:book/:link/:visit',
    { schema: { hide: true } },
    async ({ params, body }, reply) => {
      const visit = await openVisit(core, params);
      const { card = '', version = '' } = body ?? {};
      if (!isTestCard(card)) return show(core, reply, visit, 'Choose one of the test cards.');
      await gate.within(`payment link ${visit.link.id}`, () => pay(visit, { card, version }));
      return reply.redirect(visit.path, 303);
    },
  );

  async function pay(
    { caller, link, path, intent, intentId }: Visit,
    { card, version }: { card: string; version: string },
  ): Promise<void> {
    if (intent === undefined) {
      if (link.state !== PaymentLinkState.ACTIVE || version !== '0') return;
      const { amount, description, metadata } = link;
      await unlessDone(
        commands.create(
          { id: intentId, caller },
          {
            amount: exact(amount?.minorUnits ?? 0n),
            currency: amount?.asset ?? '',
            payment_method: card,
            confirm: true,
            description,
            reference: prefixed(PREFIX.paymentLink, link.id),
            metadata,
            return_url: publicUrl + path,
          },
        ),
      );
      return;
    }
    const { status } = renderFor(caller, intent);
    // A form of before what happened since asks for what was asked for already.
    if (status !== 'requires_payment_method' || version !== String(intent.version)) return;
    await goOn({ caller }, intent, { payment_method: card });
  }

  function goOn(
    { caller }: Pick<Visit, 'caller'>,
    { id, version }: PaymentIntent,
    body: { payment_method: string } | { redirect_result: string },
  ): Promise<void> {
    const commandId = namedId(['florin payment link try', id, String(version)]);
    return unlessDone(commands.confirm({ id: commandId, caller }, id, body));
  }
}

/** What the payment's state says is shown after it; a second click loses to the first. */
async function unlessDone(command: Promise<unknown>): Promise<void> {
  try {
    await command;
  } catch (error) {
    const isDone =
      error instanceof Problem &&
      ['payment_intent_unexpected_state', 'idempotency_key_reused'].includes(error.code);
    if (!isDone) throw error;
  }
}

interface Visit {
  readonly link: PaymentLink;
  readonly caller: Caller;
  readonly path: string;
  readonly intentId: string;
  /** undefined: nothing was paid yet. */
  readonly intent: PaymentIntent | undefined;
}

async function openLink(core: PayCore, { book, link }: LinkParams): Promise<PaymentLink> {
  const paymentLinkId = named(PREFIX.paymentLink, link);
  const { paymentLink } = await core.paymentLinks.getPaymentLink({ book, paymentLinkId, freshness: LATEST });
  if (paymentLink?.mode === Mode.TEST) return paymentLink;
  throw new Problem('resource_missing');
}

async function openVisit(core: PayCore, { visit, ...params }: VisitParams): Promise<Visit> {
  if (!UUID.test(visit)) throw new Problem('resource_missing');
  const link = await openLink(core, params);
  const { book, id, merchantId } = link;
  const intentId = namedId(['florin payment link visit', book, id, visit]);
  const intent = await core.paymentIntents.readPaymentIntent(book, intentId);
  if (intent !== undefined && intent.merchantId !== merchantId) throw new Problem('resource_missing');
  const caller: Caller = {
    keyId: id,
    book,
    merchantId,
    isLive: false,
    kind: 'publishable',
    scopes: new Set(),
  };
  return { link, caller, path: pathOf(book, id, visit), intentId, intent };
}

async function offerOf(
  core: PayCore,
  { book, merchantId, amount, description }: PaymentLink,
): Promise<Offer> {
  const { minorUnits = 0n, asset = '' } = amount ?? {};
  const [{ merchant }, { asset: found }] = await Promise.all([
    core.merchants.getMerchant({ book, merchantId, freshness: LATEST }),
    core.assets.getAsset({ code: asset }),
  ]);
  if (merchant === undefined || found === undefined) throw new Problem('resource_missing');
  return {
    merchant: merchant.name,
    amount: amountText({ minorUnits, asset }, found.scale),
    description,
  };
}

async function show(core: PayCore, reply: FastifyReply, visit: Visit, error = ''): Promise<FastifyReply> {
  const { link, caller, intent } = visit;
  if (intent === undefined && link.state !== PaymentLinkState.ACTIVE) return sendInactive(reply);
  const offer = await offerOf(core, link);
  if (intent === undefined)
    return send(reply, error === '' ? 200 : 400, formPage(offer, { version: '0', error }));
  const seen = renderFor(caller, intent);
  switch (seen.status) {
    case 'requires_payment_method':
    case 'requires_confirmation': {
      const declined = seen.last_payment_error?.message ?? 'The payment could not be made.';
      const why = error || `${declined} Nothing was paid. Choose another card, or try again.`;
      return send(
        reply,
        error === '' ? 200 : 400,
        formPage(offer, { version: String(intent.version), error: why }),
      );
    }
    case 'requires_action':
      return seen.next_action === null
        ? send(reply, 202, processingPage(offer))
        : send(reply, 200, actionPage(offer, seen.next_action.redirect_to_url.url));
    case 'processing':
      return send(reply, 202, processingPage(offer));
    case 'requires_capture':
    case 'succeeded':
      return send(reply, 200, paidPage(offer));
    case 'canceled':
      return send(reply, 200, overPage(offer, pathOf(link.book, link.id)));
  }
}

function send(reply: FastifyReply, status: number, html: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(html);
}

function sendInactive(reply: FastifyReply): FastifyReply {
  return send(reply, 410, messagePage('Not active', 'This link takes no payments any more.'));
}

function sendProblem(reply: FastifyReply, problem: Problem): void {
  const { retryAfterSeconds } = problem.fields;
  if (retryAfterSeconds !== undefined) reply.header('Retry-After', String(retryAfterSeconds));
  const page =
    problem.status === 404
      ? messagePage('Not found', 'There is no such payment link.')
      : problem.status >= 429
        ? messagePage(
            'Not now',
            'This cannot be done at the moment. Open this page again a little later: nothing is paid twice.',
          )
        : messagePage('Not possible', `${problem.message}.`);
  send(reply, problem.status, page);
}

/** What the HTTP layer refuses before a route sees it. */
function isClients(error: unknown): boolean {
  const { statusCode = 500 } = error as { statusCode?: number };
  return statusCode < 500;
}
