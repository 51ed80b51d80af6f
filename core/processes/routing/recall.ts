import type { OperationKind, OperationState } from '../../kernel/payments/model.ts';
import { HELD_BACK } from '../guard.ts';
import { type Answered, PART_MS, PARTS, type Standings } from './standings.ts';

/** What a provider answered before this process began, as the journal has it. */
export interface PastAnswer {
  readonly provider: string;
  readonly method: string;
  readonly currency: string;
  readonly kind: OperationKind;
  readonly state: OperationState;
  readonly decline: string;
  readonly detail: string;
  readonly attempt: number;
  readonly tries: number;
  readonly tookMs: number;
  readonly bookedUs: number;
}

/** Answers from a moment up to another, microseconds; of more than the limit, any so many. */
export type ReadAnswers = (window: {
  fromUs: number;
  untilUs: number;
  limit: number;
}) => Promise<readonly PastAnswer[]>;

/** Answers that are read back: enough to judge by, and few enough that a start does not feel them. */
const ANSWERS_MAX = 20_000;

/**
 * Tells the standings what was answered in the window before `nowUs`, the newest part of it first, until there is enough.
 * How many answers that were.
 */
export async function recall(
  standings: ReadonlyMap<string, Standings>,
  read: ReadAnswers,
  nowUs: number,
): Promise<number> {
  let left = ANSWERS_MAX;
  for (let part = 0; part < PARTS && left > 0; part++) {
    const untilUs = nowUs - part * PART_MS * 1_000;
    const answers = await read({ fromUs: untilUs - PART_MS * 1_000, untilUs, limit: left });
    for (const answer of answers) {
      const answered = answeredOf(answer);
      const agoMs = (nowUs - answer.bookedUs) / 1_000;
      if (answered !== null) standings.get(answer.provider)?.recall(answered, agoMs);
    }
    left -= answers.length;
  }
  return ANSWERS_MAX - left;
}

/** As it would have been counted when it came; null for what was no answer of the provider's. */
function answeredOf(answer: PastAnswer): Answered | null {
  const { method, currency, tries, tookMs } = answer;
  const done = doneOf(answer);
  if (done === null) return null;
  // Behind the first answer come those of questions, and how long they took nobody knows.
  if (tries > 1) return { kind: 'query', method: '', currency: '', isFirst: false, done, tookMs: null };
  return { kind: answer.kind, method, currency, isFirst: answer.attempt === 0, done, tookMs };
}

function doneOf({ state, decline, detail }: PastAnswer): Answered['done'] | null {
  switch (state) {
    case 'succeeded':
    case 'accepted':
    case 'requires_action':
    case 'unknown':
      return state;
    case 'not_sent':
      return HELD_BACK.has(detail) ? null : 'not_sent';
    case 'failed':
      // Without a decline it was closed by a void, whose own answer counts.
      return decline === '' ? null : 'declined';
    case 'pending':
    case 'canceled':
      return null;
  }
}
