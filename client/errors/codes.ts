/** The canonical codes of gRPC: https://grpc.io/docs/guides/status-codes */
export const CODE = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type CodeName = keyof typeof CODE;

const NAMES = Object.keys(CODE) as CodeName[];

/** The name of a code; a number that gRPC does not know is UNKNOWN, as its specification asks. */
export function codeName(code: number): CodeName {
  return NAMES[code] ?? 'UNKNOWN';
}

/** After these nobody knows whether the server carried the call out, once it may have been sent. */
const OPEN: ReadonlySet<number> = new Set([
  CODE.CANCELLED,
  CODE.UNKNOWN,
  CODE.DEADLINE_EXCEEDED,
  CODE.INTERNAL,
  CODE.UNAVAILABLE,
  CODE.DATA_LOSS,
]);

export function leavesOutcomeOpen(code: number): boolean {
  return OPEN.has(code);
}
