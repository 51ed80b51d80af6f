import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { Webhook } from 'standardwebhooks';
import { wallClock } from '../clock.ts';
import { readCliConfig } from '../config.ts';
import { processTerminal } from '../print/terminal.ts';
import { cannotRun } from '../problem.ts';
import { type ApiOptions, MerchantApi } from './api.ts';
import { eventsAfter, type MerchantEvent, newestEvents } from './events.ts';
import { merchantCommand } from './shape.ts';

interface ListenOptions extends ApiOptions {
  readonly forwardTo: string;
  readonly type?: string;
}

const TIMEOUT_MS = 15_000;

export function addListen(program: Command): void {
  merchantCommand(program, 'listen', {
    description: 'forward every event to a server of yours, signed as a webhook, until Ctrl-C',
    example: 'florin listen --forward-to http://127.0.0.1:4000/webhooks',
    more: 'No endpoint is needed, and none is made: the secret that signs is printed, and is good for this run.',
  })
    .requiredOption('--forward-to <url>', 'where to')
    .option('--type <types>', 'only of these types, parted by commas')
    .action(async (options: ListenOptions) => listen(new MerchantApi(options), options));
}

async function listen(api: MerchantApi, { forwardTo, type: types = '' }: ListenOptions): Promise<void> {
  const url = URL.parse(forwardTo);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw cannotRun(`--forward-to is "${forwardTo}": it must be an http or https URL.`);
  const terminal = processTerminal(readCliConfig());
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const signing = new Webhook(secret);
  const [newest] = await newestEvents(api, { limit: 1, types });
  await terminal.print(`Webhooks are signed with ${secret}`);
  for await (const event of eventsAfter(api, { after: newest?.id, types }))
    await terminal.print(
      `${event.timestamp}  ${event.type}  ${event.id}  ${await forward(signing, url, event)}`,
    );
}

/** What the server said, for a person. */
async function forward(signing: Webhook, url: URL, event: MerchantEvent): Promise<string> {
  const body = JSON.stringify(event);
  const at = wallClock();
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'webhook-id': event.id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': signing.sign(event.id, at, body),
  };
  try {
    const { status } = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return String(status);
  } catch (error) {
    const { message, cause } = error as Error;
    return cause instanceof Error ? cause.message : message;
  }
}
