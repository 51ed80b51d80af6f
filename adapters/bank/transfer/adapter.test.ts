import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type AuthorizeCall,
  type FollowUpCall,
  UnreadableWebhook,
  type Uuid,
} from '../../../core/processes/psp.ts';
import { TransferAdapter } from './adapter.ts';
import { SimulatedBank } from './testing/bank.ts';

const PAYER = 'DE89370400440532013000/Anna Muster';
const OURS = 'GB82WEST12345698765432/Florin & Sons';
const PATIENT = { deadlineMs: 10_000 };
const newId = (): Uuid => randomUUID() as Uuid;

let folder: string;
let bank: SimulatedBank;
let adapter: TransferAdapter;
const started = (): TransferAdapter =>
  new TransferAdapter({ isLive: false, folder, account: OURS, nowMs: () => Date.UTC(2026, 8, 17) });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'florin transfer '));
  bank = new SimulatedBank(folder);
  adapter = started();
});
afterEach(() => rm(folder, { recursive: true }));

function transfer(more: Partial<AuthorizeCall> = {}): AuthorizeCall {
  return {
    operation: newId(),
    token: PAYER,
    amount: 10_050n,
    currency: 'EUR',
    method: 'credit_transfer',
    capture: true,
    returnUrl: '',
    statementDescriptor: 'ORDER 17',
    payment: newId(),
    ...more,
  };
}

const onto = ({ operation, amount }: AuthorizeCall, more: Partial<FollowUpCall> = {}): FollowUpCall => ({
  operation: newId(),
  target: operation,
  providerReference: '',
  amount,
  currency: 'EUR',
  ...more,
});

const asked = (operation: Uuid, kind: 'sale' | 'void' | 'refund' = 'sale') =>
  adapter.query({ operation, kind, providerReference: '' });

/** A transfer that the bank has executed. */
async function settled(more: Partial<AuthorizeCall> = {}): Promise<AuthorizeCall> {
  const call = transfer(more);
  await adapter.authorize(call, PATIENT);
  const [fetched] = await bank.fetch();
  await bank.report(fetched, 'ACSC');
  return call;
}

describe('a transfer', () => {
  test('is taken in, fetched by the bank with what was asked for, and succeeds by its report', async () => {
    const call = transfer();
    expect(await adapter.authorize(call, PATIENT)).toMatchObject({ done: 'accepted' });
    expect(await asked(call.operation)).toMatchObject({ done: 'accepted' });
    const [fetched] = await bank.fetch();
    expect(fetched).toEqual({
      messageId: call.operation.replaceAll('-', ''),
      endToEndId: call.operation.replaceAll('-', ''),
      amount: '100.50',
      currency: 'EUR',
      from: 'DE89370400440532013000',
      to: 'GB82WEST12345698765432',
      creditor: 'Florin . Sons',
    });
    await bank.report(fetched, 'ACSP');
    expect(await asked(call.operation)).toMatchObject({ done: 'accepted' });
    await bank.report(fetched, 'ACSC');
    expect(await asked(call.operation)).toMatchObject({
      done: 'succeeded',
      amount: 10_050n,
      currency: 'EUR',
    });
  });

  test('that the bank rejects days later is declined with its reason, in our word', async () => {
    const call = transfer();
    await adapter.authorize(call, PATIENT);
    const [fetched] = await bank.fetch();
    await bank.report(fetched, 'ACTC');
    await bank.report(fetched, 'RJCT', 'AM04');
    expect(await asked(call.operation)).toMatchObject({
      done: 'declined',
      code: 'insufficient_funds',
      providerCode: 'AM04',
    });
    // A final status stands: what comes after it is not believed.
    await bank.report(fetched, 'ACSC');
    expect(await asked(call.operation)).toMatchObject({ done: 'declined' });
  });

  test('under the same operation is one message, also at once, after the bank has fetched it, and after a restart', async () => {
    const call = transfer();
    const tries = await Promise.all(Array.from({ length: 8 }, () => adapter.authorize(call, PATIENT)));
    for (const outcome of tries) expect(outcome).toEqual(tries[0]);
    await bank.fetch();
    expect(await adapter.authorize(call, PATIENT)).toEqual(tries[0]);
    adapter = started();
    expect(await adapter.authorize(call, PATIENT)).toEqual(tries[0]);
    await bank.fetch();
    expect(bank.fetched).toHaveLength(1);
  });

  test('of another amount or payer under an operation that was used is unknown, and not sent', async () => {
    const call = transfer();
    await adapter.authorize(call, PATIENT);
    expect((await adapter.authorize({ ...call, amount: 1n }, PATIENT)).done).toBe('unknown');
    const other = { ...call, token: 'FR1420041010050500013M02606/Zoe' };
    expect((await adapter.authorize(other, PATIENT)).done).toBe('unknown');
    expect((await bank.fetch()).map(({ amount }) => amount)).toEqual(['100.50']);
  });

  test('that is recorded and perhaps handed over is unknown until the bank reports, and never sent again', async () => {
    const call = transfer();
    await adapter.authorize(call, PATIENT);
    const [fetched] = await bank.fetch();
    // As if the process had ended before it could note that it was handed over.
    const id = call.operation.replaceAll('-', '');
    await rm(join(folder, 'records', `${id}.handed`));
    adapter = started();
    expect((await asked(call.operation)).done).toBe('unknown');
    expect((await adapter.authorize(call, PATIENT)).done).toBe('unknown');
    expect(await bank.fetch()).toEqual([]);
    await bank.report(fetched, 'ACSC');
    expect((await asked(call.operation)).done).toBe('succeeded');
  });

  test('that cannot be said is declined, and leaves no file', async () => {
    const calls = [
      [transfer({ token: 'DE00370400440532013000/Anna' }), 'invalid_account'],
      [transfer({ currency: 'USD' }), 'currency_not_supported'],
      [transfer({ capture: false }), 'operation_not_allowed'],
    ] as const;
    for (const [call, code] of calls)
      expect(await adapter.authorize(call, PATIENT)).toMatchObject({ done: 'declined', code });
    expect(await readdir(join(folder, 'out')).catch(() => [])).toEqual([]);
  });

  test('that was never asked for is not found', async () => {
    await settled();
    expect(await asked(newId())).toEqual({ done: 'not_found' });
  });

  test('is not sent where there is no folder, or where it was given up before', async () => {
    await writeFile(join(folder, 'file'), '');
    const nowhere = new TransferAdapter({
      isLive: false,
      folder: join(folder, 'file'),
      account: OURS,
      nowMs: () => 0,
    });
    expect(await nowhere.authorize(transfer(), PATIENT)).toMatchObject({ done: 'not_sent' });
    const call = transfer();
    const given = { ...PATIENT, signal: AbortSignal.abort() };
    expect((await adapter.authorize(call, given)).done).toBe('not_sent');
    expect((await adapter.authorize(call, PATIENT)).done).toBe('accepted');
  });
});

describe('a void', () => {
  test('takes a message back that the bank has not fetched', async () => {
    const call = transfer();
    await adapter.authorize(call, PATIENT);
    const release = onto(call);
    expect(await adapter.void(release, PATIENT)).toMatchObject({ done: 'succeeded', amount: 10_050n });
    expect(await adapter.void(release, PATIENT)).toMatchObject({ done: 'succeeded' });
    expect(await asked(release.operation, 'void')).toMatchObject({ done: 'succeeded' });
    expect(await asked(call.operation)).toMatchObject({ done: 'declined', providerCode: 'withdrawn' });
    expect((await adapter.authorize(call, PATIENT)).done).toBe('declined');
    expect(await bank.fetch()).toEqual([]);
  });

  test('of one that the bank has is declined, and not as if it had never been', async () => {
    const call = transfer();
    await adapter.authorize(call, PATIENT);
    await bank.fetch();
    const release = onto(call);
    expect(await adapter.void(release, PATIENT)).toMatchObject({ done: 'declined', code: 'not_permitted' });
    expect((await asked(call.operation)).done).toBe('accepted');
  });

  test.each(['void', 'refund'] as const)(
    'or refund of what was never seen closes it for good (%s)',
    async (verb) => {
      const call = transfer();
      expect(await adapter[verb](onto(call), PATIENT)).toMatchObject({
        done: 'declined',
        code: 'operation_not_allowed',
      });
      expect((await adapter.authorize(call, PATIENT)).done).toBe('declined');
      expect((await asked(call.operation)).done).toBe('declined');
      expect(await bank.fetch()).toEqual([]);
    },
  );
});

describe('a refund', () => {
  test('sends a part back to the payer, and succeeds by its report', async () => {
    const call = await settled();
    const refund = onto(call, { amount: 50n });
    expect((await adapter.refund(refund, PATIENT)).done).toBe('accepted');
    expect((await adapter.refund(refund, PATIENT)).done).toBe('accepted');
    const [fetched, ...others] = await bank.fetch();
    expect(others).toEqual([]);
    expect(fetched).toMatchObject({
      amount: '0.50',
      from: 'GB82WEST12345698765432',
      to: 'DE89370400440532013000',
      creditor: 'Anna Muster',
    });
    await bank.report(fetched, 'ACCC');
    expect(await asked(refund.operation, 'refund')).toMatchObject({ done: 'succeeded', amount: 50n });
  });

  test('above the transfer, of one that has not settled, and of a refund is declined', async () => {
    const call = await settled();
    expect((await adapter.refund(onto(call, { amount: 10_051n }), PATIENT)).done).toBe('declined');
    const refund = onto(call);
    await adapter.refund(refund, PATIENT);
    const again = onto(call, { target: refund.operation });
    expect((await adapter.refund(again, PATIENT)).done).toBe('declined');
    const open = transfer();
    await adapter.authorize(open, PATIENT);
    expect(await adapter.refund(onto(open), PATIENT)).toMatchObject({
      done: 'declined',
      code: 'not_permitted',
    });
  });
});

describe('a report', () => {
  test('that is half written is read once it is whole, and one of others changes nothing', async () => {
    const call = transfer();
    await adapter.authorize(call, PATIENT);
    const [fetched] = await bank.fetch();
    await bank.drop('<Document><CstmrPmtStsRpt>');
    await bank.report({ ...fetched, messageId: 'other', endToEndId: 'other' }, 'RJCT', 'AC04');
    expect((await asked(call.operation)).done).toBe('accepted');
    await bank.report(fetched, 'ACSC');
    const [half, ...others] = (await readdir(join(folder, 'in'))).toSorted();
    expect(others).toHaveLength(2);
    await writeFile(join(folder, 'in', half), '<Document><CstmrPmtStsRpt/></Document>');
    expect((await asked(call.operation)).done).toBe('succeeded');
  });

  test('is what a query needs: without the folder it is unknown, never not_found', async () => {
    const call = await settled();
    await rm(join(folder, 'in'), { recursive: true });
    expect((await asked(call.operation)).done).toBe('unknown');
  });
});

test('a bank sends no webhooks', () => {
  expect(adapter.verifyWebhook()).toBe(false);
  expect(() => adapter.parseWebhook()).toThrow(UnreadableWebhook);
});

test('an account of ours that cannot be one is refused', () => {
  expect(() => new TransferAdapter({ isLive: false, folder, account: 'DE00/x', nowMs: () => 0 })).toThrow(
    RangeError,
  );
});
