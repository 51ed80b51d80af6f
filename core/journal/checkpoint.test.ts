import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  BadCheckpoint,
  breakBetween,
  CHECKPOINT,
  CHECKPOINT_SHARDS,
  decodeCheckpoint,
  encodeCheckpoint,
  openCheckpoint,
  signCheckpoint,
  type CheckpointTip,
  type SignedCheckpoint,
} from './checkpoint.ts';
import { HistoryRefused, knownHeights, refusalOf } from './checkpointCheck.ts';
import { checkpointFromText, fileOf, keepCheckpointCopy, readCheckpointCopy } from './checkpointFile.ts';
import { BadCheckpointKey, keepCheckpointKey, publicKeyFromPem } from './checkpointKey.ts';
import { CheckpointMaker } from './checkpointMaker.ts';
import type { CheckpointStore } from './checkpointStore.ts';
import { ZERO_HASH } from './hash.ts';

/** The test vector 1 of RFC 8032: the same bytes are signed alike for ever. */
const key = createPrivateKey({
  key: Buffer.from(
    '302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'hex',
  ),
  format: 'der',
  type: 'pkcs8',
});
const folder = mkdtempSync(join(tmpdir(), 'florin-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const hashOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

function tips(...heights: number[]): CheckpointTip[] {
  return Array.from({ length: CHECKPOINT_SHARDS }, (_, shard) => {
    const height = heights[shard] ?? 0;
    return { shard, height, hash: height === 0 ? ZERO_HASH : hashOf(height) };
  });
}

const first = signCheckpoint(
  { number: 1, createdUs: 1_769_860_800_123_456, prevHash: ZERO_HASH, tips: tips(3, 0, 7) },
  key,
);

describe('a checkpoint', () => {
  test('has the bytes, hash and signature that it had in the first release', () => {
    expect(first.body.length).toBe(64 + 65 * 48);
    expect(Buffer.from(first.body).toString('hex', 0, 112)).toBe(
      '464c524e434b50540100410000000000010000000000000040124bd4ad490600' +
        '00'.repeat(32) +
        '00000000000000000300000000000000' +
        '03'.repeat(32),
    );
    expect(Buffer.from(first.hash).toString('hex')).toMatchInlineSnapshot(
      `"0ab0242e3b7e88a3df950bc199cbd74c607bf13d1f676f28581c46912a60b9ab"`,
    );
    expect(Buffer.from(first.signature).toString('hex')).toMatchInlineSnapshot(
      `"1617fe612fc18f698cf7cae6f8dc4da4f5db8cfff14bb66be39e240704e45490b477513ce9a7d3504110768883a02c12f8a06a78388e3974043ecd30ad85b60f"`,
    );
  });

  test('comes back from its bytes, and from its file', () => {
    expect(openCheckpoint(first)).toMatchObject({ number: 1, createdUs: 1_769_860_800_123_456 });
    expect(decodeCheckpoint(first.body).tips[2]).toEqual({ shard: 2, height: 7, hash: hashOf(7) });
    const text = JSON.stringify(fileOf(first));
    expect(Buffer.from(checkpointFromText(text).body)).toEqual(Buffer.from(first.body));
  });

  test('is refused after the change of any byte', () => {
    for (let at = 0; at < first.body.length; at += 37) {
      const body = Uint8Array.from(first.body);
      body[at] ^= 16;
      expect(() => openCheckpoint({ ...first, body }), `byte ${at}`).toThrow(BadCheckpoint);
    }
    expect(() => openCheckpoint({ ...first, signature: first.signature.toReversed() })).toThrow('signature');
    expect(() => decodeCheckpoint(first.body.subarray(1))).toThrow(BadCheckpoint);
  });

  test('is refused in a file whose fields say other things than the signed bytes', () => {
    const file = fileOf(first);
    expect(() => checkpointFromText(JSON.stringify({ ...file, number: 2 }))).toThrow('"number"');
    expect(() => checkpointFromText(JSON.stringify({ ...file, tips: file.tips.slice(1) }))).toThrow('"tips"');
    expect(() => checkpointFromText('{}')).toThrow(BadCheckpoint);
    expect(() => checkpointFromText('no JSON')).toThrow(BadCheckpoint);
  });

  test('follows the one before: number, hash, time, and no tip falls', () => {
    const next = { number: 2, createdUs: first.createdUs, prevHash: first.hash, tips: tips(3, 1, 8) };
    expect(breakBetween(first, next)).toBeNull();
    expect(breakBetween(null, first)).toBeNull();
    expect(breakBetween(first, { ...next, number: 3 })).toContain('stands where 2 should');
    expect(breakBetween(first, { ...next, prevHash: hashOf(1) })).toContain('does not name the hash');
    expect(breakBetween(first, { ...next, createdUs: 0 })).toContain('older');
    expect(breakBetween(first, { ...next, tips: tips(3, 1, 6) })).toContain('shard 2 below');
  });

  test('is never encoded with shards out of order', () => {
    expect(() => encodeCheckpoint({ ...first, tips: tips().toReversed() })).toThrow('in place 0');
    expect(CHECKPOINT.bytes).toBe(64);
  });
});

describe('the key', () => {
  test('is made once, readable by its owner only, with its public half beside it', () => {
    const made = keepCheckpointKey({ secrets: folder, keyFile: undefined });
    const again = keepCheckpointKey({ secrets: folder, keyFile: undefined });
    expect(made.equals(again)).toBe(true);
    expect(statSync(join(folder, 'checkpoint.key')).mode & 0o777).toBe(0o600);
    const signed = signCheckpoint(first, made);
    const kept = publicKeyFromPem(fileOf(signed).public_key_pem);
    expect(Buffer.from(kept!)).toEqual(Buffer.from(signed.publicKey));
  });

  test('is taken from the file that is named, and refused in one line where that is none', () => {
    const file = join(folder, 'mine.pem');
    writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }));
    expect(keepCheckpointKey({ secrets: folder, keyFile: file }).equals(key)).toBe(true);
    writeFileSync(file, 'nothing');
    expect(() => keepCheckpointKey({ secrets: folder, keyFile: file })).toThrow(BadCheckpointKey);
    const { privateKey } = generateKeyPairSync('x25519');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(() => keepCheckpointKey({ secrets: folder, keyFile: file })).toThrow('x25519');
    expect(() => keepCheckpointKey({ secrets: folder, keyFile: `${file}.absent` })).toThrow('ENOENT');
  });
});

class MemoryStore implements CheckpointStore {
  readonly all: SignedCheckpoint[] = [];
  latest = async (): Promise<SignedCheckpoint | null> => this.all.at(-1) ?? null;
  byNumber = async (number: number): Promise<SignedCheckpoint | null> => this.all[number - 1] ?? null;
  append = async (checkpoint: SignedCheckpoint): Promise<boolean> => {
    if (this.all.length >= checkpoint.number) return false;
    this.all.push(checkpoint);
    return true;
  };
}

describe('the maker', () => {
  function maker(now: { tips: CheckpointTip[] }, store = new MemoryStore()) {
    const waiting: (() => void)[] = [];
    const timers = {
      after: (_: number, callback: () => void) => {
        waiting.push(callback);
        return () => waiting.splice(waiting.indexOf(callback), 1);
      },
    };
    const made: number[] = [];
    const errors: unknown[] = [];
    const it = new CheckpointMaker({
      key,
      store,
      tips: () => now.tips,
      intervalMs: 1_000,
      clock: { wallUs: () => 5 },
      timers,
      onMade: (checkpoint) => made.push(checkpoint.number),
      onError: (error) => errors.push(error),
    });
    const tick = async (): Promise<void> => {
      waiting.shift()?.();
      for (let i = 0; i < 10; i++) await Promise.resolve();
    };
    return { it, store, made, errors, waiting, tick };
  }

  test('makes a chained checkpoint an interval, and none where nothing moved', async () => {
    const now = { tips: [] as CheckpointTip[] };
    const { it, store, made, waiting, tick } = maker(now);
    it.start();
    await tick();
    expect(made).toEqual([]);
    now.tips = [{ shard: 4, height: 2, hash: hashOf(2) }];
    await tick();
    await tick();
    now.tips = [{ shard: 9, height: 1, hash: hashOf(9) }];
    await tick();
    expect(made).toEqual([1, 2]);
    expect(breakBetween(store.all[0], store.all[1])).toBeNull();
    // Shard 4 is written elsewhere now: what was checkpointed stays.
    expect(store.all[1].tips[4]).toEqual({ shard: 4, height: 2, hash: hashOf(2) });
    await it.stop();
    expect(waiting).toEqual([]);
  });

  test('never lets a tip fall, and refuses to sign a history that was rewritten', async () => {
    const now = { tips: [{ shard: 4, height: 9, hash: hashOf(9) }] };
    const { it, store, made, errors, tick } = maker(now);
    await it.makeNow();
    now.tips = [{ shard: 4, height: 3, hash: hashOf(3) }];
    expect(await it.makeNow()).toBeNull();
    now.tips = [{ shard: 4, height: 9, hash: hashOf(8) }];
    it.start();
    await tick();
    expect(String(errors[0])).toContain('history was rewritten');
    expect(made).toEqual([1]);
    expect(store.all).toHaveLength(1);
  });

  test('leaves a number to the other of two makers', async () => {
    const store = new MemoryStore();
    const one = maker({ tips: [{ shard: 1, height: 1, hash: hashOf(1) }] }, store);
    const two = maker({ tips: [{ shard: 2, height: 1, hash: hashOf(2) }] }, store);
    await Promise.all([one.it.makeNow(), two.it.makeNow()]);
    expect(store.all).toHaveLength(1);
    await two.it.makeNow();
    expect(store.all).toHaveLength(2);
    expect(breakBetween(store.all[0], store.all[1])).toBeNull();
  });
});

describe('a known checkpoint', () => {
  const journal = (height: number, fill = 3) => ({
    height,
    hashAtKnown: height >= 3 ? hashOf(fill) : undefined,
  });

  test('lets a journal go on that holds what it has seen', () => {
    expect(refusalOf(first, 0, journal(3))).toBeNull();
    expect(refusalOf(first, 0, journal(8))).toBeNull();
    expect(refusalOf(first, 1, journal(0))).toBeNull();
    expect([...knownHeights(first, [0, 1])]).toEqual([[0, 3]]);
  });

  test('refuses a tip below its height', () => {
    const refused = refusalOf(first, 0, journal(2));
    expect(refused).toBeInstanceOf(HistoryRefused);
    expect(refused?.message).toContain(
      'the journal of shard 0 ends at height 2, but checkpoint 1 of 2026-01-31T12:00:00.123456Z has seen height 3',
    );
  });

  test('refuses another block at its height', () => {
    expect(refusalOf(first, 0, journal(3, 4))?.message).toContain('its history was rewritten');
  });

  test('is kept outside the database, and read back', () => {
    const file = join(folder, 'checkpoint.json');
    expect(readCheckpointCopy(file)).toBeNull();
    keepCheckpointCopy(file, first);
    expect(readCheckpointCopy(file)).toMatchObject({ number: 1 });
    writeFileSync(file, JSON.stringify({ ...fileOf(first), number: 9 }));
    expect(() => readCheckpointCopy(file)).toThrow(BadCheckpoint);
  });
});
