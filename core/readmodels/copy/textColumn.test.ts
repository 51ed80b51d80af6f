import { expect, test } from 'vitest';
import { TextColumn } from './textColumn.ts';

/** What Postgres would read: count, whether it holds nulls, and the elements. */
function read(bytes: Buffer): { count: number; hasNull: number; texts: (string | null)[] } {
  const count = bytes.readUInt32BE(12);
  const texts: (string | null)[] = [];
  let at = 20;
  for (let i = 0; i < count; i++) {
    const length = bytes.readInt32BE(at);
    texts.push(length < 0 ? null : bytes.toString('utf8', at + 4, at + 4 + length));
    at += 4 + Math.max(0, length);
  }
  expect(at).toBe(bytes.length);
  return { count, hasNull: bytes.readUInt32BE(4), texts };
}

test('keeps every text when they outgrow the first buffer', () => {
  const column = new TextColumn();
  const texts = Array.from({ length: 3_000 }, (_, n) => (n % 7 === 0 ? null : 'ü€'.repeat(n % 40)));
  for (const text of texts) column.push(text);
  expect(read(column.finish())).toEqual({ count: 3_000, hasNull: 1, texts });
});

test('begins anew once it is cleared', () => {
  const column = new TextColumn();
  column.push(null);
  column.clear();
  column.push('x');
  expect(read(column.finish())).toEqual({ count: 1, hasNull: 0, texts: ['x'] });
});
