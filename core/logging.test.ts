import { expect, test } from 'vitest';
import { createLogger } from './logging.ts';

function logged(write: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  write(
    createLogger({
      level: 'info',
      stream: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
    }),
  );
  return lines;
}

test('a line is an event with its ids, a level by name and an ISO time', () => {
  const [line, ...others] = logged((log) => {
    log.info({ shard: 3 }, 'shard.taken');
    log.debug('not at this level');
  });
  expect(line).toEqual({
    level: 'info',
    event: 'shard.taken',
    shard: 3,
    time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
  });
  expect(others).toEqual([]);
});

test('of an error only kind, message, code and stack are taken, not the row that it hit', () => {
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (id)=(secret)',
    where: 'secret',
  });
  const lines = logged((log) => log.error({ err: new Error('append failed', { cause }) }, 'journal.failed'));
  expect(lines[0].err).toMatchObject({ type: 'Error', message: 'append failed', cause: { code: '23505' } });
  expect(JSON.stringify(lines)).not.toContain('secret');
});
