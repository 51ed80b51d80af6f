import { describe, expect, test } from 'vitest';
import { Adoptions, bookWords } from '../../cli/operate/verify/adoptions.ts';
import { Findings } from '../../cli/operate/verify/findings.ts';
import type { EventAt } from '../../cli/operate/verify/events.ts';
import type { Block } from '../../core/journal/block.ts';
import { NOON_US } from '../support/ledger.ts';
import { ScriptedShard } from '../support/scriptedShard.ts';
import { rechained, verifiedJournal } from '../support/verifiedBooks.ts';

/** An asset and two books, one of them of shard 5, and what shard 5 adopts of them. */
function shards(): { control: ScriptedShard; data: ScriptedShard } {
  const control = new ScriptedShard(64, NOON_US);
  control.control({ op: 'createAsset', code: 'POINTS', scale: 0, name: 'Points' });
  control.control({ op: 'createBook', name: 'north', description: '', shard: 5 });
  control.control({ op: 'createBook', name: 'south', description: '', shard: 6 });
  control.seal();
  control.control({ op: 'createBook', name: 'east', description: '', shard: 5 });
  control.seal();
  const data = new ScriptedShard(5, NOON_US);
  data.adopt({ type: 'asset', seq: 1, code: 'POINTS', scale: 0, name: 'Points' });
  data.adopt({ type: 'book', seq: 2, number: 1, name: 'north', shard: 5 });
  data.adopt({ type: 'book', seq: 4, number: 3, name: 'east', shard: 5 });
  data.seal();
  return { control, data };
}

/** What verify finds where shard 5 adopted this instead, with hashes that fit. */
async function foundAfter(adopt: (data: ScriptedShard) => void): Promise<unknown[]> {
  const { control } = shards();
  const data = new ScriptedShard(5, NOON_US);
  adopt(data);
  data.seal();
  return (await verifiedJournal([...control.blocks, ...data.blocks])).findings;
}

const asset = { type: 'asset', seq: 1, code: 'POINTS', scale: 0, name: 'Points' } as const;
const north = { type: 'book', seq: 2, number: 1, name: 'north', shard: 5 } as const;
const east = { type: 'book', seq: 4, number: 3, name: 'east', shard: 5 } as const;
const at = (seq: number, words: string) => [
  { rule: 'I9', server: 1, shard: 5, height: 1, seq, message: expect.stringContaining(words) as string },
];

describe('what a data shard adopts', () => {
  test('control: of what was created, in order, is sound', async () => {
    expect(await foundAfter((data) => [asset, north, east].forEach((event) => data.adopt(event)))).toEqual(
      [],
    );
  });

  test('control: may end before the end of the control shard', async () => {
    expect(await foundAfter((data) => [asset, north].forEach((event) => data.adopt(event)))).toEqual([]);
  });

  test.each([
    ['a book under another name', 2, { ...north, name: 'norte' }, 'which is book 1 "north" of shard 5'],
    ['a book under another number', 2, { ...north, number: 2 }, 'adopts book 2 "north" of shard 5'],
    ['a book that belongs to another shard', 2, { ...north, seq: 3, name: 'south', number: 2 }, 'of shard 6'],
    ['an asset with another scale', 1, { ...asset, scale: 2 }, 'which is asset POINTS with scale 0'],
    [
      'an asset under another name',
      1,
      { ...asset, name: 'Coins' },
      'adopts asset POINTS with scale 0 "Coins"',
    ],
    ['an asset under another code', 1, { ...asset, code: 'POINT' }, 'which is asset POINTS'],
    ['an event that the control shard does not have', 3, { ...east, seq: 9 }, 'which is none of a book'],
  ])('%s is found', async (_what, seq, wrong, words) => {
    const events = [asset, north, east].map((event, i) => (i + 1 === seq ? wrong : event));
    const found = await foundAfter((data) => events.forEach((event) => data.adopt(event)));
    expect(found).toEqual(expect.arrayContaining(at(seq, words)));
  });

  test.each([
    ['an asset', [north, east], 'has left out event 1 before it: asset POINTS'],
    ['a book', [asset, east], 'has left out event 2 before it: book 1 "north" of shard 5'],
  ] as const)('without %s that was created before is found', async (_what, events, words) => {
    const found = await foundAfter((data) => events.forEach((event) => data.adopt(event)));
    expect(found).toEqual(at(2, words));
  });

  test('is found where the control shard was written anew: another name for the same number', async () => {
    const { control, data } = shards();
    const renamed = rechained(
      control.blocks.map((block): Block => {
        const body = Buffer.from(block.body);
        const place = body.indexOf('east');
        if (place >= 0) body.write('west', place);
        return { ...block, body };
      }),
    );
    const { findings } = await verifiedJournal([...renamed, ...data.blocks]);
    expect(findings).toEqual(at(3, 'adopts book 3 "east" of shard 5 as event 4'));
  });

  test('is found where the end of the control shard is cut off', async () => {
    const { control, data } = shards();
    const { findings } = await verifiedJournal([...control.blocks.slice(0, 1), ...data.blocks]);
    expect(findings).toEqual(at(3, 'as event 4 of the control shard, which is none of a book or an asset'));
  });
});

describe('of another server, which is read later than the control shard', () => {
  function found(controlSeq: number, words: string): number {
    const adoptions = new Adoptions();
    const event = (seq: number) => ({ seq, height: 1 }) as EventAt;
    adoptions.created(event(1), { words: bookWords(1, 'north', 5), shard: 5 });
    adoptions.controlEnds({ server: 1, seq: 1, isComplete: true });
    adoptions.adopted(event(1), { server: 2, shard: 5, controlSeq, words });
    const findings = new Findings();
    adoptions.compare(findings);
    return findings.list.filter(({ message }) => message.startsWith('adopts book')).length;
  }

  test('what the control shard has created since is no finding', () => {
    expect(found(2, bookWords(2, 'new', 5))).toBe(0);
  });

  test('what differs from what it had created is', () => {
    expect(found(1, bookWords(1, 'norte', 5))).toBe(1);
    expect(found(1, bookWords(1, 'north', 5))).toBe(0);
  });
});
