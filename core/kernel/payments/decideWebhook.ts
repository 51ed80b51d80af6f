import { refusal } from '../ledger/context.ts';
import { Subject, type WebhookEndpointSet, type WebhookLogged, writeChange } from './change.ts';
import type { LogWebhookAttempts, ResendEvents, WebhookCommand, WebhookEndpointCommand } from './commands.ts';
import { factsOfPayment } from './facts.ts';
import type { Decided, PaymentContext } from './flow.ts';
import type { Merchant } from './model.ts';
import type { WebhookEndpoint } from './webhookModel.ts';
import type { Subjects } from './subjects.ts';
import { telling, type Telling } from './told.ts';
import { nextTryUs } from './webhookSchedule.ts';

/** Endpoints that a merchant may have at a time. */
export const WEBHOOK_ENDPOINTS_MAX = 16;

export function decideWebhook(
  context: PaymentContext,
  command: WebhookCommand,
  { merchant }: Subjects,
): Decided {
  if (command.op === 'logWebhookAttempts') return decideLog(context, command);
  if (merchant === undefined)
    return command.op === 'disableWebhookEndpoint'
      ? { done: 'nothing' }
      : refusal('MERCHANT_NOT_FOUND', { field: 'merchant_id' });
  if (command.op === 'createWebhookEndpoint') {
    if (merchant.webhooks.length >= WEBHOOK_ENDPOINTS_MAX)
      return refusal('WEBHOOK_ENDPOINTS_EXHAUSTED', { field: 'merchant_id' });
    if (command.mode !== merchant.mode) return refusal('MODE_MISMATCH', { field: 'mode' });
    const { op: _op, id, origin: _origin, merchant: _merchant, ...fields } = command;
    return written(context, command, merchant, {
      ...fields,
      id,
      number: merchant.webhookNumbers + 1,
      state: 'enabled',
      disabledReason: '',
      secretGeneration: 1,
      oldSecretUntilUs: 0,
      createdUs: context.nowUs,
      version: 0,
    });
  }
  const endpoint = merchant.webhooks.find(({ id }) => id === command.endpoint);
  if (endpoint === undefined)
    return command.op === 'disableWebhookEndpoint'
      ? { done: 'nothing' }
      : refusal('WEBHOOK_ENDPOINT_NOT_FOUND', { field: 'webhook_endpoint_id' });
  if (command.op === 'resendEvents') return decideResend(context, command, endpoint);
  if (command.op === 'testWebhookEndpoint' && endpoint.state === 'disabled')
    return refusal('WEBHOOK_ENDPOINT_DISABLED', { field: 'webhook_endpoint_id' });
  if (
    command.op === 'disableWebhookEndpoint' &&
    (endpoint.state === 'disabled' || endpoint.version > command.version)
  )
    return { done: 'nothing' };
  return written(context, command, merchant, changed(context, command, endpoint));
}

/** The endpoint after the command, at the version of before. */
function changed(
  { nowUs }: PaymentContext,
  command: Exclude<WebhookEndpointCommand, { op: 'createWebhookEndpoint' }>,
  endpoint: WebhookEndpoint,
): WebhookEndpoint {
  switch (command.op) {
    case 'updateWebhookEndpoint': {
      const { url, events, description, metadata, state } = command;
      return {
        ...endpoint,
        url: url ?? endpoint.url,
        events: events ?? endpoint.events,
        description: description ?? endpoint.description,
        metadata: metadata ?? endpoint.metadata,
        state: state ?? endpoint.state,
        disabledReason: state === 'disabled' ? 'requested' : state === null ? endpoint.disabledReason : '',
      };
    }
    case 'rotateWebhookSecret':
      return {
        ...endpoint,
        secretGeneration: endpoint.secretGeneration + 1,
        oldSecretUntilUs: nowUs + command.oldForSeconds * 1e6,
      };
    case 'disableWebhookEndpoint':
      return { ...endpoint, state: 'disabled', disabledReason: command.reason };
    case 'testWebhookEndpoint':
    case 'deleteWebhookEndpoint':
      return endpoint;
  }
}

const NAMES: Readonly<Record<WebhookEndpointCommand['op'], WebhookEndpointSet['name']>> = {
  createWebhookEndpoint: 'webhook_endpoint_created',
  updateWebhookEndpoint: 'webhook_endpoint_updated',
  rotateWebhookSecret: 'webhook_endpoint_updated',
  disableWebhookEndpoint: 'webhook_endpoint_disabled',
  testWebhookEndpoint: 'webhook_endpoint_tested',
  deleteWebhookEndpoint: 'webhook_endpoint_deleted',
};

function written(
  context: PaymentContext,
  command: WebhookEndpointCommand,
  merchant: Merchant,
  endpoint: WebhookEndpoint,
): Decided {
  const change: WebhookEndpointSet = {
    name: NAMES[command.op],
    by: command.op === 'disableWebhookEndpoint' ? 'timer' : 'caller',
    request: factsOfPayment(command),
    merchantVersion: merchant.version + 1,
    endpoint: {
      ...endpoint,
      metadata: Object.entries(endpoint.metadata),
      version: endpoint.version + 1,
    },
    ...toldBy(command, merchant, endpoint),
  };
  const { body, book } = context;
  const first = body.events;
  const event = {
    id: command.id,
    book,
    subject: Subject.merchant,
    subjectId: merchant.id,
    subjectSeq: merchant.seq,
  };
  return { done: 'events', first, at: writeChange(body, event, change), change };
}

/** Of an endpoint that is told nothing any more the others are told. */
function toldBy(
  command: WebhookEndpointCommand,
  merchant: Merchant,
  { id, number }: WebhookEndpoint,
): Telling {
  if (command.op === 'testWebhookEndpoint')
    return telling({ merchant, origin: command.origin }, [
      { type: 'webhook_endpoint.test', about: id, to: [number] },
    ]);
  if (command.op !== 'disableWebhookEndpoint') return {};
  const webhooks = merchant.webhooks.filter((one) => one.id !== id);
  return telling({ merchant: { ...merchant, webhooks } }, [{ type: 'webhook_endpoint.disabled', about: id }]);
}

function decideResend(context: PaymentContext, command: ResendEvents, { number }: WebhookEndpoint): Decided {
  return logged(context, command, {
    name: 'webhook_resend_asked',
    by: 'caller',
    request: factsOfPayment(command),
    resend: {
      merchant: command.merchant,
      to: number,
      events: command.events.map(({ seq, index }) => [seq, index] as const),
    },
  });
}

/** What came of attempts is a fact, of endpoints that are gone by now too. */
function decideLog(context: PaymentContext, command: LogWebhookAttempts): Decided {
  return logged(context, command, {
    name: 'webhook_attempts_logged',
    by: 'timer',
    request: factsOfPayment(command),
    tries: command.attempts.map(({ retryAfterMs, ...attempt }) => ({
      ...attempt,
      nextUs: nextTryUs({ ...attempt, retryAfterMs, nowUs: context.nowUs }),
    })),
  });
}

function logged(
  { body, book }: PaymentContext,
  { id }: ResendEvents | LogWebhookAttempts,
  change: WebhookLogged,
): Decided {
  const first = body.events;
  const event = { id, book, subject: Subject.webhookLog, subjectId: id, subjectSeq: 0 };
  return { done: 'events', first, at: writeChange(body, event, change), change };
}
