import { describe, expect, test } from 'vitest';
import type { Report } from '../../cli/operate/verify/report.ts';
import type { Block } from '../../core/journal/block.ts';
import { goldenShards } from '../support/goldenScript.ts';
import { rechained, verifiedJournal } from '../support/verifiedBooks.ts';

const { control, data } = goldenShards();

/** What verify says of these blocks of the data shard, beside the control shard as it was. */
const afterWriting = (blocks: readonly Block[]): Promise<Report> =>
  verifiedJournal([...control.blocks, ...blocks]);

/** The blocks of the data shard with one of them changed, and hashes that fit. */
function rewritten(height: number, change: (block: Block) => Partial<Block>): Block[] {
  return rechained(
    data.blocks.map((block) => (block.height === height ? { ...block, ...change(block) } : block)),
  );
}

const withByte = (block: Block, at: number, value: number): Uint8Array => {
  const body = Uint8Array.from(block.body);
  body[at] = value;
  return body;
};

const rules = (report: Report): string[] => [...new Set(report.findings.map((finding) => finding.rule))];

describe('a journal that no right kernel wrote, with hashes that fit', () => {
  test('control: the same blocks, untouched', async () => {
    expect((await afterWriting(rewritten(3, () => ({})))).findings).toEqual([]);
  });

  test.each<[string, string, (blocks: Block[]) => Block[]]>([
    [
      'a counter that is not the sum of its entries',
      'I3',
      () => rewritten(3, (block) => ({ body: withByte(block, 40 + 32, 7) })),
    ],
    ['a version that skips', 'I4', () => rewritten(3, (block) => ({ body: withByte(block, 40 + 16, 9) }))],
    [
      'an amount that only one side knows',
      'I3',
      () => rewritten(3, (block) => ({ body: withByte(block, 40 + 8, 99) })),
    ],
    ['an epoch that falls', 'I10', () => rewritten(6, () => ({ epoch: 2 }))],
    ['a seq that skips', 'I8', () => rewritten(6, (block) => ({ firstSeq: block.firstSeq + 1 }))],
    ['a time that falls', 'I8', () => rewritten(6, (block) => ({ blockTimeUs: block.blockTimeUs - 1e12 }))],
    [
      'a count that is not that of the events',
      'I11',
      () => rewritten(6, (block) => ({ eventCount: block.eventCount + 1 })),
    ],
    [
      'a block that comes twice: ids, holds',
      'I7',
      () => rechained(data.blocks.flatMap((block) => again(block, 5))),
    ],
    ['holds that are resolved twice', 'I6', () => rechained(data.blocks.flatMap((block) => again(block, 5)))],
    ['a floor that is passed', 'I5', () => rewritten(2, (block) => ({ body: withFloor(block) }))],
    ['an event type of no release', 'I11', () => rewritten(3, (block) => ({ body: withByte(block, 4, 77) }))],
  ])('%s', async (_, rule, change) => {
    const report = await afterWriting(change(data.blocks));
    expect(rules(report)).toContain(rule);
  });

  function again(block: Block, height: number): Block[] {
    const shift = block.height > height ? 1 : 0;
    const events = data.blocks[height - 1].eventCount;
    const moved = { ...block, height: block.height + shift, firstSeq: block.firstSeq + shift * events };
    return block.height === height
      ? [moved, { ...block, height: height + 1, firstSeq: block.firstSeq + events }]
      : [moved];
  }

  /** customers:bob may not fall below 0; raised to 2^55 his floor is passed by his first entry, if not before. */
  function withFloor(block: Block): Uint8Array {
    const view = new DataView(block.body.buffer, block.body.byteOffset);
    let at = 0;
    for (let i = 0; i < 2; i++) at += view.getUint32(at, true);
    return withByte(block, at + 40 + 6, 128);
  }
});
