import { expect, test } from 'vitest';
import { started } from './started.ts';

test('an event that says what is proven is known for good; before the answer to the call it only says nothing for the moment', async () => {
  const { r, id, tell, begin } = await started();
  await begin();
  const [{ id: operation, kind }] = r.intents.find((one) => one.id === id)!.operations;
  const says = kind === 'sale' ? 'captured' : 'authorized';
  const nothing = { done: true, seq: 0 };
  expect(await tell(says, operation)).toMatchObject([{ ...nothing, replayed: false }]);
  await r.pass(10_000, 250);
  expect(r.intents.find((one) => one.id === id)!.operations[0].state).toBe('succeeded');
  expect(await tell(says, operation)).toMatchObject([{ ...nothing, replayed: true }]);
});
