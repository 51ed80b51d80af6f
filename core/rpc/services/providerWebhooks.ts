import {
  type ProviderWebhook,
  ProviderWebhookOutcome,
  ProviderWebhookService,
} from '../../../gen/florin/payments/v1/provider_webhooks_pb.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import type { TakenWebhook } from '../webhookIntake.ts';
import type { Grounds } from './grounds.ts';

const WEBHOOKS_MAX = 256;
const BODY_BYTES_MAX = 1_024 * 1_024;
const HEADERS_MAX = 100;

const OUTCOMES: Readonly<Record<TakenWebhook['done'], ProviderWebhookOutcome>> = {
  kept: ProviderWebhookOutcome.KEPT,
  unknown_provider: ProviderWebhookOutcome.UNKNOWN_PROVIDER,
  not_genuine: ProviderWebhookOutcome.NOT_GENUINE,
  unreadable: ProviderWebhookOutcome.UNREADABLE,
  later: ProviderWebhookOutcome.LATER,
};

export function providerWebhookService({ takeWebhook }: Grounds): ServedService {
  const receive = async ({ provider, body, headers }: ProviderWebhook) => {
    const received = await takeWebhook(provider, { body, headers });
    return { outcome: OUTCOMES[received.done], detail: 'why' in received ? received.why : '' };
  };
  return serviceOf(ProviderWebhookService, {
    receiveProviderWebhooks: async ({ webhooks }) => {
      check(webhooks);
      return { results: await Promise.all(webhooks.map(receive)) };
    },
  });
}

function check(webhooks: readonly ProviderWebhook[]): void {
  if (webhooks.length === 0) throw new BadField('webhooks', 'MISSING_FIELD');
  if (webhooks.length > WEBHOOKS_MAX)
    throw new BadField('webhooks', 'TOO_MANY', `webhooks: at most ${WEBHOOKS_MAX}.`);
  for (const [place, { body, headers }] of webhooks.entries()) {
    if (body.byteLength > BODY_BYTES_MAX)
      throw new BadField(
        `webhooks[${place}].body`,
        'TOO_LONG',
        `webhooks[${place}].body: at most ${BODY_BYTES_MAX} bytes.`,
      );
    if (Object.keys(headers).length > HEADERS_MAX)
      throw new BadField(
        `webhooks[${place}].headers`,
        'TOO_MANY',
        `webhooks[${place}].headers: at most ${HEADERS_MAX}.`,
      );
  }
}
