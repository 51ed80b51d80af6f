import {
  type WebhookEndpoint,
  WebhookEndpointState,
} from '../../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { PREFIX, prefixed } from '../../ids/prefixed.ts';
import { seconds } from '../values.ts';

/** A webhook endpoint as merchants see it, without its secret. */
export function renderWebhookEndpoint(endpoint: WebhookEndpoint) {
  const { id, url, mode, events, description, metadata, apiVersion, state, disabledReason } = endpoint;
  return {
    id: prefixed(PREFIX.webhookEndpoint, id),
    object: 'webhook_endpoint',
    created: seconds(endpoint.createdAt),
    livemode: mode === Mode.LIVE,
    status: state === WebhookEndpointState.ENABLED ? 'enabled' : 'disabled',
    disabled_reason: disabledReason || null,
    version: Number(endpoint.version),
    url,
    enabled_events: events,
    description: description || null,
    api_version: apiVersion,
    metadata,
  };
}
