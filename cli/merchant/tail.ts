import type { Command } from 'commander';
import { readCliConfig } from '../config.ts';
import { processTerminal, type Terminal } from '../print/terminal.ts';
import { count } from '../commands/shape.ts';
import { type ApiOptions, MerchantApi } from './api.ts';
import { eventsAfter, type MerchantEvent, newestEvents } from './events.ts';
import { merchantCommand } from './shape.ts';

interface TailOptions extends ApiOptions {
  readonly type?: string;
  readonly limit?: number;
  readonly json?: true;
}

const SHOWN_DEFAULT = 10;

export function addEvents(program: Command): void {
  const events = program.command('events').description('what happens to a merchant');
  merchantCommand(events, 'tail', {
    description: 'print the newest events, and every further one as it happens, until Ctrl-C',
    example: 'florin events tail --type payment_intent.succeeded,refund.updated',
  })
    .option('--type <types>', 'only of these types, parted by commas')
    .addOption(count('--limit <n>', 'how many of those that happened already', { min: 0, max: 100 }))
    .option('--json', 'whole events, one JSON a line')
    .action(async (options: TailOptions) => tail(new MerchantApi(options), options));
}

async function tail(api: MerchantApi, options: TailOptions): Promise<void> {
  const { type: types = '', limit = SHOWN_DEFAULT } = options;
  const terminal = processTerminal(readCliConfig());
  const known = await newestEvents(api, { limit: Math.max(1, limit), types });
  for (const event of limit === 0 ? [] : known) await show(terminal, event, options);
  for await (const event of eventsAfter(api, { after: known.at(-1)?.id, types }))
    await show(terminal, event, options);
}

async function show(terminal: Terminal, event: MerchantEvent, { json }: TailOptions): Promise<void> {
  await terminal.print(json === true ? JSON.stringify(event) : lineOf(event));
}

export function lineOf({ id, type, timestamp, data: { object } }: MerchantEvent): string {
  const status = object.status === undefined ? '' : `  ${object.status}`;
  return `${timestamp}  ${id}  ${type}  ${object.id}${status}`;
}
