import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realClock, realTimers } from '../../../test/support/projecting.ts';
import type { Leaving } from '../envelopes/encoder.ts';
import { Publisher } from './publisher.ts';

const EVENT: Leaving = {
  stream: 'SETTLEMENT',
  id: '3:7',
  type: 'florin.v1.ledger.hold_created',
  shard: 3,
  seq: 7,
  bookedUs: 0,
  book: 'shop',
  bytes: new Uint8Array(8),
};

let publisher: Publisher;
let stored: number[];
/** Where the server is to answer to the last message. */
let reply: string;
let answer: (text: string, to?: string) => void;

beforeEach(() => {
  stored = [];
  let callback: (error: Error | null, message: Msg) => void;
  const connection = {
    subscribe: (_: string, options: { callback: typeof callback }) => (callback = options.callback),
    publish: (_: string, __: Uint8Array, options: { reply: string }) => (reply = options.reply),
  } as unknown as NatsConnection;
  answer = (text, to = reply) => {
    const data = Buffer.from(text);
    callback(null, { subject: to, data, json: () => JSON.parse(text) as unknown } as unknown as Msg);
  };
  publisher = new Publisher({
    connection,
    clock: realClock,
    timers: realTimers,
    onStored: (_, { streamSeq }) => stored.push(streamSeq),
  });
  publisher.publish(EVENT);
});
afterEach(() => publisher.close());

test('an event is stored where the server says under which number', async () => {
  answer('{"stream":"SETTLEMENT","seq":12}');
  expect(stored).toEqual([12]);
  await publisher.settled();
});

test('and where it had it already', () => {
  answer('{"stream":"SETTLEMENT","seq":5,"duplicate":true}');
  expect(stored).toEqual([5]);
});

test('there is room again once the oldest is stored, however many behind it are', async () => {
  const replies = [reply];
  while (!publisher.isFull) {
    publisher.publish({ ...EVENT, seq: EVENT.seq + replies.length });
    replies.push(reply);
  }
  expect(replies).toHaveLength(8_192);
  for (const [index, to] of replies.entries())
    if (index > 0) answer(`{"stream":"SETTLEMENT","seq":${index + 1}}`, to);
  expect(publisher.isFull).toBe(true);
  const room = publisher.room();
  answer('{"stream":"SETTLEMENT","seq":1}', replies[0]);
  await room;
  await publisher.settled();
  expect(publisher.isFull).toBe(false);
  expect(stored).toHaveLength(8_192);
});

test.each([
  ['one under the same id is being stored', '{"stream":"SETTLEMENT","seq":0,"duplicate":true}'],
  ['another stream has taken it', '{"stream":"EVERYTHING","seq":3}'],
  ['the server refuses it', '{"error":{"code":503,"description":"insufficient resources"},"seq":0}'],
  ['no stream takes it', ''],
])('it is not, and nothing goes on, where %s', async (_, text) => {
  answer(text);
  expect(stored).toEqual([]);
  await expect(publisher.settled()).rejects.toThrow();
});
