import { spawnSync } from 'node:child_process';

/**
 * Whether all these programs are there; for `test.runIf(needs('go'))`. Where one is missing the run says so in a line of
 * its own, and in CI, where all of them are installed, a skipped test is a failure.
 */
export function needs(...programs: string[]): boolean {
  const missing = programs.filter((program) => !isOnPath(program));
  if (missing.length === 0) return true;
  return skipped(missing.join(' '));
}

/** Says what is missing, or fails in CI. */
export function skipped(what: string): false {
  const line = `SKIPPED-NEEDS: ${what}`;
  if (process.env.CI === 'true') throw new Error(`${line}: CI must run every test`);
  console.log(line);
  return false;
}

export function isOnPath(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0;
}
