import type { MessageInitShape } from '@bufbuild/protobuf';
import { OperationKind } from '../../../gen/florin/payments/v1/operations_pb.ts';
import {
  BreakerState,
  type ProviderCapabilitiesSchema,
  type ProviderFeeTableSchema,
  type ProviderSchema,
} from '../../../gen/florin/payments/v1/providers_pb.ts';
import type { ProviderRow } from '../providerReads.ts';
import { MODES } from './modes.ts';
import { METHOD_TYPES, OPERATION_KINDS } from './paymentNames.ts';

const BREAKER_STATES = {
  closed: BreakerState.CLOSED,
  half_open: BreakerState.HALF_OPEN,
  open: BreakerState.OPEN,
} as const satisfies Record<ProviderRow['breakers'][number]['state'], BreakerState>;

/** Field by field: what else an adapter may hold is never told. */
export function provider(row: ProviderRow): MessageInitShape<typeof ProviderSchema> {
  const { name, kind, isUp, seen } = row;
  return {
    name,
    adapter: kind,
    capabilities: capabilities(row.capabilities),
    fees: fees(row.cost),
    isUp,
    breakers: row.breakers.map((breaker) => ({
      kind: breaker.kind === 'query' ? OperationKind.UNSPECIFIED : OPERATION_KINDS[breaker.kind],
      state: BREAKER_STATES[breaker.state],
    })),
    calls: BigInt(seen.calls),
    reliability: digits(seen.reliability),
    latencyP95Ms: digits(seen.latencyMs),
    segments: seen.segments.map(({ method, currency, attempts, authorized, authRate }) => ({
      method: METHOD_TYPES[method],
      currency,
      attempts: BigInt(attempts),
      authorized: BigInt(authorized),
      authRate: digits(authRate),
    })),
  };
}

function capabilities(can: ProviderRow['capabilities']): MessageInitShape<typeof ProviderCapabilitiesSchema> {
  return {
    methods: can.methods.map((method) => METHOD_TYPES[method]),
    currencies: [...can.currencies],
    minimum: { ...can.minimum },
    maximum: can.maximum,
    partialCapture: can.partialCapture,
    multipleCaptures: can.multipleCaptures,
    increment: can.increment,
    partialRefund: can.partialRefund,
    sale: can.sale,
    authorizationSeconds: BigInt(can.authorizationSeconds),
    keySeconds: BigInt(can.keySeconds),
    consistencyMs: BigInt(can.consistencyMs),
    settlementReport: can.settlementReport,
    eventsKeptSeconds: BigInt(can.events?.keptSeconds ?? 0),
    mode: MODES[can.live ? 'live' : 'test'],
  };
}

function fees({
  ppm,
  fixed,
  lines = [],
}: ProviderRow['cost']): MessageInitShape<typeof ProviderFeeTableSchema> {
  return {
    ppm,
    fixed,
    lines: lines.map((line) => ({
      brand: line.brand ?? '',
      countries: [...(line.countries ?? [])],
      ppm: line.ppm,
      fixed: line.fixed,
    })),
  };
}

function digits(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
