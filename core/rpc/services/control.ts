import { CallRefused, type ControlAnswer } from '../../shard/service.ts';

type DoneAnswer = Extract<ControlAnswer, { done: true }>;

/** Books and assets come one a call: what the control shard refuses, refuses the call. */
export function done(answer: ControlAnswer): DoneAnswer {
  if (answer.done) return answer;
  throw new CallRefused(answer.reason, { field: answer.field });
}
