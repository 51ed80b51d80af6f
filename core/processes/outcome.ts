import type { Outcome } from '../kernel/payments/commands.ts';
import type { Held, Said } from './said.ts';
import type { PspCapabilities } from './psp.ts';

/** What an adapter says, as the kernel takes it: moments in microseconds, costs as numbers, text bounded. */
export function outcomeOf(
  said: Exclude<Said, Held>,
  { nowUs, authorizationSeconds }: { nowUs: number; authorizationSeconds: number },
): Outcome {
  switch (said.done) {
    case 'succeeded':
      return {
        done: 'succeeded',
        amount: said.amount,
        currency: said.currency,
        providerReference: bounded(said.providerReference),
        cost: said.cost ?? 0n,
        ...(said.isPartial === true ? { isPartial: true } : {}),
        expiresAtUs:
          said.expiresAtMs === null ? nowUs + authorizationSeconds * 1e6 : Math.floor(said.expiresAtMs * 1e3),
      };
    case 'requires_action':
      return {
        done: 'requires_action',
        providerReference: bounded(said.providerReference),
        url: bounded(said.action.url, 2_048),
      };
    case 'accepted':
      return { done: 'accepted', providerReference: bounded(said.providerReference) };
    case 'declined':
      return {
        done: 'declined',
        code: said.code,
        providerCode: bounded(said.providerCode, 64),
        providerReference: bounded(said.providerReference),
      };
    case 'not_sent':
    case 'unknown':
      return { done: said.done, why: bounded(said.why, 200) };
    case 'not_found':
      return { done: 'not_found' };
    case 'not_yet':
      return { done: 'not_yet', untilUs: said.untilUs };
  }
}

/** Text of a provider that a block can keep: no U+0000, no half of a surrogate pair, and not too long. */
function bounded(text: string, most = 255): string {
  return text.replaceAll('\0', '').toWellFormed().slice(0, most).toWellFormed();
}

/** "Not found" proves nothing before the provider's window of consistency, which opened at `sinceUs`, is over. */
export function proven(
  said: Said,
  { sinceUs, nowUs, capabilities }: { sinceUs: number; nowUs: number; capabilities: PspCapabilities },
): Said {
  const untilUs = sinceUs + capabilities.consistencyMs * 1e3;
  return said.done !== 'not_found' || nowUs >= untilUs ? said : { done: 'not_yet', untilUs };
}
