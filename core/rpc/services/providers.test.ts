import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Mode } from '../../../gen/florin/access/v1/api_keys_pb.ts';
import { OperationKind } from '../../../gen/florin/payments/v1/operations_pb.ts';
import { PaymentMethodType } from '../../../gen/florin/payments/v1/payment_methods_pb.ts';
import { BreakerState, ProviderService } from '../../../gen/florin/payments/v1/providers_pb.ts';
import type { ProviderRow } from '../providerReads.ts';
import { byGrpc, byJson, refusalOf } from '../testing/callers.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { getProvider, listProviders } = ProviderService.method;

const ROW: ProviderRow = {
  name: 'acme',
  kind: 'simulator',
  capabilities: {
    live: true,
    methods: ['card', 'wallet'],
    currencies: ['EUR', 'JPY'],
    minimum: { EUR: 50n },
    maximum: 9_223_372_036_854_775_807n,
    partialCapture: true,
    multipleCaptures: false,
    increment: true,
    partialRefund: true,
    sale: true,
    authorizationSeconds: 604_800,
    keySeconds: 86_400,
    consistencyMs: 30_000,
    events: { keptSeconds: 2_592_000 },
    settlementReport: true,
  },
  cost: { ppm: 12_000, fixed: 10n, lines: [{ brand: 'amex', ppm: 25_000, fixed: 0n }] },
  isUp: false,
  breakers: [
    { kind: 'sale', state: 'open' },
    { kind: 'query', state: 'half_open' },
  ],
  seen: {
    calls: 40,
    reliability: 1 / 3,
    latencyMs: 172.8,
    segments: [{ method: 'card', currency: 'EUR', attempts: 10, authorized: 7, authRate: 25 / 30 }],
  },
};

let serving: Serving;
beforeAll(async () => {
  serving = await serve();
  // As an adapter that holds more than it should tell would come along.
  serving.providerRows.push({ ...ROW, secretKey: 'sk_live_secret' } as ProviderRow);
});
afterAll(() => serving.close());

test('providers are told as routing sees them', async () => {
  const { providers } = await byGrpc(serving.grpc, listProviders, {});
  expect(providers).toMatchObject([
    {
      name: 'acme',
      adapter: 'simulator',
      capabilities: {
        methods: [PaymentMethodType.CARD, PaymentMethodType.WALLET],
        currencies: ['EUR', 'JPY'],
        minimum: { EUR: 50n },
        maximum: 9_223_372_036_854_775_807n,
        multipleCaptures: false,
        keySeconds: 86_400n,
        eventsKeptSeconds: 2_592_000n,
        settlementReport: true,
        mode: Mode.LIVE,
      },
      fees: { ppm: 12_000, fixed: 10n, lines: [{ brand: 'amex', countries: [], ppm: 25_000 }] },
      isUp: false,
      breakers: [
        { kind: OperationKind.SALE, state: BreakerState.OPEN },
        { kind: OperationKind.UNSPECIFIED, state: BreakerState.HALF_OPEN },
      ],
      calls: 40n,
      reliability: 0.3333,
      latencyP95Ms: 172.8,
      segments: [
        { method: PaymentMethodType.CARD, currency: 'EUR', attempts: 10n, authorized: 7n, authRate: 0.8333 },
      ],
    },
  ]);
});

test('nothing but what the contract knows of is told', async () => {
  const answer = await byJson(serving.rpc.connectPort, listProviders, '{}');
  expect(answer.status).toBe(200);
  expect(JSON.stringify(answer.body)).not.toContain('secret');
});

test('one is found by its name', async () => {
  const { provider } = await byGrpc(serving.grpc, getProvider, { name: 'acme' });
  expect(provider?.adapter).toBe('simulator');
  const told = async (name: string) => (await refusalOf(byGrpc(serving.grpc, getProvider, { name }))).code;
  expect(await told('other')).toBe(status.NOT_FOUND);
  expect(await told('')).toBe(status.INVALID_ARGUMENT);
  expect(await told('Acme!')).toBe(status.INVALID_ARGUMENT);
});
