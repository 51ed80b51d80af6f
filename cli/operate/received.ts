import type { Received as KeptByCore } from '../../core/processes/webhooks.ts';
import type { Received } from '../../edge/inbound/forwarder.ts';

const STATUSES = { kept: 200, unreadable: 400, not_genuine: 401, unknown_provider: 404, later: 503 } as const;

/** What a provider is answered of what became of its webhook in this process. */
export function receivedOf(received: KeptByCore): Received {
  return { status: STATUSES[received.done], why: received.done === 'unreadable' ? received.why : '' };
}
