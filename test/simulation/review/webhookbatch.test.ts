import { expect, test } from 'vitest';
import type { Uuid } from '../../../core/kernel/ledger/commands.ts';
import { ProviderEvents } from '../../../core/processes/events.ts';
import { WebhookReceiver } from '../../../core/processes/webhooks.ts';
import { started } from './started.ts';

test('an event of somebody else’s in a batch keeps none of ours out', async () => {
  const { r, alpha } = await started();
  const event = (operation: Uuid | '', dedupeKey: string) =>
    ({
      dedupeKey,
      operation,
      providerReference: 'P',
      kind: 'captured',
      money: null,
      occurredAtMs: 0,
    }) as const;
  const ours = r.id();
  alpha.verifyWebhook = () => true;
  alpha.parseWebhook = () => [event('', 'a'), event(ours, 'b')];
  const kept: (Uuid | '')[] = [];
  const receiver = new WebhookReceiver({
    adapters: [alpha],
    events: new ProviderEvents({
      shards: {
        placeOf: (reference) =>
          Promise.resolve(reference === ours ? { writer: r.rig.writer, book: 1, intent: ours } : null),
        submitOutcomes: (_, __, [{ operation }]) => {
          kept.push(operation);
          return Promise.resolve({
            position: r.rig.writer.position(),
            outcomes: [{ done: true, seq: 1, replayed: false, subject: ours, after: null }],
          });
        },
      },
      nowMs: () => 0,
    }),
    nowMs: () => 0,
  });
  await receiver.receive('alpha', { body: new Uint8Array(0), headers: {} });
  expect(kept).toEqual([ours]);
});
