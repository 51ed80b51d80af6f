import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { create } from '@bufbuild/protobuf';
import { type Transporter, createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Envelope, EnvelopeSchema } from '../../gen/florin/events/v1/envelopes_pb.ts';
import { Notifier } from '../../examples/consumers/notifier/notifier.ts';

let database: DatabaseSync;
let transport: Transporter;
let notifier: Notifier;
let smtp: SMTPServer;
let port: number;
let nowMs: number;
let seq: number;
/** What came, and the recipients that the server was told. */
let mails: { to: string[]; text: string }[];
/** By recipient: how the server answers. */
let refused: Map<string, number>;

beforeEach(async () => {
  [nowMs, seq, mails, refused] = [0, 0, [], new Map()];
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo: ({ address }, _, done) => {
      const responseCode = refused.get(address);
      done(responseCode === undefined ? null : Object.assign(new Error('no'), { responseCode }));
    },
    onData: (stream, { envelope }, done) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.on('end', () => {
        mails.push({ to: envelope.rcptTo.map(({ address }) => address), text });
        done(null);
      });
    },
  });
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  port = (smtp.server.address() as AddressInfo).port;
  database = new DatabaseSync(':memory:');
  transport = createTransport({ host: '127.0.0.1', port });
  notifier = over(transport);
});

afterEach(async () => {
  transport.close();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
});

const over = (by: Pick<Transporter, 'sendMail'>): Notifier =>
  new Notifier({ database, transport: by, from: 'shop@example.org', nowMs: () => nowMs });

/** A customer with that address, who has paid. */
function paid(email: string, currency = 'EUR'): Envelope {
  const customer = `customer-${++seq}`;
  notifier.handle(
    create(EnvelopeSchema, {
      id: `3:${seq}`,
      payload: { case: 'customer', value: { customer: { id: customer, email } } },
    }),
  );
  const payment = create(EnvelopeSchema, {
    id: `3:${++seq}`,
    payload: {
      case: 'paymentIntent',
      value: { customerId: customer, amount: 5n, currency, told: [{ type: 'payment_intent.succeeded' }] },
    },
  });
  notifier.handle(payment);
  return payment;
}

const recipients = (): string[][] => mails.map(({ to }) => to);

test.each([
  'mia@example.org\r\nBcc: eve@example.org',
  'mia@example.org, eve@example.org',
  'mia@example.org\0',
  'Mia <eve@example.org>',
  'mia@example.org>\r\nRCPT TO:<eve@example.org',
])('an address that says more than one reaches nobody: %j', async (email) => {
  const { id } = paid(email);
  await notifier.send();
  expect(mails).toEqual([]);
  expect(notifier.setAside()).toEqual([{ what: id, why: 'the address of the customer is none' }]);
});

test('an e-mail that is refused for good is set aside, and those behind it go out', async () => {
  refused.set('gone@example.org', 550);
  paid('gone@example.org');
  paid('mia@example.org');
  await notifier.send();
  expect(recipients()).toEqual([['mia@example.org']]);
  expect(notifier.setAside()).toMatchObject([{ what: '<3-2-0@florin>' }]);
});

test('one that is refused for now waits by itself, and is set aside after a day', async () => {
  refused.set('slow@example.org', 450);
  paid('slow@example.org');
  paid('mia@example.org');
  await notifier.send();
  expect(recipients()).toEqual([['mia@example.org']]);
  await notifier.send();
  for (; notifier.setAside().length === 0; nowMs += 3_600_000) await notifier.send();
  expect(nowMs).toBeGreaterThan(43_200_000);
  expect(nowMs).toBeLessThan(2 * 86_400_000);
});

test('while the server is away all wait, and go out once', async () => {
  paid('mia@example.org');
  paid('tom@example.org');
  const away = createTransport({ host: '127.0.0.1', port: 1 });
  await expect(over(away).send()).rejects.toThrow('ECONNREFUSED');
  away.close();
  await notifier.send();
  await notifier.send();
  expect(recipients()).toEqual([['mia@example.org'], ['tom@example.org']]);
  expect(notifier.setAside()).toEqual([]);
});

test('a process that ends between the answer and its note sends the same message again', async () => {
  paid('mia@example.org');
  const dying = {
    sendMail: async (mail: object) => {
      await transport.sendMail(mail);
      throw Object.assign(new Error('killed'), { code: 'ECONNECTION' });
    },
  } as unknown as Transporter;
  await expect(over(dying).send()).rejects.toThrow('killed');
  await notifier.send();
  const ids = mails.map(({ text }) => /^Message-ID: (.*)\r$/m.exec(text)?.[1]);
  expect(ids).toEqual(['<3-2-0@florin>', '<3-2-0@florin>']);
});

test('an event that nobody can write about holds up none behind it', async () => {
  paid('mia@example.org', 'x-gold');
  paid('tom@example.org', 'ÄÖÜ');
  await notifier.send();
  expect(mails[0].text).toContain('5 minor units of x-gold');
  expect(mails).toHaveLength(2);
});

test('an event that was noted is not noted twice, were the inbox to bring it again', () => {
  const again = paid('mia@example.org');
  notifier.handle(again);
  expect(database.prepare('SELECT count(*) AS count FROM outbox').get()).toEqual({ count: 1 });
  expect(notifier.setAside()).toEqual([]);
});
