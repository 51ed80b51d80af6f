import { isFirstCall } from './complete.ts';
import { resolveAtUs } from './due.ts';
import type { Flow } from './flow.ts';
import type { Operation } from './model.ts';

/** The provider was silent: it is asked again, less and less often. */
export function remainUnknown(flow: Flow, operation: Operation, why: string): boolean {
  return awaitAnswer(flow, operation, { why, dueUs: resolveAtUs(flow.nowUs, operation.silent++) });
}

/** Leaves it unknown until it is asked about at that moment. */
export function awaitAnswer(
  flow: Flow,
  operation: Operation,
  { why, dueUs }: { why: string; dueUs: number },
): true {
  operation.detail = why;
  if (operation.unknownUs === 0) operation.unknownUs = flow.nowUs;
  // What the provider took in stays so: only the next question is put off.
  flow.moveOperation(operation, operation.state === 'accepted' ? 'accepted' : 'unknown', dueUs);
  // What contradicts what was asked is known well enough to stay with its operator.
  if (isFirstCall(operation) && flow.intent.attempts[operation.attempt].state !== 'conflicted')
    flow.moveAttempt(operation.attempt, 'unknown');
  if (flow.intent.state === 'requires_action') flow.move('processing');
  if (dueUs === Infinity)
    flow.attend(operation, `the outcome of ${operation.kind} ${operation.id} stays unknown`);
  return true;
}
