import type { MessageInitShape } from '@bufbuild/protobuf';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import {
  type NewWebhookEndpoint,
  type OnWebhookEndpoint,
  type WebhookEndpointResultSchema,
  type WebhookEndpointSchema,
  WebhookEndpointState,
  type WebhookEndpointUpdate,
  type WebhookSecretRotation,
} from '../../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import type {
  CreateWebhookEndpoint,
  DeleteWebhookEndpoint,
  RotateWebhookSecret,
  TestWebhookEndpoint,
  UpdateWebhookEndpoint,
} from '../../kernel/payments/commands.ts';
import type { WebhookEndpoint } from '../../kernel/payments/webhookModel.ts';
import { TOLD_TYPES } from '../../kernel/payments/told.ts';
import type { Malformed, PaymentOutcome } from '../../shard/service.ts';
import { refusal } from './answers.ts';
import { holdsCardNumber } from './cardNumber.ts';
import { Check } from './check.ts';
import { MODES } from './modes.ts';
import { originOf } from './origins.ts';
import {
  WEBHOOK_DESCRIPTION_CHARACTERS_MAX,
  WEBHOOK_EVENTS_MAX,
  WEBHOOK_SECRET_SECONDS_MAX,
  WEBHOOK_URL_CHARACTERS_MAX,
} from './paymentLimits.ts';
import { wordOf } from './paymentNames.ts';
import { metadataOf, textOf } from './payments.ts';
import { timestamp } from './rows.ts';

const STATES: Readonly<Record<WebhookEndpoint['state'], WebhookEndpointState>> = {
  enabled: WebhookEndpointState.ENABLED,
  disabled: WebhookEndpointState.DISABLED,
};

export function createWebhookEndpoint(item: NewWebhookEndpoint): CreateWebhookEndpoint | Malformed {
  const check = new Check();
  const mode = wordOf(MODES, item.mode);
  const command: CreateWebhookEndpoint = {
    op: 'createWebhookEndpoint',
    id: check.newId(item.id, 'id'),
    merchant: check.uuid(item.merchantId, 'merchant_id'),
    url: urlOf(item.url, check),
    mode: mode ?? 'test',
    events: eventsOf(item.events, 'events', check),
    description: descriptionOf(item.description, check),
    metadata: metadataOf(item.metadata, check),
    apiVersion: item.apiVersion,
  };
  if (mode === undefined)
    check.no(item.mode === Mode.UNSPECIFIED ? 'MISSING_FIELD' : 'INVALID_VALUE', 'mode');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(item.apiVersion))
    check.no(item.apiVersion === '' ? 'MISSING_FIELD' : 'INVALID_VALUE', 'api_version');
  return check.fault ?? command;
}

export function updateWebhookEndpoint(item: WebhookEndpointUpdate): UpdateWebhookEndpoint | Malformed {
  const check = new Check();
  const changes = {
    url: item.url === undefined ? null : urlOf(item.url, check),
    events: item.events === undefined ? null : eventsOf(item.events.events, 'events.events', check),
    description: item.description === undefined ? null : descriptionOf(item.description, check),
    metadata: item.metadata === undefined ? null : metadataOf(item.metadata.metadata, check),
    state: wordOf(STATES, item.state) ?? null,
  };
  const command = { op: 'updateWebhookEndpoint', ...onEndpoint(item, check), ...changes } as const;
  if (item.state !== WebhookEndpointState.UNSPECIFIED && changes.state === null)
    check.no('INVALID_VALUE', 'state');
  if (Object.values(changes).every((one) => one === null)) check.no('NOTHING_TO_CHANGE', '');
  return check.fault ?? command;
}

export function rotateWebhookSecret(item: WebhookSecretRotation): RotateWebhookSecret | Malformed {
  const check = new Check();
  const oldForSeconds = Number(item.oldForSeconds);
  const command = { op: 'rotateWebhookSecret', ...onEndpoint(item, check), oldForSeconds } as const;
  if (oldForSeconds < 0 || oldForSeconds > WEBHOOK_SECRET_SECONDS_MAX)
    check.no('INVALID_VALUE', 'old_for_seconds');
  return check.fault ?? command;
}

export function testWebhookEndpoint(item: OnWebhookEndpoint): TestWebhookEndpoint | Malformed {
  const check = new Check();
  const command = {
    op: 'testWebhookEndpoint',
    ...onEndpoint(item, check),
    origin: originOf(item.origin, check),
  } as const;
  return check.fault ?? command;
}

export function deleteWebhookEndpoint(item: OnWebhookEndpoint): DeleteWebhookEndpoint | Malformed {
  const check = new Check();
  const command = { op: 'deleteWebhookEndpoint', ...onEndpoint(item, check) } as const;
  return check.fault ?? command;
}

function onEndpoint(item: Pick<OnWebhookEndpoint, 'id' | 'merchantId' | 'webhookEndpointId'>, check: Check) {
  return {
    id: check.newId(item.id, 'id'),
    merchant: check.uuid(item.merchantId, 'merchant_id'),
    endpoint: check.uuid(item.webhookEndpointId, 'webhook_endpoint_id'),
  };
}

/** Without user and password, which would stand in every log on the way. */
function urlOf(text: string, check: Check): string {
  const url = URL.parse(text);
  if (text.length > WEBHOOK_URL_CHARACTERS_MAX) check.no('TOO_LONG', 'url');
  else if (text === '') check.no('MISSING_FIELD', 'url');
  else if (
    url === null ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username + url.password !== '' ||
    !/^[\x21-\x7e]*$/.test(text)
  )
    check.no('INVALID_VALUE', 'url');
  else if (holdsCardNumber(text)) check.no('CARD_NUMBER_REFUSED', 'url');
  return text;
}

const TYPES: ReadonlySet<string> = new Set(TOLD_TYPES);

/** In one order, each once: the same types are the same wish. */
function eventsOf(events: readonly string[], field: string, check: Check): string[] {
  if (events.length === 0) check.no('MISSING_FIELD', field);
  if (events.length > WEBHOOK_EVENTS_MAX) check.no('TOO_MANY', field);
  for (const [index, type] of events.entries())
    if (!TYPES.has(type) && !(type === '*' && events.length === 1))
      check.no('INVALID_VALUE', `${field}[${index}]`);
  return [...new Set(events)].toSorted();
}

function descriptionOf(text: string, check: Check): string {
  return textOf(text, 'description', WEBHOOK_DESCRIPTION_CHARACTERS_MAX, check);
}

export function webhookEndpoint(
  row: WebhookEndpoint,
  { book, merchant }: { book: string; merchant: string },
): MessageInitShape<typeof WebhookEndpointSchema> {
  const { id, number, url, description, metadata, apiVersion, disabledReason, secretGeneration } = row;
  return {
    id,
    book,
    merchantId: merchant,
    number,
    url,
    mode: MODES[row.mode],
    events: [...row.events],
    description,
    metadata,
    apiVersion,
    state: STATES[row.state],
    disabledReason,
    secretGeneration,
    ...(row.oldSecretUntilUs === 0 ? {} : { oldSecretUntil: timestamp(row.oldSecretUntilUs) }),
    createdAt: timestamp(row.createdUs),
    version: BigInt(row.version),
  };
}

/** `merchants` are those of the request's items, in order: each speaks of its own. */
export function webhookEndpointResult(
  outcome: PaymentOutcome,
  of: { book: string; merchant: string },
): MessageInitShape<typeof WebhookEndpointResultSchema> {
  if (!outcome.done) return { outcome: { case: 'refused', value: refusal(outcome) } };
  const { seq, replayed, endpoint } = outcome;
  if (endpoint === undefined) throw new Error(`event ${seq} is of no webhook endpoint`);
  const done = { seq: BigInt(seq), replayed, webhookEndpoint: webhookEndpoint(endpoint, of) };
  return { outcome: { case: 'done', value: done } };
}
