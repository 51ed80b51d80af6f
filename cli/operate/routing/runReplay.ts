import { isoMoment } from '../../print/json.ts';
import type { Terminal } from '../../print/terminal.ts';
import { cannotRun, refused } from '../../problem.ts';
import { readMoment } from '../../commands/moment.ts';
import { connectReader, readerUrls } from '../sql.ts';
import { alternativeOf, type AlternativeOptions } from './alternative.ts';
import { decisionsOf, hasBook } from './history.ts';
import { Replay } from './replay.ts';
import { replayJson, replayLines } from './replayForms.ts';

/** A history of a million attempts takes minutes. */
const TIMEOUT_MS = 3_600_000;

export interface ReplayOptions extends AlternativeOptions {
  /** undefined: every book. */
  readonly book: string | undefined;
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

/** `florin routing replay`. */
export async function runReplay(
  options: ReplayOptions,
  { terminal, urls }: { terminal: Terminal; urls?: readonly string[] | undefined },
): Promise<void> {
  const replay = new Replay(alternativeOf(options));
  const { book } = options;
  const from = momentOf(options.from, '--from', 'its begin');
  const to = momentOf(options.to, '--to', 'its end');
  if (from !== null && to !== null && from > to) throw cannotRun('--from is after --to.');
  let isKnown = book === undefined;
  for (const url of urls ?? readerUrls()) {
    const client = await connectReader(url, TIMEOUT_MS);
    try {
      isKnown = isKnown || (await hasBook(client, book ?? ''));
      for await (const decision of decisionsOf(client, { book, from, to })) replay.add(decision);
    } finally {
      await client.end();
    }
  }
  if (!isKnown) throw refused(`there is no book "${book}".`);
  const report = replay.report();
  if (options.json === true) return terminal.print(JSON.stringify(replayJson(report)));
  if (report.decisions === 0) return terminal.remark('No payment was routed there and then.');
  for (const line of replayLines(report, options.strategy, terminal)) await terminal.print(line);
}

function momentOf(
  text: string | undefined,
  option: string,
  dateMeans: 'its begin' | 'its end',
): string | null {
  return text === undefined ? null : isoMoment(readMoment(text, { option, dateMeans }));
}
