import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** What becomes of it where nobody has the library of NATS. */
function loaded(entry: string): { status: number | null; stderr: string } {
  const program = `
    require('node:module').registerHooks({
      resolve: (name, context, next) => {
        if (name.startsWith('@nats-io/')) throw new Error('there is no NATS');
        return next(name, context);
      },
    });
    import('florin/${entry}').then(({ subscribe, overNats }) => process.exit((subscribe ?? overNats) ? 0 : 3));`;
  return spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
}

test('whoever follows events by gRPC does without the library of NATS; florin/events/nats has it', () => {
  expect(loaded('events')).toMatchObject({ status: 0, stderr: '' });
  expect(loaded('events/nats').stderr).toMatch('there is no NATS');
});
