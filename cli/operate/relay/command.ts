import type { Command } from 'commander';
import { ConfigError } from '../../../core/config.ts';
import { count } from '../../commands/shape.ts';
import { readCliConfig } from '../../config.ts';
import { cannotRun } from '../../problem.ts';
import { watchLauncher } from '../launcher.ts';

const RELAY_HELP = `
It reads journal and read models of the databases that FLORIN_DATA_DIR or DATABASE_URL(S) name, and publishes to NATS
JetStream at NATS_URL: streams SETTLEMENT and NOTIFICATION, which it creates. Health and metrics are at FLORIN_RELAY_PORT
(7491). What a stream has lost it fills again from the journal. Any number may run beside each other.

Examples:
  NATS_URL=nats://127.0.0.1:4222 florin relay
  NATS_URL=nats://127.0.0.1:4222 florin relay replay --shard 3 --from 1 --to 5000`;

export function addRelay(program: Command): void {
  const relay = program
    .command('relay')
    .description('bring events to NATS JetStream, until Ctrl-C')
    .addHelpText('after', RELAY_HELP)
    .action(async () => {
      const { runRelay } = await import('./run.ts');
      watchLauncher(readCliConfig().launcherPid, () => process.kill(process.pid, 'SIGTERM'));
      process.exit(await runRelay({ untilInputEnds: false }));
    });
  const seq = (flags: string, description: string) =>
    count(flags, description, { min: 1, max: 999_999_999 }).makeOptionMandatory();
  relay
    .command('replay')
    .description('publish events of a shard once more, into streams that are there')
    .addOption(count('--shard <n>', 'the shard, 0 to 63', { min: 0, max: 63 }).makeOptionMandatory())
    .addOption(seq('--from <seq>', 'the first event, inclusive'))
    .addOption(seq('--to <seq>', 'the last event, inclusive'))
    .action(async (range: { shard: number; from: number; to: number }) => {
      if (range.to < range.from) throw cannotRun('--to comes before --from.');
      const { runReplay } = await import('./run.ts');
      const published = await runReplay(range).catch((error: unknown) => {
        throw error instanceof ConfigError ? cannotRun(error.message) : error;
      });
      console.log(`Published ${published} events.`);
      // The pools of the database keep idle connections for a while.
      process.exit(0);
    });
}
