import { describe, expect, test } from 'vitest';
import type { SettlementLine } from '../../../core/processes/psp.ts';
import { PATIENT, authorized, onto, succeeded } from './calls.ts';
import { wallMs } from './clock.ts';
import type { Subject } from './subject.ts';

const DAY_MS = 86_400_000;

/** What a provider reckons of a day, to be compared with the books. */
export function settlementRules(current: () => Subject): void {
  const reports = (): boolean => current().adapter.capabilities.settlementReport;

  async function reportOf(day: string): Promise<SettlementLine[]> {
    const lines: SettlementLine[] = [];
    for (let cursor = ''; ;) {
      const said = await current().adapter.settlement?.({ day, cursor }, PATIENT);
      if (said?.done !== 'settlement') throw new Error(`no report: ${said?.why}`);
      lines.push(...said.lines);
      if (!said.isMore) return lines;
      cursor = said.cursor;
    }
  }

  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

  describe('the settlement report', () => {
    test('is there where the capabilities say so, and nowhere else', () => {
      const { adapter } = current();
      expect(adapter.settlement !== undefined).toBe(reports());
    });

    test('has what was captured and refunded, with what the provider takes, on its day and on no other', async () => {
      if (!reports()) return;
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const capture = onto(call, reference);
      const { cost } = succeeded(await adapter.capture(capture, PATIENT));
      const refund = onto(call, reference, { amount: 500n });
      await adapter.refund(refund, PATIENT);
      const nowMs = wallMs();
      const own = (await reportOf(dayOf(nowMs))).filter((line) => line.providerReference === reference);
      const { currency } = call;
      expect(own).toMatchObject([
        { operation: capture.operation, currency, gross: call.amount, fee: cost ?? 0n },
        { operation: refund.operation, currency, gross: -500n, fee: 0n },
      ]);
      for (const { occurredAtMs } of own) expect(Math.abs(occurredAtMs - nowMs)).toBeLessThan(60_000);
      for (const otherMs of [nowMs - DAY_MS, nowMs + DAY_MS]) {
        const other = await reportOf(dayOf(otherMs));
        expect(other.filter((line) => line.providerReference === reference)).toEqual([]);
      }
    });

    test('that is not answered is none, and so is that of a day that there is not', async () => {
      if (!reports()) return;
      const { adapter, unreachable } = current();
      const today = { day: dayOf(wallMs()), cursor: '' };
      expect(await unreachable.settlement?.(today, PATIENT)).toMatchObject({ done: 'not_sent' });
      const never = await adapter.settlement?.({ day: 'yesterday', cursor: '' }, PATIENT);
      expect(never).toMatchObject({ done: 'unknown' });
    });
  });
}
