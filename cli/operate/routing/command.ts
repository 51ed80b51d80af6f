import { type Command, Option } from 'commander';
import { count } from '../../commands/shape.ts';
import { readCliConfig } from '../../config.ts';
import { processTerminal } from '../../print/terminal.ts';
import type { ReplayOptions } from './runReplay.ts';

const HELP = `
It makes the choices of all first attempts again, with the candidates and their features as they were stored,
and prints what would have changed. The estimate: where the choice is the same, the outcome is the one that
happened; where it is another, the approval is the authorisation rate that was stored for that provider at
that moment, and the fee is that of its fee table. A split and an exploration count by their parts, nothing is
drawn: the same history always gives the same figures. Not estimated are further attempts after a decline,
and what other traffic would have done to a provider. Attempts without a proven outcome are left out of
approval and cost. See docs/routing.md.

It reads the database that FLORIN_DATA_DIR or DATABASE_URL(S) name, as the read-only role.

Examples:
  florin routing replay --strategy expected_value
  florin routing replay --strategy score --weights auth_rate=0.7,cost=0.1,latency=0.1,reliability=0.1
  florin routing replay --book shop --strategy split --shares alpha=0.8,beta=0.2 --from 2026-01-01 --json`;

export function addRouting(program: Command): void {
  const routing = program.command('routing').description('how providers are chosen');
  routing
    .command('replay')
    .description('make the routing decisions of the past again by another strategy: approval, cost, shares')
    .addOption(
      new Option('--strategy <strategy>', 'the other strategy')
        .choices(['score', 'order', 'expected_value', 'split'])
        .makeOptionMandatory(),
    )
    .option('--weights <list>', 'of a score: auth_rate=0.4,cost=0.2,latency=0.2,reliability=0.2, the default')
    .option('--shares <list>', 'of a split: parts that are 1 together, like alpha=0.7,beta=0.3')
    .option('--order <names>', 'of an order: providers, the first one first; others come behind')
    .option('--explore <part>', 'the part that goes to providers of which too little was known, like 0.05')
    .addOption(
      count('--sample-min <n>', 'first attempts below which too little is known; default 50', {
        min: 1,
        max: 10_000,
      }),
    )
    .option('--book <name>', 'the book (default: FLORIN_BOOK, or every book)')
    .option('--from <moment>', 'the first moment, inclusive; a date is its begin (UTC)')
    .option('--to <moment>', 'the last moment, inclusive; a date is its end (UTC)')
    .option('--json', 'print one JSON object; amounts are minor units')
    .addHelpText('after', HELP)
    .action(async (options: Omit<ReplayOptions, 'book'> & { book?: string }) => {
      const { runReplay } = await import('./runReplay.ts');
      const config = readCliConfig();
      await runReplay(
        { ...options, book: options.book ?? config.book },
        { terminal: processTerminal(config) },
      );
    });
}
