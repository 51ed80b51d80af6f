import { type Timestamp, timestampFromMs, timestampMs } from '@bufbuild/protobuf/wkt';
import type { Command } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mode } from '../../gen/florin/access/v1/api_keys_pb.ts';
import type { RequestLog } from '../../gen/florin/requests/v1/request_logs_pb.ts';
import { wallClock } from '../clock.ts';
import { isoMoment } from '../print/json.ts';
import { itemsOf } from './pages.ts';
import { type CoreOptions, type Session, withCore } from './session.ts';
import { coreCommand, count, readId } from './shape.ts';

interface LogOptions extends CoreOptions {
  readonly book?: string;
  readonly json?: true;
}

interface TailOptions extends LogOptions {
  readonly account?: string;
  readonly status?: number;
  readonly path?: string;
  readonly failed?: true;
  readonly limit?: number;
  readonly follow: boolean;
}

const SHOWN_DEFAULT = 20;
const POLL_MS = 1_000;
/** An edge hands requests over when they are answered, and they are in the order in which they came: the last ones are asked for again. */
const LATE_MS = 60_000;

export function addLogs(program: Command): void {
  const logs = program.command('logs').description('what merchants asked the edges, by request id');
  logCommand(logs, 'tail', {
    description: 'print the newest requests, and every further one as it is answered, until Ctrl-C',
    example: 'florin logs tail --failed',
  })
    .option('--account <id>', 'only those of this merchant', readId)
    .addOption(count('--status <code>', 'only those answered with it', { min: 100, max: 599 }))
    .option('--path <prefix>', 'only those whose path begins with it, for example /v1/refunds')
    .option('--failed', 'only those answered with 400 or more')
    .addOption(count('--limit <n>', 'how many of those that were answered already', { min: 0, max: 1_000 }))
    .option('--no-follow', 'end then')
    .action((options: TailOptions) => withCore(options, (session) => tail(session, options)));
  logCommand(logs, 'show', {
    description: 'show one request',
    example: 'florin logs show req_0190a000000070008000000000000001',
  })
    .argument('<id>', 'the Request-Id of its answer')
    .action((id: string, options: LogOptions) => withCore(options, (session) => show(session, id, options)));
}

function logCommand(parent: Command, name: string, shape: Parameters<typeof coreCommand>[2]): Command {
  return coreCommand(parent, name, shape).option('--book <name>', 'the book (default: every one)');
}

async function tail(session: Session, options: TailOptions): Promise<void> {
  const { limit = SHOWN_DEFAULT, follow } = options;
  /** When those came that are not shown any more, by id: as far back as is asked again. */
  const known = new Map<string, number>();
  let newestMs = 0;
  const note = (log: RequestLog): void => {
    known.set(log.requestId, receivedMs(log));
    newestMs = Math.max(newestMs, receivedMs(log));
  };
  const shown = async (log: RequestLog): Promise<void> => {
    note(log);
    await session.terminal.print(options.json === true ? JSON.stringify(logJson(log)) : lineOf(log));
  };
  // First those that are there already: what comes in between the two questions is shown by one of them or behind.
  for (const log of await logsOf(session, options, { from: wallClock().getTime() - LATE_MS })) note(log);
  const newest = limit === 0 ? [] : await logsOf(session, options, { limit });
  for (const log of newest.toReversed()) await shown(log);
  if (!follow) return;
  for (;;) {
    await sleep(POLL_MS);
    const from = (newestMs || wallClock().getTime()) - LATE_MS;
    for (const [id, ms] of known) if (ms < from) known.delete(id);
    for (const log of (await logsOf(session, options, { from })).toReversed())
      if (!known.has(log.requestId)) await shown(log);
  }
}

async function logsOf(
  { client }: Session,
  { book = '', account = '', status, path = '', failed }: TailOptions,
  { from, limit }: { from?: number; limit?: number },
): Promise<RequestLog[]> {
  const receivedFrom: { receivedFrom?: Timestamp } =
    from === undefined ? {} : { receivedFrom: timestampFromMs(from) };
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.requestLogs.listRequestLogs({
      book,
      merchantId: account,
      statusMin: status ?? (failed === true ? 400 : 0),
      statusMax: status ?? 0,
      pathPrefix: path,
      ...receivedFrom,
      ...page,
    });
    return { items: answer.requestLogs, nextPageToken: answer.nextPageToken };
  };
  const logs: RequestLog[] = [];
  for await (const log of itemsOf(fetch, limit)) logs.push(log);
  return logs;
}

async function show({ client, terminal }: Session, id: string, options: LogOptions): Promise<void> {
  const { requestLog } = await client.requestLogs.getRequestLog({
    book: options.book ?? '',
    requestId: id,
  });
  const shown = logJson(requestLog!);
  if (options.json === true) return terminal.print(JSON.stringify(shown));
  for (const [name, value] of Object.entries(shown))
    if (value !== null) await terminal.print(`${name.padEnd(16)} ${value}`);
}

function lineOf(log: RequestLog): string {
  const what = log.path === '' ? '(no route)' : log.path;
  const about = log.objectId === '' || what.includes(log.objectId) ? '' : `  ${log.objectId}`;
  const why = log.problemCode === '' ? '' : `  ${log.problemCode}${log.param && ` (${log.param})`}`;
  const took = `${(Number(log.tookUs) / 1_000).toFixed(1)} ms`;
  return `${isoMoment(log.receivedAt)}  ${log.requestId}  ${log.status}  ${log.method} ${what}${about}${why}  ${took}`;
}

/** A request as `--json` shows it. */
function logJson(log: RequestLog): Record<string, string | number | null> {
  const orNull = (text: string): string | null => text || null;
  return {
    request_id: log.requestId,
    received_at: isoMoment(log.receivedAt),
    book: orNull(log.book),
    account: log.merchantId === '' ? null : `acct_${log.merchantId.replaceAll('-', '')}`,
    mode: log.mode === Mode.UNSPECIFIED ? null : log.mode === Mode.LIVE ? 'live' : 'test',
    api_key: log.apiKeyId === '' ? null : `key_${log.apiKeyId.replaceAll('-', '')}`,
    method: log.method,
    route: orNull(log.route),
    path: orNull(log.path),
    status: log.status,
    code: orNull(log.problemCode),
    param: orNull(log.param),
    object: orNull(log.objectId),
    idempotency_key: orNull(log.idempotencyKey),
    version: log.apiVersion,
    took_ms: Number(log.tookUs) / 1_000,
    address: orNull(log.address),
    user_agent: orNull(log.userAgent),
  };
}

function receivedMs({ receivedAt }: RequestLog): number {
  return receivedAt === undefined ? 0 : timestampMs(receivedAt);
}
