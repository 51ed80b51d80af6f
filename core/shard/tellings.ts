import type { Uuid } from '../kernel/ledger/commands.ts';
import type { PaymentChange } from '../kernel/payments/change.ts';

/** A webhook endpoint for which something is to be done. */
export interface Telling {
  merchant: Uuid;
  /** The endpoint's number. */
  endpoint: number;
  /** The moment at which it stands in the endpoint's queue, microseconds; 0 for all that stands there. */
  dueUs: number;
  /** The event that says so: the read models have what is to be done once they have that. */
  seq: number;
}

/** For which endpoints an event leaves something to be done; of an event of an endpoint the subject is its merchant. */
export function tellingsOf(
  change: PaymentChange,
  { subject, seq, bookedUs }: { subject: Uuid; seq: number; bookedUs: number },
): Telling[] {
  if (change.name === 'webhook_attempts_logged')
    return change.tries.flatMap(({ merchant, endpoint, nextUs }) =>
      nextUs === null ? [] : [{ merchant, endpoint, dueUs: nextUs, seq }],
    );
  if (change.name === 'webhook_resend_asked') {
    const { merchant, to } = change.resend;
    return [{ merchant, endpoint: to, dueUs: bookedUs, seq }];
  }
  if (!('told' in change) && !('endpoint' in change)) return [];
  const { told } = change;
  const tellings: Telling[] = [];
  // What waited for it while it was disabled is due when it is enabled again.
  if ('endpoint' in change && change.endpoint.state === 'enabled')
    tellings.push({ merchant: subject, endpoint: change.endpoint.number, dueUs: 0, seq });
  for (const { to } of told?.events ?? [])
    for (const endpoint of to ?? [])
      tellings.push({ merchant: told!.merchant, endpoint, dueUs: bookedUs, seq });
  return tellings;
}
