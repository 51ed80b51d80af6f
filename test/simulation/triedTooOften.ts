import type { Block } from '../../core/journal/block.ts';
import { eachEvent, viewOf } from '../../core/kernel/ledger/body.ts';
import { EventType } from '../../core/kernel/ledger/layout.ts';
import { changeAt } from '../../core/kernel/payments/change.ts';

const DECLINES_MAX = 15;
const WINDOW_US = 30 * 86_400e6;

/** By the journal alone: cards of the one merchant that were tried though they had been declined too often before. */
export function triedTooOften(blocks: readonly Block[]): string[] {
  const found: string[] = [];
  /** By token: when the tries were asked for that were declined so far, by operation. */
  const declined = new Map<string, Map<string, number>>();
  for (const { body, blockTimeUs } of blocks) {
    const view = viewOf(body);
    eachEvent(view, (type, at) => {
      if (type !== EventType.payment) return;
      const change = changeAt(view, at);
      if (!('after' in change)) return;
      for (const [, { state, method, operation }] of change.attempts) {
        const first = change.operations.find(({ id }) => id === operation);
        if (first === undefined) continue;
        const before = declined.get(method.token) ?? new Map<string, number>();
        declined.set(method.token, before);
        if (state === 'declined') before.set(operation, first.askedUs);
        if (state !== 'authorizing' || first.state !== 'pending' || first.tries > 0) continue;
        const lately = [...before.values()].filter((us) => us > blockTimeUs - WINDOW_US).length;
        if (lately >= DECLINES_MAX) found.push(`${method.token} is tried after ${lately} declines`);
      }
    });
  }
  return found;
}
