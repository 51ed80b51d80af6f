import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { Handed, Peer } from './peer.ts';

type Server = {
  add(a: number, b: number): Promise<number>;
  refuse(): never;
  bytes(): Handed<Uint8Array>;
  note(word: string): void;
  noted(): string[];
};
type Client = Record<string, never>;

const channels: MessageChannel[] = [];
afterEach(() => {
  for (const { port1 } of channels.splice(0)) port1.close();
});

function connect() {
  const channel = new MessageChannel();
  channels.push(channel);
  const notes: string[] = [];
  const kept = new Uint8Array([1, 2, 3]);
  const server = new Peer<Server, Client>(channel.port1, {
    add: (a, b) => Promise.resolve(a + b),
    refuse: () => {
      throw new RangeError('not that');
    },
    bytes: () => new Handed(kept, [kept.buffer]),
    note: (word) => void notes.push(word),
    noted: () => notes,
  });
  return { server, peer: new Peer<Client, Server>(channel.port2, {}), kept };
}

test('answers go to whoever asked', async () => {
  const { peer } = connect();
  expect(await Promise.all([peer.ask('add', 1, 2), peer.ask('add', 3, 4)])).toEqual([3, 7]);
});

test('what the other side throws is thrown here', async () => {
  await expect(connect().peer.ask('refuse')).rejects.toThrow(new RangeError('not that'));
});

test('memory that is handed over is not copied', async () => {
  const { peer, kept } = connect();
  expect(await peer.ask('bytes')).toEqual(new Uint8Array([1, 2, 3]));
  expect(kept.byteLength).toBe(0);
});

test('what is told arrives before what is asked later', async () => {
  const { peer } = connect();
  for (const word of ['one', 'two']) peer.tell('note', word);
  expect(await peer.ask('noted')).toEqual(['one', 'two']);
});

test('whoever waits when the other side is gone is told', async () => {
  const { peer } = connect();
  const asked = peer.ask('add', 1, 2);
  peer.fail(new Error('gone'));
  await expect(asked).rejects.toThrow('gone');
});
