import { EXIT, Problem, cannotRun, refused } from './problem.ts';

/** The canonical codes of gRPC that are told apart here: https://grpc.io/docs/guides/status-codes */
const CODE = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
} as const;

export function isNotFound(error: unknown): boolean {
  return codeOf(error) === CODE.notFound;
}

/** The stable reason that the core gave for refusing a whole call, if it gave one. */
export function reasonOf(error: unknown): string | undefined {
  return textField(error, 'reason');
}

/** What went wrong, in one line without a stack. */
export function oneLineOf(error: unknown): string {
  const text = textField(error, 'rawMessage') ?? (error instanceof Error ? error.message : String(error));
  return text.replaceAll(/\s*\n\s*/g, ' ').replace(/\.$/, '');
}

/** What a person can do about a failed call. An error that is no failed call passes unchanged: it is a bug. */
export function problemOf(error: unknown, target: string): unknown {
  if (error instanceof Problem) return error;
  const line = oneLineOf(error);
  switch (codeOf(error)) {
    case undefined:
      return error;
    case CODE.unavailable:
      return reasonOf(error) === undefined
        ? cannotRun(
            `no core answers at ${target}: start it with "npm start", or say where it is with --target.`,
          )
        : cannotRun(`${line}: try again in a moment.`);
    case CODE.deadlineExceeded:
      return cannotRun(`the core at ${target} did not answer in time: try again; nothing is done twice.`);
    case CODE.notFound:
      return refused(`${line}: "florin books", "florin accounts" and "florin payments" list what there is.`);
    case CODE.resourceExhausted:
      return cannotRun(`the core has too much to do (${line}): try again in a moment.`);
    case CODE.unimplemented:
      return cannotRun(
        `the core at ${target} does not know this call: run the same version of florin on both sides.`,
      );
    default:
      return new Problem(`${line}.`, EXIT.refused);
  }
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'number' ? error.code : undefined;
}

function textField(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
