import { readProvidersConfig } from '../../../adapters/psp/config.ts';
import { UnknownProvider, configuredProviders } from '../../../adapters/psp/registry.ts';
import type { PspAdapter, SettlementLine } from '../../../core/processes/psp.ts';
import type { Terminal } from '../../print/terminal.ts';
import { EXIT, type ExitCode, cannotRun } from '../../problem.ts';
import { openDatabases, settings } from '../verify/databases.ts';
import { couldNotRun } from '../verify/runVerify.ts';
import { movementsOf, placed } from './books.ts';
import { compareSettlement, dayOf } from './compare.ts';
import { checkJson, checkLines } from './checkForms.ts';

const DAY_MS = 86_400_000;
const DEADLINE_MS = 60_000;
/** Pages of one day's report. */
const PAGES_MAX = 100_000;

export interface CheckOptions {
  readonly provider: string;
  /** "2026-11-27", UTC. */
  readonly day: string;
  readonly json?: true;
}

/** `florin settlement check`: prints the report and answers with the exit code; throws `Problem` where it could not run. */
export async function runSettlementCheck(
  { provider, day, json }: CheckOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const dayMs = dayMsOf(day);
  const config = settings();
  const adapter = adapterOf(provider, { isEmbedded: config.databaseUrls.length === 0 });
  const databases = await openDatabases(config, (line) => terminal.remark(line));
  try {
    const { urls } = databases;
    const period = { fromMs: dayMs - DAY_MS, beforeMs: dayMs + 2 * DAY_MS };
    const lines: SettlementLine[] = [];
    for (let ms = period.fromMs; ms < period.beforeMs; ms += DAY_MS)
      lines.push(...(await reportOf(adapter, dayOf(ms))));
    const movements = await movementsOf(urls, { provider, ...period });
    const check = compareSettlement(day, await placed(urls, provider, lines), movements);
    if (json === true) await terminal.print(JSON.stringify(checkJson(provider, check)));
    else for (const line of checkLines(provider, check)) await terminal.print(line);
    return check.differences.length === 0 ? EXIT.ok : EXIT.refused;
  } catch (error) {
    throw couldNotRun(error);
  } finally {
    await databases.close();
  }
}

function dayMsOf(day: string): number {
  const ms = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN;
  // A 31st of February is read as a day of March by some.
  if (Number.isNaN(ms) || dayOf(ms) !== day) throw cannotRun(`--day is "${day}": a date like 2026-11-27.`);
  return ms;
}

function adapterOf(name: string, { isEmbedded }: { isEmbedded: boolean }): PspAdapter {
  try {
    const providers = configuredProviders(readProvidersConfig({ isEmbedded }));
    const found = providers.find(({ adapter }) => adapter.name === name);
    if (found === undefined)
      throw cannotRun(
        `FLORIN_PROVIDERS has no "${name}": ${providers.map((one) => one.adapter.name).join(', ')}.`,
      );
    if (found.adapter.settlement === undefined)
      throw cannotRun(`"${name}" has no settlement report that can be asked for.`);
    return found.adapter;
  } catch (error) {
    throw error instanceof UnknownProvider ? cannotRun(error.message) : error;
  }
}

async function reportOf(adapter: PspAdapter, day: string): Promise<SettlementLine[]> {
  const lines: SettlementLine[] = [];
  for (let cursor = '', page = 0; page < PAGES_MAX; page++) {
    const said = await adapter.settlement?.({ day, cursor }, { deadlineMs: DEADLINE_MS });
    if (said?.done !== 'settlement')
      throw cannotRun(`the settlement report of ${day} cannot be read: ${said?.why ?? 'there is none'}.`);
    lines.push(...said.lines);
    if (!said.isMore) return lines;
    cursor = said.cursor;
  }
  throw cannotRun(`the settlement report of ${day} has no end.`);
}
