import { describe, expect, test } from 'vitest';
import { type RawWebhook, UnreadableWebhook } from '../../../core/processes/psp.ts';
import { PATIENT, authorization, authorized, ended, onto } from './calls.ts';
import { wallMs } from './clock.ts';
import type { Subject } from './subject.ts';

const MINUTE_MS = 60_000;

/** What a provider tells by itself. */
export function webhookRules(current: () => Subject): void {
  async function received(): Promise<{ webhook: RawWebhook; nowMs: number }> {
    const { adapter, driver } = current();
    const { call } = await authorized(adapter, driver.tokens.succeeds);
    return { webhook: await driver.webhook(call.operation, 'authorized'), nowMs: wallMs() };
  }

  describe('a webhook', () => {
    test('of the provider is genuine', async () => {
      const { webhook, nowMs } = await received();
      expect(current().adapter.verifyWebhook(webhook, nowMs)).toBe(true);
    });

    test('is not genuine once a byte of it was changed, without its signature, or with that of another', async () => {
      const { adapter, driver } = current();
      const { webhook, nowMs } = await received();
      const other = await received();
      const tampered = Buffer.from(webhook.body);
      tampered[tampered.length - 2] ^= 1;
      const ofHeaders = [
        { ...webhook, headers: {} },
        { ...webhook, headers: other.webhook.headers },
        { ...webhook, headers: mangled(webhook.headers) },
      ];
      for (const forged of [
        { ...webhook, body: tampered },
        { ...webhook, body: new Uint8Array() },
        ...(driver.ways?.signatures === 'in_body' ? [] : ofHeaders),
      ])
        expect(adapter.verifyWebhook(forged, nowMs)).toBe(false);
    });

    test('is not genuine when it is old, or from the future', async () => {
      const { adapter, driver } = current();
      if (driver.ways?.signatures === 'in_body') return;
      const { webhook } = await received();
      const nowMs = wallMs();
      const signed = (atMs: number): boolean => adapter.verifyWebhook(driver.sign(webhook.body, atMs), nowMs);
      expect(signed(nowMs)).toBe(true);
      expect(signed(nowMs - 60 * MINUTE_MS)).toBe(false);
      expect(signed(nowMs + 60 * MINUTE_MS)).toBe(false);
    });

    test('tells operation, payment, money and time', async () => {
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const [event, ...others] = adapter.parseWebhook(await driver.webhook(call.operation, 'authorized'));
      expect(others).toEqual([]);
      expect([call.operation, '']).toContain(event.operation);
      expect(event).toMatchObject({
        kind: 'authorized',
        providerReference: reference,
        money: { amount: call.amount, currency: call.currency },
      });
      expect(Math.abs(event.occurredAtMs - wallMs())).toBeLessThan(5 * MINUTE_MS);
    });

    test('has a key that is the same for each delivery, and another for each event', async () => {
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const capture = onto(call, reference);
      await adapter.capture(capture, PATIENT);
      const authorizedHook = await driver.webhook(call.operation, 'authorized');
      const capturedHook = await driver.webhook(capture.operation, 'captured');
      const again = driver.sign(authorizedHook.body, wallMs() + MINUTE_MS);
      const keyOf = (webhook: RawWebhook): string => adapter.parseWebhook(webhook)[0].dedupeKey;
      expect(keyOf(again)).toBe(keyOf(authorizedHook));
      expect(keyOf(capturedHook)).not.toBe(keyOf(authorizedHook));
      expect(keyOf(authorizedHook)).toMatch(/^.{1,128}$/);
    });

    test('comes for a capture, a void, a refund and a decline', async () => {
      const { adapter, driver } = current();
      const { succeeds, declines } = driver.tokens;
      const captured = await authorized(adapter, succeeds);
      const capture = onto(captured.call, captured.reference);
      await ended(current(), 'capture', capture);
      const refund = onto(captured.call, captured.reference, { amount: 500n });
      await ended(current(), 'refund', refund);
      const voided = await authorized(adapter, succeeds);
      const release = onto(voided.call, voided.reference);
      await adapter.void(release, PATIENT);
      const declined = authorization(declines[0][0]);
      await adapter.authorize(declined, PATIENT);
      const told = [
        [capture, 'captured', captured.call.amount],
        [refund, 'refunded', 500n],
        [release, 'voided', voided.call.amount],
        [declined, 'declined', declined.amount],
      ] as const;
      for (const [{ operation }, kind, amount] of told) {
        const [event] = adapter.parseWebhook(await driver.webhook(operation, kind));
        expect(event).toMatchObject({ kind, money: { amount } });
      }
    });

    test('that is none of this provider’s is unreadable, whatever it says', () => {
      const { adapter } = current();
      for (const text of [
        '',
        '{',
        'null',
        '[]',
        '{}',
        '{"id":1,"type":"authorized"}',
        '{"__proto__":{}}',
        '\u{ff}',
      ])
        expect(() => adapter.parseWebhook({ body: Buffer.from(text), headers: {} }), text).toThrow(
          UnreadableWebhook,
        );
    });
  });
}

/** Each header value with its last character changed. */
function mangled(headers: RawWebhook['headers']): RawWebhook['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value.slice(0, -1) + (value.endsWith('0') ? '1' : '0'),
    ]),
  );
}
