import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type {
  AuthorizeCall,
  CallContext,
  CaptureCall,
  FollowUpCall,
  PspAdapter,
  PspOutcome,
  QueryOutcome,
  Succeeded,
  Uuid,
} from '../../../core/processes/psp.ts';

export const PATIENT: CallContext = { deadlineMs: 10_000 };
/** For calls that will not be answered. */
export const HASTY: CallContext = { deadlineMs: 400 };

export const newId = (): Uuid => randomUUID() as Uuid;

export function authorization(token: string, more: Partial<AuthorizeCall> = {}): AuthorizeCall {
  return {
    operation: newId(),
    token,
    amount: 10_050n,
    currency: 'EUR',
    method: 'card',
    capture: false,
    returnUrl: '',
    statementDescriptor: 'FLORIN TEST',
    payment: newId(),
    ...more,
  };
}

/** Acts on an authorisation or sale that was answered. */
export function onto(
  target: AuthorizeCall,
  providerReference: string,
  more: Partial<CaptureCall> = {},
): CaptureCall & FollowUpCall {
  return {
    operation: newId(),
    target: target.operation,
    providerReference,
    amount: target.amount,
    currency: target.currency,
    final: true,
    ...more,
  };
}

/** Fails where the outcome is any other, and shows what it is. */
export function succeeded(outcome: PspOutcome | QueryOutcome): Succeeded {
  expect(outcome).toMatchObject({ done: 'succeeded' });
  return outcome as Succeeded;
}

/** An authorisation, or with `capture` a sale, that went well. */
export async function authorized(
  adapter: PspAdapter,
  token: string,
  more: Partial<AuthorizeCall> = {},
): Promise<{ call: AuthorizeCall; reference: string }> {
  const call = authorization(token, more);
  const { providerReference } = succeeded(await adapter.authorize(call, PATIENT));
  return { call, reference: providerReference };
}

/** Asks until the provider's answer is no longer unknown or "not found", as far as its consistency window allows. */
export async function settled(
  adapter: PspAdapter,
  call: Pick<AuthorizeCall, 'operation' | 'capture'>,
): Promise<QueryOutcome> {
  const until = performance.now() + adapter.capabilities.consistencyMs;
  for (;;) {
    const kind = call.capture ? 'sale' : 'authorize';
    const outcome = await adapter.query({ operation: call.operation, kind, providerReference: '' }, PATIENT);
    if ((outcome.done !== 'not_found' && outcome.done !== 'unknown') || performance.now() > until)
      return outcome;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
