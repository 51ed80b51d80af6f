import { expect, test } from 'vitest';
import { Provider } from '../../../core/processes/providers.ts';
import { PaymentRunner } from '../../../core/processes/runner.ts';
import { PaymentsRig } from '../paymentsRig.ts';
import { started } from './started.ts';

test('a shard whose read models do not answer holds up no timer of another one', async () => {
  const { r, id, alpha, begin } = await started();
  await begin();
  await r.pass(2_000);
  const { rig } = r;
  const sick = await PaymentsRig.start(2);
  sick.rig.writer.state.payments.storedDueUs = 0;
  const told: string[] = [];
  new PaymentRunner({
    nowMs: () => rig.time.monotonicUs() / 1_000,
    shards: {
      held: () => [{ writer: sick.rig.writer }, { writer: rig.writer }],
      nowUs: () => r.intent(id).availableAtUs,
      loaderOf: () => ({
        duePayments: () => Promise.reject(new Error('the database is away')),
        nextPaymentDue: () => Promise.resolve(Infinity),
        owedPayments: () => Promise.resolve([]),
      }),
      onPaymentsTouched: () => () => undefined,
      bringIn: () => Promise.resolve(),
      submitOutcomes: (_, __, [{ op }]) => {
        told.push(op);
        return Promise.resolve({ position: rig.writer.position(), outcomes: [] });
      },
    },
    timers: rig.time,
    providers: new Map([['alpha', new Provider(alpha)]]),
    log: () => undefined,
  }).start();
  await r.pass(2_000, 100);
  expect(told).toContain('advanceIntent');
});
