import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { blocksOfFile, fileOfBlocks } from '../../../test/support/goldenFiles.ts';
import { describeState } from '../../../test/support/describeState.ts';
import { goldenShards } from '../../../test/support/goldenScript.ts';
import { apply, progressOf } from '../../kernel/ledger/apply.ts';
import { eachEvent, viewOf } from '../../kernel/ledger/body.ts';
import {
  EventType,
  Flag,
  HEADER,
  Kind,
  Op,
  REFUSED,
  State,
  TX,
  TX_EXPIRY,
  TX_TARGET,
} from '../../kernel/ledger/layout.ts';
import { LedgerState } from '../../kernel/ledger/state.ts';
import { AssetTable } from '../../kernel/money/assets.ts';
import type { Block } from '../block.ts';
import { ZERO_HASH, hashBlock } from '../hash.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
const golden = blocksOfFile(read('format1.blocks.jsonl'));
const shards = [...new Set(golden.map((block) => block.shard))];

describe('the golden journal of format 1', () => {
  test('is what the kernel writes today for the same script, byte by byte', () => {
    const { control, data } = goldenShards();
    expect(fileOfBlocks([...control.blocks, ...data.blocks])).toBe(read('format1.blocks.jsonl'));
  });

  test('is a chain: every hash is that of header and body, and names the block before', () => {
    for (const shard of shards) {
      let before: Uint8Array = ZERO_HASH;
      for (const block of golden.filter((one) => one.shard === shard)) {
        expect(Buffer.from(block.prevHash)).toEqual(Buffer.from(before));
        expect(Buffer.from(hashBlock(block)).toString('hex')).toBe(Buffer.from(block.hash).toString('hex'));
        before = block.hash;
      }
    }
  });

  test('replays to the state that it led to then', () => {
    const states = Object.fromEntries(
      shards.map((shard) => [shard, describeState(replay(golden.filter((block) => block.shard === shard)))]),
    );
    expect(JSON.parse(JSON.stringify(states))).toEqual(JSON.parse(read('format1.state.json')));
  });

  test('control: one flipped bit is another hash', () => {
    const block = golden.find((one) => one.eventCount > 3)!;
    const body = Uint8Array.from(block.body);
    body[body.length >> 1] ^= 1;
    expect(Buffer.from(hashBlock({ ...block, body })).equals(Buffer.from(block.hash))).toBe(false);
  });

  test('holds every event type, kind, state, flag and refused command', () => {
    const seen = {
      types: new Set<number>(),
      kinds: new Set<number>(),
      states: new Set<number>(),
      ops: new Set<number>(),
      flags: 0,
    };
    for (const block of golden) {
      const view = viewOf(block.body);
      eachEvent(view, (type, at) => {
        seen.types.add(type);
        seen.flags |= view.getUint16(at + HEADER.flags, true);
        if (type === EventType.refused) seen.ops.add(view.getUint16(at + REFUSED.op, true));
        if (type !== EventType.transaction) return;
        seen.kinds.add(view.getUint8(at + TX.kind));
        seen.states.add(view.getUint8(at + TX.state));
      });
    }
    const sorted = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);
    // Events of payments are not frozen before they are released; the ledger's are.
    const ledger = (numbers: number[], below: number) => sorted(numbers.filter((one) => one < below));
    expect(sorted(seen.types)).toEqual(ledger(Object.values(EventType), EventType.payment));
    expect(sorted(seen.kinds)).toEqual(sorted(Object.values(Kind)));
    expect(sorted(seen.states)).toEqual(sorted(Object.values(State)));
    expect(sorted(seen.ops)).toEqual(ledger(Object.values(Op), Op.createMerchant));
    expect(seen.flags).toBe(Object.values(Flag).reduce((all, flag) => all | flag, 0));
  });
});

/** As recovery does it: what an event acts on is made resident first. */
function replay(blocks: readonly Block[]): LedgerState {
  const state = new LedgerState({ seed: 7, assets: new AssetTable() });
  const places = new Map<number, { view: DataView; at: number }>();
  for (const block of blocks) {
    const view = viewOf(block.body);
    eachEvent(view, (type, at) => {
      const seq = state.nextSeq;
      places.set(seq, { view, at });
      const flags = view.getUint16(at + HEADER.flags, true);
      if (type === EventType.transaction && (flags & Flag.hasTarget) !== 0) {
        const targetAt = at + TX.bytes + ((flags & Flag.hasExpiry) === 0 ? 0 : TX_EXPIRY.bytes);
        const target = Number(view.getBigInt64(targetAt + TX_TARGET.seq, true));
        const place = places.get(target)!;
        if (!state.progress.has(target)) state.progress.set(target, progressOf(place.view, place.at, target));
      }
      apply(state, view, at, block.blockTimeUs);
    });
  }
  return state;
}
