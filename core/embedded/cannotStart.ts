/**
 * A start that cannot succeed until the operator does something. The message is one line that says what; the command
 * line prints it alone, without a stack.
 */
export class CannotStart extends Error {
  override readonly name = 'CannotStart';
}

/** The errno name of a failed system call (`EACCES`), or an empty string. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
