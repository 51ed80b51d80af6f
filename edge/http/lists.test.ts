import { describe, expect, test } from 'vitest';
import { type ListQuery, pageOfAll } from './lists.ts';

const all = ['e', 'd', 'c', 'b', 'a'].map((id) => ({ id }));
const page = (query: ListQuery) => {
  const { rows, hasMore } = pageOfAll(query, all);
  return `${rows.map(({ id }) => id).join('')}${hasMore ? '..' : ''}`;
};

describe('a page of what is there as a whole', () => {
  test.each<[ListQuery, string]>([
    [{}, 'edcba'],
    [{ limit: '5' }, 'edcba'],
    [{ limit: '2' }, 'ed..'],
    [{ limit: '2', starting_after: 'd' }, 'cb..'],
    [{ limit: '2', starting_after: 'c' }, 'ba'],
    [{ limit: '2', starting_after: 'a' }, ''],
    [{ limit: '2', ending_before: 'b' }, 'dc..'],
    [{ limit: '2', ending_before: 'c' }, 'ed'],
    [{ limit: '2', ending_before: 'd' }, 'e'],
    [{ ending_before: 'e' }, ''],
  ])('%j is "%s"', (query, shown) => expect(page(query)).toBe(shown));

  test.each<[ListQuery, string]>([
    [{ starting_after: 'z' }, 'resource_missing'],
    [{ limit: '0' }, 'parameter_out_of_range'],
    [{ limit: '101' }, 'parameter_out_of_range'],
    [{ starting_after: 'a', ending_before: 'b' }, 'parameters_exclusive'],
  ])('%j is refused: %s', (query, code) => {
    expect(() => page(query)).toThrow(expect.objectContaining({ code }));
  });
});
