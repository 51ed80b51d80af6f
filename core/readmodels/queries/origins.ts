import type { Uuid } from '../../kernel/ledger/commands.ts';
import type { IntentChange } from '../../kernel/payments/change.ts';
import type { Intent } from '../../kernel/payments/model.ts';
import type { RequestOrigin } from '../../kernel/payments/told.ts';
import { isOpen } from '../../kernel/payments/transitions.ts';

/**
 * Which requests led to the events of a payment. One that tells what came of an operation that was open is of whoever
 * asked for the operation, and so is the operation of the next route that it begins.
 */
export class Origins {
  /** Of the last event that was passed. */
  last: RequestOrigin | null = null;
  readonly #ofOperations = new Map<Uuid, RequestOrigin>();

  /** `before` is the payment as it stood until then; null where the event begins it. */
  pass({ origin, operations }: IntentChange, before: Intent | null): void {
    const were = new Map(before?.operations.map(({ id, state }) => [id, state]));
    const ended = operations.find(({ id }) => {
      const was = were.get(id);
      return was !== undefined && isOpen(was);
    });
    const asked = ended === undefined ? undefined : this.#ofOperations.get(ended.id);
    this.last = origin ?? asked ?? null;
    if (this.last === null) return;
    for (const { id } of operations) if (!were.has(id)) this.#ofOperations.set(id, this.last);
  }
}
