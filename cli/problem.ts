/** What the command's exit says to scripts. Documented in `florin --help`. */
export const EXIT = {
  /** Done. */
  ok: 0,
  /** It ran, and the answer is no: refused, malformed, not there, or a check failed. */
  refused: 1,
  /** It could not run: wrong usage, a file that cannot be read, no core to talk to. */
  couldNotRun: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The end of a command with one line for the person who typed it; printed without a stack. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Wrong usage, or nothing to work on. */
export function cannotRun(message: string): Problem {
  return new Problem(message, EXIT.couldNotRun);
}

/** It ran, and the answer is no. */
export function refused(message: string): Problem {
  return new Problem(message, EXIT.refused);
}
