import type { Command } from 'commander';
import { readCliConfig } from '../config.ts';
import { watchLauncher } from './launcher.ts';
import { addProofs } from './proveCommands.ts';
import { addRelay } from './relay/command.ts';
import { addRouting } from './routing/command.ts';
import { addSettlement } from './settlement/command.ts';
import { addSql } from './sqlCommand.ts';

const SIMULATOR_HELP = `
It listens on 127.0.0.1 at FLORIN_SIMULATOR_PORT (7430), keeps what it has charged in simulator.sqlite of
FLORIN_DATA_DIR, and sends webhooks to FLORIN_SIMULATOR_WEBHOOK_URL, signed with
FLORIN_SIMULATOR_WEBHOOK_SECRET or the secret that it keeps in the data folder.

Examples:
  curl -s http://127.0.0.1:7430/v1/report
  curl -s -X PUT http://127.0.0.1:7430/control/faults -H 'content-type: application/json' \\
    -d '{"error_after":0.05,"lost_reply":0.05,"latency_ms":{"p50":80,"p95":400}}'`;

const EDGE_HELP = `
It listens on FLORIN_EDGE_HOST (FLORIN_HOST, 127.0.0.1) at FLORIN_EDGE_PORT (7410), and asks the core at FLORIN_EDGE_CORE
(FLORIN_HOST and FLORIN_GRPC_PORT). It keeps nothing: any number of them may run beside each other.
Health and metrics are at FLORIN_EDGE_OPS_PORT (7493).`;

const WEBHOOKS_HELP = `
It asks the core at FLORIN_EDGE_CORE (FLORIN_HOST and FLORIN_GRPC_PORT) for what is due, and signs with secrets derived from
FLORIN_WEBHOOK_KEY_FILE (secrets/webhook.key in FLORIN_DATA_DIR), which every edge and every deliverer must share. Private
addresses are not reached unless FLORIN_WEBHOOK_NETWORKS names them. It keeps nothing: any number may run beside each other.
Health and metrics are at FLORIN_WEBHOOK_OPS_PORT (7492).`;

/** The commands that run or look after a Florin on this machine; each loads what it needs when it is asked for. */
export function addOperate(program: Command): void {
  program
    .command('start')
    .description('start the database and the core, until Ctrl-C')
    .action(async () => {
      const { start } = await import('./start.ts');
      // Everything is down by then; calls that still wait for an answer must not keep the process.
      process.exit(await start());
    });
  program
    .command('simulator')
    .description('run a payment provider for tests: charges nobody, fails as you ask it to, until Ctrl-C')
    .addHelpText('after', SIMULATOR_HELP)
    .action(async () => {
      const { runSimulator } = await import('../../adapters/psp/simulator/server/run.ts');
      watchLauncher(readCliConfig().launcherPid, () => process.kill(process.pid, 'SIGTERM'));
      process.exit(await runSimulator());
    });
  program
    .command('edge')
    .description('run the REST API for merchants, until Ctrl-C')
    .addHelpText('after', EDGE_HELP)
    .action(async () => {
      const { runEdge } = await import('../../edge/run.ts');
      watchLauncher(readCliConfig().launcherPid, () => process.kill(process.pid, 'SIGTERM'));
      process.exit(await runEdge({ untilInputEnds: false }));
    });
  program
    .command('webhooks')
    .description('deliver webhooks to the endpoints of merchants, until Ctrl-C')
    .addHelpText('after', WEBHOOKS_HELP)
    .action(async () => {
      const { runDelivering } = await import('../../edge/run.ts');
      watchLauncher(readCliConfig().launcherPid, () => process.kill(process.pid, 'SIGTERM'));
      process.exit(await runDelivering({ untilInputEnds: false }));
    });
  addSql(program);
  addProofs(program);
  addRelay(program);
  addRouting(program);
  addSettlement(program);
}
