import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadField } from '../errors/badField.ts';
import { Page } from './page.ts';
import { type Query, pageToken, parsePageToken } from './token.ts';

const QUERY: Query = ['ListThings', 'shop', null, true];

describe('a page token', () => {
  test('gives its cursor back to the query that it was made for', () => {
    const token = pageToken(QUERY, ['merchants:é', 7]);
    expect(parsePageToken(token, QUERY, ['text', 'integer'])).toEqual(['merchants:é', 7]);
    expect(parsePageToken('', QUERY, ['text'])).toBeNull();
  });

  test.each([
    ['another method', ['ListOthers', 'shop', null, true]],
    ['another book', ['ListThings', 'shoq', null, true]],
    ['another filter', ['ListThings', 'shop', 'null', true]],
    ['a filter less', ['ListThings', 'shop', null]],
  ])('is refused to a query with %s', (_what, other) => {
    const token = pageToken(QUERY, [7]);
    expect(() => parsePageToken(token, other as unknown as Query, ['integer'])).toThrow(BadField);
  });

  test.each([
    ['a value too many', pageToken(QUERY, [7, 8])],
    ['another type', pageToken(QUERY, ['7'])],
    ['a fraction', pageToken(QUERY, [7.5])],
    ['another version', Buffer.from('[2,"x",7]').toString('base64url')],
    ['no array', Buffer.from('{"a":1}').toString('base64url')],
    ['no JSON', Buffer.from('[1,').toString('base64url')],
    ['one more character', `${pageToken(QUERY, [7])}x`],
    ['one more, behind a cursor of another length', `${pageToken(QUERY, [70])}x`],
    ['one more, behind one longer yet', `${pageToken(QUERY, [700])}x`],
    ['other characters', `${pageToken(QUERY, [7])}=`],
    ['too many characters', 'A'.repeat(1_025)],
  ])('with %s is refused', (_what, token) => {
    expect(() => parsePageToken(token, QUERY, ['integer'])).toThrow(BadField);
  });

  test.each(['a\0', '\ud800'])('with text that no database takes (%j) is refused', (text) => {
    expect(() => parsePageToken(pageToken(QUERY, [text]), QUERY, ['text'])).toThrow(BadField);
  });

  test('made up by anybody is refused as a field, never as a defect', () => {
    fc.assert(
      fc.property(fc.oneof(fc.base64String(), fc.string({ unit: 'binary', minLength: 1 })), (token) => {
        if (token === '') return;
        expect(() => parsePageToken(token, QUERY, ['integer'])).toThrow(BadField);
      }),
    );
  });
});

describe('a page', () => {
  const rows = Array.from({ length: 11 }, (_, i) => i + 1);
  const page = (pageSize: number) => new Page({ pageSize, pageToken: '' }, QUERY, ['integer']);

  test('asks for one row more than it shows, and has a token only if there is one', () => {
    expect(page(10).limit).toBe(11);
    expect(page(0).limit).toBe(101);
    const cut = page(10).cut(rows, (row) => [row]);
    expect(cut.rows).toEqual(rows.slice(0, 10));
    expect(parsePageToken(cut.token, QUERY, ['integer'])).toEqual([10]);
    expect(page(11).cut(rows, (row) => [row])).toEqual({ rows, token: '' });
    expect(page(10).cut([], (row) => [row])).toEqual({ rows: [], token: '' });
  });

  test('ends early where its rows grow too big, but never empty', () => {
    const cut = page(10).cut(
      rows,
      (row) => [row],
      () => 2_000_000,
    );
    expect(cut.rows).toEqual([1, 2]);
    expect(parsePageToken(cut.token, QUERY, ['integer'])).toEqual([2]);
    expect(
      page(10).cut(
        rows,
        (row) => [row],
        () => 9_000_000,
      ).rows,
    ).toEqual([1]);
  });

  test.each([-1, 1_001])('of %i rows is refused', (pageSize) =>
    expect(() => page(pageSize)).toThrow(BadField),
  );
});
