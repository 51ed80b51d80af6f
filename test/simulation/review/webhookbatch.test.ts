import { expect, test } from 'vitest';
import type { Uuid } from '../../../core/kernel/ledger/commands.ts';
import { ProviderEvents } from '../../../core/processes/events.ts';
import { WebhookReceiver } from '../../../core/processes/webhooks.ts';
import { UnreadableWebhook } from '../../../core/processes/psp.ts';
import { started } from './started.ts';

const WEBHOOK = { body: new Uint8Array(0), headers: {} };

/** A provider that tells of several operations in one webhook, and what of them is kept. */
async function batchOf(...operations: (Uuid | '')[]) {
  const { r, alpha } = await started();
  alpha.verifyWebhook = () => true;
  alpha.parseWebhook = () =>
    operations.map((operation, index) => ({
      dedupeKey: String(index),
      operation,
      providerReference: 'P',
      kind: 'captured',
      money: null,
      occurredAtMs: 0,
    }));
  const kept: (Uuid | '')[] = [];
  const troubles: unknown[] = [];
  const poison = new Set<Uuid | ''>();
  const receiver = new WebhookReceiver({
    adapters: [alpha],
    events: new ProviderEvents({
      shards: {
        placeOf: (reference) =>
          Promise.resolve(
            operations.includes(reference) ? { writer: r.rig.writer, book: 1, intent: reference } : null,
          ),
        submitOutcomes: (_, __, commands) => {
          if (commands.some(({ operation }) => poison.has(operation)))
            return Promise.reject(new Error('a defect'));
          kept.push(...commands.map(({ operation }) => operation));
          return Promise.resolve({
            position: r.rig.writer.position(),
            outcomes: commands.map(({ intent }) => ({
              done: true,
              seq: 1,
              replayed: false,
              subject: intent,
              after: null,
            })),
          });
        },
      },
      nowMs: () => 0,
    }),
    nowMs: () => 0,
    log: (_, event, { error }) => troubles.push([event, error]),
  });
  return { receiver, alpha, kept, poison, troubles };
}

const uuid = (last: number): Uuid => `01900000-0000-7000-8000-00000000000${last}` as Uuid;

test('an event of somebody else’s in a batch keeps none of ours out', async () => {
  const { receiver, kept } = await batchOf('', uuid(1));
  expect((await receiver.receive('alpha', WEBHOOK)).done).toBe('later');
  expect(kept).toEqual([uuid(1)]);
});

test('an event that nothing can be made of keeps none behind it out', async () => {
  const { receiver, kept, poison, troubles } = await batchOf(uuid(1), uuid(2), uuid(3));
  poison.add(uuid(2));
  expect(await receiver.receive('alpha', WEBHOOK)).toEqual({ done: 'later', why: 'a defect' });
  expect(kept).toEqual([uuid(1), uuid(3)]);
  expect(troubles).toEqual([['webhook.trouble', 'a defect']]);
});

test('a webhook that an adapter stumbles over is its own matter: none that came in the same call waits for it', async () => {
  const { receiver, alpha, troubles } = await batchOf(uuid(1));
  for (const method of ['verifyWebhook', 'parseWebhook'] as const) {
    const { [method]: before } = alpha;
    alpha[method] = () => {
      throw new TypeError('a defect');
    };
    expect(await receiver.receive('alpha', WEBHOOK)).toEqual({ done: 'later', why: 'a defect' });
    Object.assign(alpha, { [method]: before });
  }
  expect(troubles).toHaveLength(2);
  expect((await receiver.receive('alpha', WEBHOOK)).done).toBe('kept');
});

test('what can be read of a webhook is kept, though another event of it cannot', async () => {
  const { receiver, alpha, kept } = await batchOf(uuid(1), uuid(2));
  const others = alpha.parseWebhook();
  alpha.parseWebhook = () => {
    throw new UnreadableWebhook('no id', others);
  };
  expect(await receiver.receive('alpha', WEBHOOK)).toEqual({ done: 'unreadable', why: 'no id' });
  expect(kept).toEqual([uuid(1), uuid(2)]);
});
