import { describe, expect, test } from 'vitest';
import type { ListEventsOutcome, Listed, PspAdapter, PspEvent } from '../../../core/processes/psp.ts';
import { HASTY, PATIENT, authorization, authorized, onto } from './calls.ts';
import { wallMs } from './clock.ts';
import type { Subject } from './subject.ts';

/** So late that what was just done is old to the adapter. */
const LATER_MS = 3_600_000;
/** Pages of a test's list at most. */
const PAGES_MAX = 1_000;

/** The list of what has happened, by which an event is learnt whose webhook was lost. */
export function eventRules(current: () => Subject): void {
  const lists = (): boolean => current().adapter.capabilities.events !== null;

  function ask(adapter: PspAdapter, cursor: string, context = PATIENT): Promise<ListEventsOutcome> {
    if (adapter.listEvents === undefined) throw new Error('the adapter lists nothing');
    return adapter.listEvents({ cursor, nowMs: wallMs() + LATER_MS }, context);
  }

  async function page(cursor: string): Promise<Listed> {
    const said = await ask(current().adapter, cursor);
    expect(said).toMatchObject({ done: 'listed', unreadable: [] });
    return said as Listed;
  }

  /** To the end of the list. */
  async function behind(cursor: string): Promise<{ events: PspEvent[]; cursor: string; cursors: string[] }> {
    const events: PspEvent[] = [];
    const cursors: string[] = [];
    for (let at = cursor; cursors.length < PAGES_MAX;) {
      const said = await page(at);
      events.push(...said.events);
      cursors.push(said.cursor);
      at = said.cursor;
      if (!said.isMore) return { events, cursor: at, cursors };
    }
    throw new Error('the list has no end');
  }

  const keysOf = (events: readonly PspEvent[]): string[] =>
    events.map(({ operation, dedupeKey }) => `${operation} ${dedupeKey}`);

  describe('the list of events', () => {
    test('is there where the capabilities say so, and nowhere else', () => {
      const { adapter, unreachable } = current();
      const isThere = adapter.listEvents !== undefined;
      expect(isThere).toBe(lists());
      expect(unreachable.capabilities.events).toEqual(adapter.capabilities.events);
      if (adapter.capabilities.events === null) return;
      expect(adapter.capabilities.events.keptSeconds).toBeGreaterThanOrEqual(86_400);
      expect(adapter.capabilities.events.lateMs).toBeGreaterThan(0);
    });

    test('has each event as its webhook tells it', async () => {
      if (!lists()) return;
      const { adapter, driver } = current();
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const capture = onto(call, reference);
      await adapter.capture(capture, PATIENT);
      const refund = onto(call, reference, { amount: 500n });
      await adapter.refund(refund, PATIENT);
      const declined = authorization(driver.tokens.declines[0][0]);
      await adapter.authorize(declined, PATIENT);
      const { events } = await behind('');
      for (const [{ operation }, kind] of [
        [call, 'authorized'],
        [capture, 'captured'],
        [refund, 'refunded'],
        [declined, 'declined'],
      ] as const) {
        const told = adapter.parseWebhook(await driver.webhook(operation, kind));
        expect(events).toEqual(expect.arrayContaining(told));
      }
    });

    test('goes on at its cursor: what happens afterwards is behind it, each time it is asked, and nothing else', async () => {
      if (!lists()) return;
      const { adapter, driver } = current();
      await authorized(adapter, driver.tokens.succeeds);
      const { cursor } = await behind('');
      const before = await behind(cursor);
      const { call, reference } = await authorized(adapter, driver.tokens.succeeds);
      const release = onto(call, reference);
      await adapter.void(release, PATIENT);
      const told = [
        ...adapter.parseWebhook(await driver.webhook(call.operation, 'authorized')),
        ...adapter.parseWebhook(await driver.webhook(release.operation, 'voided')),
      ];
      const { events } = await behind(cursor);
      expect(keysOf(events)).toEqual([...keysOf(before.events), ...keysOf(told)]);
      expect((await behind(cursor)).events).toEqual(events);
    });

    test('has no hole at any of its cursors', async () => {
      if (!lists()) return;
      const { events, cursors } = await behind('');
      for (const cursor of cursors) {
        const rest = keysOf((await behind(cursor)).events);
        expect(keysOf(events).slice(events.length - rest.length)).toEqual(rest);
        expect(cursor.length).toBeLessThanOrEqual(256);
      }
    });

    test('begins anew at a cursor that is not its own, and says so', async () => {
      if (!lists()) return;
      const { adapter, driver } = current();
      await authorized(adapter, driver.tokens.succeeds);
      const first = await page('');
      expect(first.isAnew).toBe(false);
      for (const cursor of ['9:evt_of_another', 'evt_of_another', 'no cursor at all', '\u{fffd}'])
        expect(await page(cursor)).toEqual({ ...first, isAnew: true });
    });

    test('that is not answered, or not as it should be, is none', async () => {
      if (!lists()) return;
      const { adapter, driver, unreachable } = current();
      expect(await ask(unreachable, '')).toMatchObject({ done: 'not_sent' });
      for (const fault of ['hang_before', 'error_before', 'rate_limited', 'unavailable'] as const) {
        await driver.fault(fault);
        try {
          const said = await ask(adapter, '', HASTY);
          expect(['not_sent', 'unknown'], fault).toContain(said.done);
        } finally {
          await driver.fault('none');
        }
      }
    });
  });
}
