import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type {
  AuthorizeCall,
  CallContext,
  CaptureCall,
  Declined,
  FollowUpCall,
  PspAdapter,
  PspEventKind,
  PspOutcome,
  QueryOutcome,
  Succeeded,
  Uuid,
} from '../../../core/processes/psp.ts';
import type { Subject } from './subject.ts';

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

/** What a webhook about an operation may tell: that it was done, or that it was not. */
const TOLD = {
  authorize: ['authorized', 'declined'],
  capture: ['captured', 'capture_failed'],
  void: ['voided', 'declined'],
  refund: ['refunded', 'refund_failed'],
} as const satisfies Record<string, readonly [done: PspEventKind, failed: PspEventKind]>;

/** What came of a follow-up: the answer, or of a provider that only takes it in, what its webhook tells. */
export async function ended(
  subject: Subject,
  verb: 'capture' | 'void' | 'refund',
  call: CaptureCall,
): Promise<PspOutcome> {
  const outcome = await subject.adapter[verb](call, PATIENT);
  if (outcome.done !== 'accepted' || subject.driver.ways?.followUps !== 'later') return outcome;
  return told(subject, call.operation, verb);
}

/** The outcome of an operation, by its webhook. */
async function told(
  { adapter, driver }: Subject,
  operation: Uuid,
  verb: keyof typeof TOLD,
): Promise<Succeeded | Declined> {
  const [done, failed] = TOLD[verb];
  const [event] = adapter.parseWebhook(
    await Promise.any([driver.webhook(operation, done), driver.webhook(operation, failed)]),
  );
  const { kind, money, providerReference } = event;
  if (kind === failed)
    return { done: 'declined', code: 'operation_not_allowed', providerCode: '', providerReference };
  if (money === null) throw new Error(`a webhook "${kind}" without money`);
  return { done: 'succeeded', ...money, providerReference, cost: null, expiresAtMs: null };
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

/** How long a webhook that may not come is waited for. */
const SILENCE_MS = 500;

/** What became of an authorisation or sale: by asking, or of a provider that cannot be asked, by its webhook. */
export async function fateOf(
  subject: Subject,
  call: Pick<AuthorizeCall, 'operation' | 'capture'>,
): Promise<QueryOutcome> {
  const { adapter, driver } = subject;
  if (driver.ways?.queries !== 'none') return settled(adapter, call);
  const silence = new Promise<null>((resolve) => setTimeout(resolve, SILENCE_MS, null));
  const hook = told(subject, call.operation, 'authorize').catch(() => null);
  const asked = { operation: call.operation, kind: 'authorize', providerReference: '' } as const;
  return (await Promise.race([hook, silence])) ?? adapter.query(asked, PATIENT);
}
