import { type Static, Type } from 'typebox';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import {
  type WebhookEndpoint,
  type WebhookEndpointResult,
  WebhookEndpointState,
} from '../../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import type { Api } from '../../http/api.ts';
import { LIST_QUERY, listBodyOf, listOf, pageOfAll } from '../../http/lists.ts';
import { merged } from '../../http/metadata.ts';
import { STRICT } from '../../http/schemas.ts';
import { VERSION } from '../../http/versions.ts';
import { named, PREFIX } from '../../ids/prefixed.ts';
import { refusalProblem } from '../../problems/fromCore.ts';
import { Problem } from '../../problems/problem.ts';
import type { WebhookSecrets } from '../../webhooks/secrets.ts';
import { renderAttempt } from '../events/attempts.ts';
import { AttemptBody } from '../events/schemas.ts';
import { renderWebhookEndpoint } from './render.ts';
import { eventsToResend } from './resend.ts';
import {
  DeletedBody,
  NewWebhookEndpoint,
  Resend,
  ResendBody,
  SecretRotation,
  WebhookEndpointBody,
  WebhookEndpointUpdate,
  WebhookEndpointWithSecret,
} from './schemas.ts';

const TAG = 'Webhook endpoints';
const LATEST = { latest: true };
const OLD_SECRET_SECONDS = 86_400;
const Nothing = Type.Object({}, STRICT);
const WebhookEndpointsQuery = Type.Object(LIST_QUERY, STRICT);

interface Needs {
  readonly core: Pick<Core, 'webhookEndpoints' | 'webhookDeliveries' | 'events'>;
  readonly secrets: WebhookSecrets;
}

export function webhookEndpointRoutes(api: Api, needs: Needs): void {
  const { core } = needs;
  const scope = 'webhook_endpoints:write';
  const shown = { tag: TAG, scope, answer: WebhookEndpointBody } as const;
  const answered = (endpoint: WebhookEndpoint) => ({
    status: 200,
    body: JSON.stringify(renderWebhookEndpoint(endpoint)),
  });
  secretRoutes(api, needs);
  api.get('/v1/webhook_endpoints', {
    tag: TAG,
    summary: 'List webhook endpoints',
    scope: 'webhook_endpoints:read',
    query: WebhookEndpointsQuery,
    answer: listBodyOf(WebhookEndpointBody),
    read: async ({ book, merchantId }, { query }) => {
      const { webhookEndpoints } = await core.webhookEndpoints.listWebhookEndpoints({
        book,
        merchantId,
        freshness: LATEST,
      });
      const all = webhookEndpoints.toReversed().map(renderWebhookEndpoint);
      const { rows, hasMore } = pageOfAll(query, all);
      return listOf(rows, { url: '/v1/webhook_endpoints', hasMore });
    },
  });
  api.get('/v1/webhook_endpoints/:id', {
    tag: TAG,
    summary: 'Retrieve a webhook endpoint',
    scope: 'webhook_endpoints:read',
    answer: WebhookEndpointBody,
    read: async (caller, { id }) => renderWebhookEndpoint(await own(core, caller, id)),
  });
  api.post('/v1/webhook_endpoints/:id', {
    ...shown,
    summary: 'Update a webhook endpoint',
    body: WebhookEndpointUpdate,
    act: async ({ id: commandId, caller }, { id, body }) => {
      const endpoint = await own(core, caller, id);
      checkUrl(caller, body.url);
      const { results } = await core.webhookEndpoints.updateWebhookEndpoints({
        book: caller.book,
        updates: [{ ...on(caller, commandId, endpoint.id), ...changeOf(endpoint, body) }],
      });
      return answered(changed(results));
    },
  });
  api.delete('/v1/webhook_endpoints/:id', {
    ...shown,
    summary: 'Delete a webhook endpoint',
    body: Nothing,
    answer: DeletedBody,
    act: async ({ id: commandId, caller }, { id }) => {
      const deletion = on(caller, commandId, named(PREFIX.webhookEndpoint, id));
      const { results } = await core.webhookEndpoints.deleteWebhookEndpoints({
        book: caller.book,
        deletions: [deletion],
      });
      changed(results);
      return { status: 200, body: JSON.stringify({ id, object: 'webhook_endpoint', deleted: true }) };
    },
  });
  api.post('/v1/webhook_endpoints/:id/test', {
    ...shown,
    summary: 'Send a webhook endpoint a test event',
    body: Nothing,
    act: async ({ id: commandId, caller, origin }, { id }) => {
      const test = { ...on(caller, commandId, named(PREFIX.webhookEndpoint, id)), origin };
      const { results } = await core.webhookEndpoints.testWebhookEndpoints({
        book: caller.book,
        tests: [test],
      });
      return answered(changed(results));
    },
  });
  historyRoutes(api, needs);
}

/** Those whose answers hold the secret. */
function secretRoutes(api: Api, { core, secrets }: Needs): void {
  const described = {
    tag: TAG,
    scope: 'webhook_endpoints:write',
    answer: WebhookEndpointWithSecret,
    hasSecret: true,
  } as const;
  const answered = (endpoint: WebhookEndpoint) => {
    const secret = secrets.secretOf(endpoint, endpoint.secretGeneration);
    return { status: 200, body: JSON.stringify({ ...renderWebhookEndpoint(endpoint), secret }) };
  };
  api.post('/v1/webhook_endpoints', {
    ...described,
    summary: 'Create a webhook endpoint',
    body: NewWebhookEndpoint,
    act: async ({ id, caller }, { body }) => {
      const { url, enabled_events: events, description = '', metadata = {} } = body;
      checkUrl(caller, url);
      const { book, merchantId, isLive } = caller;
      const mode = isLive ? Mode.LIVE : Mode.TEST;
      const endpoint = { id, merchantId, url, mode, events, description, metadata, apiVersion: VERSION };
      const { results } = await core.webhookEndpoints.createWebhookEndpoints({
        book,
        webhookEndpoints: [endpoint],
      });
      return answered(changed(results));
    },
  });
  api.post('/v1/webhook_endpoints/:id/rotate_secret', {
    ...described,
    summary: 'Give a webhook endpoint another secret',
    body: SecretRotation,
    act: async ({ id: commandId, caller }, { id, body }) => {
      const oldForSeconds = BigInt(body.expires_in ?? OLD_SECRET_SECONDS);
      const rotation = { ...on(caller, commandId, named(PREFIX.webhookEndpoint, id)), oldForSeconds };
      const { results } = await core.webhookEndpoints.rotateWebhookSecrets({
        book: caller.book,
        rotations: [rotation],
      });
      return answered(changed(results));
    },
  });
}

function historyRoutes(api: Api, { core }: Needs): void {
  api.post('/v1/webhook_endpoints/:id/resend', {
    tag: TAG,
    summary: 'Send events to a webhook endpoint once more',
    scope: 'webhook_endpoints:write',
    body: Resend,
    answer: ResendBody,
    act: async ({ id: commandId, caller }, { id, body }) => {
      const { book, merchantId } = caller;
      const endpoint = await own(core, caller, id);
      const { eventIds, hasMore } = await eventsToResend(core, caller, { endpoint, asked: body });
      if (eventIds.length > 0) {
        const request = { book, id: commandId, merchantId, webhookEndpointId: endpoint.id, eventIds };
        const { refused } = await core.webhookDeliveries.resendEvents({ ...request, freshness: LATEST });
        if (refused !== undefined) throw refusalProblem(refused);
      }
      const answer = { object: 'resend', webhook_endpoint: id, events: eventIds.length, has_more: hasMore };
      return { status: 200, body: JSON.stringify(answer) };
    },
  });
  api.get('/v1/webhook_endpoints/:id/attempts', {
    tag: TAG,
    summary: 'List the newest deliveries to a webhook endpoint',
    scope: 'webhook_endpoints:read',
    query: Type.Object({ limit: LIST_QUERY.limit }, STRICT),
    answer: listBodyOf(AttemptBody),
    read: async (caller, { id, query }) => {
      const { book, merchantId } = caller;
      const { id: webhookEndpointId } = await own(core, caller, id);
      const { attempts, nextPageToken } = await core.webhookDeliveries.listAttempts({
        book,
        merchantId,
        webhookEndpointId,
        pageSize: Number(query.limit ?? 10),
        freshness: LATEST,
      });
      const url = `/v1/webhook_endpoints/${id}/attempts`;
      return listOf(attempts.map(renderAttempt), { url, hasMore: nextPageToken !== '' });
    },
  });
}

/** An endpoint of the caller's; somebody else's is as good as none. */
async function own(
  core: Pick<Core, 'webhookEndpoints'>,
  { book, merchantId }: Caller,
  id: string,
): Promise<WebhookEndpoint> {
  const webhookEndpointId = named(PREFIX.webhookEndpoint, id);
  const { webhookEndpoint } = await core.webhookEndpoints.getWebhookEndpoint({
    book,
    merchantId,
    webhookEndpointId,
    freshness: LATEST,
  });
  if (webhookEndpoint === undefined) throw new Problem('resource_missing');
  return webhookEndpoint;
}

function on({ merchantId }: Caller, id: string, webhookEndpointId: string) {
  return { id, merchantId, webhookEndpointId };
}

function changed([result]: readonly WebhookEndpointResult[]): WebhookEndpoint {
  const outcome = result?.outcome;
  if (outcome?.case === 'refused') throw refusalProblem(outcome.value);
  const endpoint = outcome?.value?.webhookEndpoint;
  if (endpoint === undefined) throw new Error('the core answered with no outcome');
  return endpoint;
}

/** Events of real money go over TLS. */
function checkUrl({ isLive }: Caller, url: string | undefined): void {
  if (!isLive || url === undefined || url.toLowerCase().startsWith('https://')) return;
  throw new Problem('parameter_invalid', { param: 'url', detail: 'In live mode the URL must be https.' });
}

/** Metadata is merged into what there is; an empty value takes its key out. */
function changeOf(
  before: WebhookEndpoint,
  { url, enabled_events: events, description, metadata, disabled }: Static<typeof WebhookEndpointUpdate>,
) {
  return {
    ...(url === undefined ? {} : { url }),
    ...(events === undefined ? {} : { events: { events } }),
    ...(description === undefined ? {} : { description }),
    ...(metadata === undefined ? {} : { metadata: { metadata: merged(before.metadata, metadata) } }),
    ...(disabled === undefined
      ? {}
      : { state: disabled ? WebhookEndpointState.DISABLED : WebhookEndpointState.ENABLED }),
  };
}
