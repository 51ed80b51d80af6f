import { type DescMethod, fromJson } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BookService } from '../../../gen/florin/ledger/v1/books_pb.ts';
import { CustomerService } from '../../../gen/florin/payments/v1/customers_pb.ts';
import { MerchantService } from '../../../gen/florin/payments/v1/merchants_pb.ts';
import { PaymentIntentService } from '../../../gen/florin/payments/v1/payment_intents_pb.ts';
import { RefundService } from '../../../gen/florin/payments/v1/refunds_pb.ts';
import { PaymentMethodService } from '../../../gen/florin/payments/v1/stored_payment_methods_pb.ts';
import { TimelineService } from '../../../gen/florin/payments/v1/timelines_pb.ts';
import { REFUSALS } from '../../kernel/ledger/refusals.ts';
import { byJson } from '../testing/callers.ts';
import { type Serving, serve } from '../testing/serving.ts';
import { paymentsDocument } from './paymentsDocument.ts';

const document = readFileSync(join(import.meta.dirname, '../../../docs/payments.md'), 'utf8');

describe('docs/payments.md', () => {
  test('has the diagrams and tables that the kernel makes', () => {
    expect(paymentsDocument(document)).toBe(document);
    expect(document).toContain('  requires_capture --> partially_captured\n');
    expect(document).toContain('  canceled --> [*]\n');
  });

  test('control: a diagram that was changed by hand is made anew, and a part that is gone is missed', () => {
    expect(paymentsDocument(document.replace('  canceled --> [*]\n', ''))).toBe(document);
    const without = document.replace(/<!-- begin: declines[^]*?<!-- end -->/, '');
    expect(() => paymentsDocument(without)).toThrow('no place for: declines');
    expect(() => paymentsDocument(document.replace('begin: declines', 'begin: nonsense'))).toThrow(
      'nonsense',
    );
  });

  test('names reasons that there are', () => {
    const table = document.slice(document.indexOf('## What is refused'));
    const named = [...table.matchAll(/`([A-Z_]{5,})`/g)].map(([, reason]) => reason);
    expect(named.length).toBeGreaterThan(12);
    expect(named.filter((reason) => !Object.hasOwn(REFUSALS, reason))).toEqual([]);
  });
});

interface Command {
  json: string;
  method: DescMethod;
}

const services = [
  BookService,
  MerchantService,
  CustomerService,
  PaymentMethodService,
  PaymentIntentService,
  RefundService,
  TimelineService,
];

function commandsIn(text: string): Command[] {
  const calls = text.matchAll(
    /grpcurl -plaintext -d '([^']*)'[\s\\]*127\.0\.0\.1:7400 ([a-zA-Z0-9.]+)\/(\w+)/g,
  );
  return [...calls].map(([, json, typeName, name]) => {
    const service = services.find((one) => one.typeName === typeName);
    const method = service?.methods.find((one) => one.name === name);
    if (method === undefined) throw new Error(`there is no ${typeName}/${name}`);
    return { json, method };
  });
}

describe('the commands of docs/payments.md', () => {
  const commands = commandsIn(document);
  let serving: Serving;
  beforeAll(async () => {
    serving = await serve();
  });
  afterAll(() => serving.close());

  test('are all looked at', () => {
    expect(commands.length).toBe(document.match(/^grpcurl /gm)?.length);
    expect(commands.map(({ method }) => method.name)).toEqual([
      'CreateBook',
      'CreateMerchants',
      'CreatePaymentIntents',
      'CapturePaymentIntents',
      'CreateRefunds',
      'CreateCustomers',
      'CreatePaymentMethods',
      'Explain',
    ]);
  });

  test.each(commands)(
    '$method.name is a request of the contract, with nothing malformed in it',
    async (command) => {
      const { json, method } = command;
      fromJson(method.input, JSON.parse(json), { ignoreUnknownFields: false });
      // The book of the fakes.
      const answer = await byJson(serving.rpc.connectPort, method, json.replaceAll('"stall"', '"shop"'));
      if (method.name === 'Explain')
        expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
      else expect(answer.status).toBe(200);
      expect(JSON.stringify(answer.body)).not.toContain('refused');
    },
  );

  test('control: a field that the contract does not know is found', () => {
    const [{ json, method }] = commands;
    expect(() => fromJson(method.input, JSON.parse(json.replace('"name"', '"nome"')))).toThrow('nome');
  });
});
