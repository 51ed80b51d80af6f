import { describe, expect, it } from 'vitest';
import { problemOf } from './coreErrors.ts';
import { Problem } from './problem.ts';

function failure(fields: object, message = 'what the core said.'): Error {
  return Object.assign(new Error(message), fields);
}

describe('a failed call becomes one line', () => {
  it.each([
    ['no core', failure({ code: 14 }), /^no core answers at here:1: start it with "npm start"/, 2],
    ['read models behind', failure({ code: 14, reason: 'READ_MODEL_BEHIND' }), /try again in a moment/, 2],
    ['too slow', failure({ code: 4 }), /did not answer in time/, 2],
    ['not there', failure({ code: 5 }), /^what the core said: "florin books"/, 1],
    ['malformed', failure({ code: 3 }), /^what the core said\.$/, 1],
  ])('%s', (_, error, line, exitCode) => {
    const problem = problemOf(error, 'here:1');
    expect(problem).toBeInstanceOf(Problem);
    expect((problem as Problem).message).toMatch(line);
    expect((problem as Problem).message).not.toContain('\n');
    expect((problem as Problem).exitCode).toBe(exitCode);
  });

  it('while a bug stays what it is', () => {
    const bug = new TypeError('x is undefined');
    expect(problemOf(bug, 'here:1')).toBe(bug);
  });
});
