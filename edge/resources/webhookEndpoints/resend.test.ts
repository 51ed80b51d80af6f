import { expect, test } from 'vitest';
import type { WebhookEndpoint } from '../../../gen/florin/events/v1/webhook_endpoints_pb.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Core } from '../../core.ts';
import { eventsToResend } from './resend.ts';

const caller = { book: 'shop', merchantId: '0190a000-0000-7000-8000-000000000001' } as Caller;
const endpoint = { events: ['*'] } as unknown as WebhookEndpoint;
const asked = { created: { gte: 0, lt: 9 } };

/** A core whose pages have at most that many of its events, however many more are asked for. */
const coreOf = (events: number, pageMost: number) => {
  let left = events;
  return {
    events: {
      listEvents: ({ pageSize }: { pageSize: number }) => {
        const count = Math.min(pageSize, pageMost, left);
        left -= count;
        const page = Array.from({ length: count }, (_, index) => ({ id: `${left + count - index}` }));
        return Promise.resolve({ events: page, hasMore: left > 0 });
      },
    },
  } as unknown as Pick<Core, 'events'>;
};

test.each([
  [70, 43, 70, false],
  [1_000, 100, 1_000, false],
  [1_001, 100, 1_000, true],
  [5_000, 43, 1_000, true],
])('of %i events in pages of %i, %i are sent once more', async (events, pageMost, sent, more) => {
  const { eventIds, hasMore } = await eventsToResend(coreOf(events, pageMost), caller, { endpoint, asked });
  expect(eventIds).toHaveLength(sent);
  expect(new Set(eventIds).size).toBe(sent);
  expect(hasMore).toBe(more);
});
