import pg from 'pg';
import { NoWritableHost } from '../../../core/journal/database.ts';
import { startProgress } from '../../print/progress.ts';
import type { Terminal } from '../../print/terminal.ts';
import { cannotRun, EXIT, type ExitCode, Problem } from '../../problem.ts';
import { openDatabases, settings } from './databases.ts';
import { NoAnswer, providerLines, providerTruth } from './providerTruth.ts';
import { linesOf } from './report.ts';
import { NothingToVerify, verify, type Phase, type Step } from './verify.ts';

export interface RunVerifyOptions {
  readonly checkpointFiles: readonly string[];
  readonly keyFiles: readonly string[];
  readonly isJson: boolean;
  readonly isSqlLeftOut: boolean;
  /** The address of a payment simulator whose truth is compared with the books. */
  readonly simulator: string | undefined;
  readonly terminal: Terminal;
}

/** `florin verify`: prints the report and answers with the exit code; throws `Problem` where it could not run. */
export async function runVerify({
  checkpointFiles,
  keyFiles,
  isJson,
  isSqlLeftOut,
  simulator,
  terminal,
}: RunVerifyOptions): Promise<ExitCode> {
  const databases = await openDatabases(settings(), (line) => terminal.remark(line));
  try {
    const report = await verify({
      urls: databases.urls,
      secrets: databases.secrets,
      checkpointFiles,
      keyFiles,
      isSqlLeftOut,
      onPhase: stepOf,
    });
    const { urls } = databases;
    const provider = simulator === undefined ? undefined : await providerTruth({ urls, simulator });
    const isTrue = report.ok && (provider?.findings.length ?? 0) === 0;
    if (isJson) await terminal.print(JSON.stringify({ ...report, ok: isTrue, provider }));
    else {
      for (const line of linesOf(report)) await terminal.print(line);
      for (const line of provider === undefined ? [] : providerLines(provider)) await terminal.print(line);
    }
    return isTrue ? EXIT.ok : EXIT.refused;
  } catch (error) {
    throw couldNotRun(error);
  } finally {
    await databases.close();
  }
}

/** A bar on a terminal; in a pipe nothing, so that the answer stays clean. */
function stepOf({ label, total }: Phase): Step {
  if (!process.stderr.isTTY) return { update: () => undefined, end: () => undefined };
  if (total > 0) return startProgress({ label, total, stream: process.stderr });
  process.stderr.write(`${label} ..`);
  return { update: () => process.stderr.write('.'), end: () => process.stderr.write('\n') };
}

/** What a check against the database failed of, as a line for a person where it is nobody's defect. */
export function couldNotRun(error: unknown): Error {
  if (error instanceof Problem) return error;
  if (error instanceof NoAnswer) return cannotRun(error.message);
  if (error instanceof NoWritableHost) return cannotRun(error.message);
  if (error instanceof NothingToVerify) return cannotRun(`${error.message}.`);
  if (error instanceof pg.DatabaseError)
    return cannotRun(`Postgres answered ${error.code}: ${error.message}.`);
  if (error instanceof Error && 'code' in error)
    return cannotRun(`no Postgres answers (${String(error.code)}).`);
  return error instanceof Error ? error : new Error(String(error));
}
