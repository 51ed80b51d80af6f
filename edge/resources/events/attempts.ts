import type { Attempt } from '../../../gen/florin/events/v1/webhook_deliveries_pb.ts';
import { PREFIX, prefixed } from '../../ids/prefixed.ts';
import { seconds } from '../values.ts';

/** A try to tell an endpoint something, as merchants see it. */
export function renderAttempt(attempt: Attempt) {
  const { eventId, webhookEndpointId, tookMs, status, error, excerpt } = attempt;
  return {
    object: 'webhook_attempt',
    event: prefixed(PREFIX.event, eventId),
    webhook_endpoint: webhookEndpointId === '' ? null : prefixed(PREFIX.webhookEndpoint, webhookEndpointId),
    try: attempt.try,
    created: seconds(attempt.startedAt),
    took_ms: tookMs,
    status: status || null,
    error: error || null,
    response: excerpt,
  };
}
