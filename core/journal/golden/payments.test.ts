import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EVERY_PAYMENT_EVENT } from '../../../test/support/everyPaymentEvent.ts';
import { blocksOfFile } from '../../../test/support/goldenFiles.ts';
import { describePayments, replayedPayments } from '../../../test/support/replayedPayments.ts';
import { verified } from '../../../test/simulation/verified.ts';
import { ZERO_HASH, hashBlock } from '../hash.ts';

const folder = new URL('payments/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const RECORDED = readdirSync(folder)
  .filter((name) => name.endsWith('.blocks.jsonl'))
  .map((name) => name.replace('.blocks.jsonl', ''));
const blocksOf = (name: string) => blocksOfFile(read(`${name}.blocks.jsonl`));

/** How a recorded state stands in what a version of today makes of it: with fields that it did not have, and no other difference. */
function expectState(name: string, blocks: ReturnType<typeof blocksOf>): void {
  expect(describePayments(replayedPayments(blocks).state)).toMatchObject(
    JSON.parse(read(`${name}.state.json`)) as object,
  );
}

describe.each(RECORDED)('the journal of payments of %s', (name) => {
  const blocks = blocksOf(name);

  test('replays to the state that it led to then', () => {
    expectState(name, blocks);
  });

  test('is a chain of whole blocks', () => {
    let before: Uint8Array = ZERO_HASH;
    for (const block of blocks) {
      expect(Buffer.from(block.prevHash)).toEqual(Buffer.from(before));
      expect(Buffer.from(hashBlock(block))).toEqual(Buffer.from(block.hash));
      before = block.hash;
    }
  });

  test('holds by the arithmetic of florin verify', () => {
    expect(verified(blocks, [])).toEqual([]);
  });

  test('control: without its last event it is another state', () => {
    const last = blocks.findLastIndex(({ eventCount }) => eventCount > 0);
    expect(() => expectState(name, blocks.slice(0, last))).toThrow();
  });
});

test('every kind of event of payments is in a recorded journal: a new kind is recorded (test/support/recordPayments.ts)', () => {
  const met = new Set<string>();
  for (const name of RECORDED)
    for (const change of replayedPayments(blocksOf(name)).changes.values()) met.add(change.name);
  expect(EVERY_PAYMENT_EVENT.filter((name) => !met.has(name))).toEqual([]);
});
