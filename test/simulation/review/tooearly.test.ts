import { expect, test } from 'vitest';
import { ProviderEvents } from '../../../core/processes/events.ts';
import { WebhookReceiver } from '../../../core/processes/webhooks.ts';
import { NO_FAULTS } from '../simulatedPsp.ts';
import { NO_FEES, started } from './started.ts';

test('a refund by hand that is told before its sale is proven is to be told again, and is booked once', async () => {
  const { r, id, alpha, begin } = await started({}, { ...NO_FEES, settlementDays: 0 });
  alpha.rates = { ...NO_FAULTS, replyLost: 1, queryLost: 1 };
  await begin();
  await r.pass(2_000);
  const [{ id: operation }] = r.intent(id).operations;
  alpha.verifyWebhook = () => true;
  alpha.parseWebhook = () => [
    {
      dedupeKey: 're_1 refunded',
      operation,
      providerReference: 'P',
      kind: 'refunded',
      money: { amount: 4_000n, currency: 'EUR' },
      refund: 're_1',
      occurredAtMs: 1,
    },
  ];
  const receiver = new WebhookReceiver({
    adapters: [alpha],
    events: new ProviderEvents({
      shards: {
        placeOf: () => Promise.resolve({ writer: r.rig.writer, book: 1, intent: id }),
        submitOutcomes: async (_, __, commands) => ({
          position: r.rig.writer.position(),
          outcomes: await r.send(...commands),
        }),
      },
      nowMs: () => 0,
    }),
    nowMs: () => 0,
    log: () => undefined,
  });
  const told = async (): Promise<string> =>
    (await receiver.receive('alpha', { body: new Uint8Array(0), headers: {} })).done;
  expect(await told()).toBe('later');
  expect(r.intent(id).counters).toMatchObject({ refunded: 0n, unapplied: 0n });
  alpha.rates = NO_FAULTS;
  await r.pass(60_000, 1_000);
  expect(r.intent(id).counters.captured).toBe(10_000n);
  expect([await told(), await told()]).toEqual(['kept', 'kept']);
  expect(r.intent(id).counters).toMatchObject({ captured: 10_000n, refunded: 4_000n });
});
