import { expect, test } from 'vitest';
import { parseTraceparent } from './call.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test('a traceparent of this version, or of a later one with more behind it, names trace and span', () => {
  const trace = { traceId: TRACE, spanId: SPAN };
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual(trace);
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes-later`)).toEqual(trace);
});

test.each([
  null,
  '',
  `ff-${TRACE}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01 drop table`,
  `00-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`,
])('%j is ignored', (header) => {
  expect(parseTraceparent(header)).toBeNull();
});
