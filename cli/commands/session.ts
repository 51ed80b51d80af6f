import type { FlorinClient } from '../../client/index.ts';
import { readCliConfig } from '../config.ts';
import { problemOf } from '../coreErrors.ts';
import { type Terminal, processTerminal } from '../print/terminal.ts';
import { cannotRun } from '../problem.ts';
import { SHOP } from '../sample/story.ts';

const CALL_TIMEOUT_MS = 30_000;
/** The book of the bank that comes with florin; payments that come along are in another. */
const BANK = 'berka';

/** A person who asks expects to see all that was acknowledged before. */
export const FRESH = { latest: true, waitMs: 10_000 } as const;

/** What every command that talks to the core can be told. */
export interface CoreOptions {
  readonly target?: string;
}

/** What every command about one book can be told. */
export interface BookOptions extends CoreOptions {
  readonly book?: string;
}

/** One command's talk with the core. */
export interface Session {
  readonly client: FlorinClient;
  readonly terminal: Terminal;
  readonly target: string;
}

/** Connects, runs, and hangs up; whatever the core or the connection says against it becomes a line for a person. */
export async function withCore(
  options: CoreOptions,
  run: (session: Session) => Promise<void>,
): Promise<void> {
  const config = readCliConfig();
  const target = checkedTarget(options.target ?? config.target);
  // Loaded when asked for: help, start and sql need no connection to the core.
  const [{ connectFlorin }, { reaching }] = await Promise.all([
    import('../../client/index.ts'),
    import('../core.ts'),
  ]);
  const client = connectFlorin({ ...reaching(target), timeoutMs: CALL_TIMEOUT_MS });
  try {
    await run({ client, target, terminal: processTerminal(config) });
  } catch (error) {
    throw problemOf(error, target);
  } finally {
    client.close();
  }
}

/** A host with its port, or one of gRPC's own forms such as dns:///core:7400. */
function checkedTarget(target: string): string {
  if (/^\S+:\d{1,5}$/.test(target)) return target;
  throw cannotRun(`--target is "${target}": it must be a host and a port like 127.0.0.1:7400.`);
}

/**
 * The book that is meant: the one named, FLORIN_BOOK, or, if there are none but those that come with florin, the one of
 * them that the command is about.
 */
export async function bookOf(
  session: Session,
  options: BookOptions,
  sample: typeof BANK | typeof SHOP = BANK,
): Promise<string> {
  const named = options.book ?? readCliConfig().book;
  if (named !== undefined) return named;
  const { books } = await session.client.books.listBooks({ pageSize: 1_000 });
  const names = books.map(({ name }) => name);
  if (names.includes(sample) && names.every((name) => name === BANK || name === SHOP)) return sample;
  throw cannotRun(
    names.length === 0
      ? 'there is no book yet: make one with "florin import berka examples/berka/trans.asc".'
      : `which book? Name one with --book, or set FLORIN_BOOK: ${shortList(names)}.`,
  );
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

/** How many decimals each asset's amounts have; asked once an asset. */
export function scaleReader({ client }: Session): (asset: string) => Promise<number> {
  const scales = new Map<string, Promise<number>>();
  return (asset) => {
    const known = scales.get(asset);
    if (known !== undefined) return known;
    const asked = client.assets.getAsset({ code: asset }).then((answer) => answer.asset?.scale ?? 0);
    scales.set(asset, asked);
    return asked;
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An account as a person names it: by code, or by id, which no code looks like. */
export function accountNamed(name: string) {
  return UUID.test(name)
    ? ({ case: 'accountId', value: name.toLowerCase() } as const)
    : ({ case: 'code', value: name } as const);
}
