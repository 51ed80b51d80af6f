import { REFUSALS, type Reason } from '../../kernel/ledger/refusals.ts';
import { CallRefused } from '../../shard/service.ts';

/** A field that concerns the whole call is wrong: MALFORMED_REQUEST, and what is wrong with the field. */
export class BadField extends CallRefused {
  readonly violation: Reason;
  constructor(field: string, violation: Reason, message?: string) {
    super('MALFORMED_REQUEST', { field, message: message ?? `${field}: ${REFUSALS[violation].text}` });
    this.violation = violation;
  }
}
