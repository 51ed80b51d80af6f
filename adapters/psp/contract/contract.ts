import { afterAll, beforeAll, describe } from 'vitest';
import { certaintyRules } from './certainty.ts';
import { eventRules } from './events.ts';
import { followUpRules } from './followUps.ts';
import { outcomeRules } from './outcomes.ts';
import { settlementRules } from './settlement.ts';
import type { Subject } from './subject.ts';
import { webhookRules } from './webhooks.ts';

/**
 * What every adapter of a payment provider has to hold, whoever the provider is. Rules about what a provider cannot do
 * are left out by its capabilities; everything else must pass.
 */
export function describePspContract(name: string, setUp: () => Promise<Subject>): void {
  describe(`${name}, as a payment provider`, () => {
    let subject: Subject | undefined;
    beforeAll(async () => {
      subject = await setUp();
    });
    afterAll(() => subject?.tearDown());
    const current = (): Subject => {
      if (subject === undefined) throw new Error('the subject was not set up');
      return subject;
    };
    outcomeRules(current);
    followUpRules(current);
    certaintyRules(current);
    webhookRules(current);
    eventRules(current);
    settlementRules(current);
  });
}
