import { request as askHttps } from 'node:https';
import { writeFileSync } from 'node:fs';
import { Client, credentials, status } from '@grpc/grpc-js';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AccountService } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import {
  CreateTransactionsRequestSchema,
  TransactionService,
} from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { certificateFiles, type Issued, newAuthority } from '../../../test/support/certificates.ts';
import { byGrpc, bytesByGrpc, pathOf } from '../testing/callers.ts';
import { ALICE, accountRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';
import { BadTlsFile, Tls } from './tls.ts';

const ours = newAuthority('ours');
const others = newAuthority('others');
const files = certificateFiles();
const shown = ours.issue({ dns: ['core.internal', 'localhost'] });
const mine = ours.issue({ dns: ['edge.internal'] });
const paths = {
  certFile: files.write('core.pem', shown.cert),
  keyFile: files.write('core.key', shown.key),
  clientCaFile: files.write('ca.pem', ours.cert),
  callersFile: undefined,
};
const { getAccount } = AccountService.method;
const { createTransactions } = TransactionService.method;

let serving: Serving;
let tls: Tls;
beforeAll(async () => {
  tls = new Tls(paths);
  serving = await serve({ tls });
  serving.reads.accountRows = [accountRow()];
});
afterAll(async () => {
  await serving.close();
  files.remove();
});

/** How a caller sees the core: whom it trusts, what it shows, whom it expects. */
interface View {
  readonly ca?: string;
  /** null: nothing. */
  readonly own?: Issued | null;
  readonly name?: string;
}

function client({ ca = ours.cert, own = mine, name = 'core.internal' }: View): Client {
  const [key, cert] = own === null ? [null, null] : [Buffer.from(own.key), Buffer.from(own.cert)];
  return new Client(`127.0.0.1:${serving.rpc.grpcPort}`, credentials.createSsl(Buffer.from(ca), key, cert), {
    'grpc.ssl_target_name_override': name,
    'grpc.use_local_subchannel_pool': 1,
  });
}

/** The code of a call by each lane of the gRPC port: the one that reads HTTP/2 itself, and grpc-js. */
async function codesOf(view: View): Promise<(number | undefined)[]> {
  const grpc = client(view);
  const until = (): { deadline: number } => ({ deadline: Date.now() + 10_000 });
  const batch = toBinary(
    CreateTransactionsRequestSchema,
    create(CreateTransactionsRequestSchema, { book: 'shop' }),
  );
  const codeOf = (call: Promise<unknown>): Promise<number> =>
    call.then(
      () => status.OK,
      (error: { code: number }) => error.code,
    );
  try {
    return [
      await codeOf(bytesByGrpc(grpc, pathOf(createTransactions), batch, until())),
      await codeOf(
        byGrpc(grpc, getAccount, { book: 'shop', account: { case: 'accountId', value: ALICE } }, until()),
      ),
    ];
  } finally {
    grpc.close();
  }
}

/** The status of a call by Connect JSON, or the code of the error that kept it from being made. */
function connectStatus({
  ca = ours.cert,
  own = mine,
  name = 'core.internal',
}: View): Promise<number | string> {
  return new Promise((resolve) => {
    const request = askHttps({
      host: '127.0.0.1',
      port: serving.rpc.connectPort,
      path: pathOf(getAccount),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      agent: false,
      servername: name,
      ca,
      ...own,
    });
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.end(JSON.stringify({ book: 'shop', accountId: ALICE }));
  });
}

describe('a port with TLS that asks for certificates', () => {
  test('answers whoever shows a good one and finds what it expects', async () => {
    expect(await codesOf({})).toEqual([status.OK, status.OK]);
    expect(await connectStatus({})).toBe(200);
  });

  test.each<[string, View]>([
    ['trusts another authority than the core has', { ca: others.cert }],
    ['expects another name than the core has', { name: 'core.elsewhere' }],
    ['shows no certificate', { own: null }],
    ['shows a certificate of another authority', { own: others.issue({ dns: ['edge.internal'] }) }],
    [
      'shows a certificate that has expired',
      { own: ours.issue({ dns: ['edge.internal'] }, { fromDays: -3, untilDays: -1 }) },
    ],
    [
      'shows a certificate that is not good yet',
      { own: ours.issue({ dns: ['edge.internal'] }, { fromDays: 1 }) },
    ],
  ])('answers nobody who %s', async (_, view) => {
    const asked = serving.ledger.wire.length;
    expect(await codesOf(view)).toEqual([status.UNAVAILABLE, status.UNAVAILABLE]);
    expect(await connectStatus(view)).toEqual(expect.any(String));
    expect(serving.ledger.wire.length).toBe(asked);
  });

  test('answers nobody who speaks in the clear', async () => {
    const plain = new Client(`127.0.0.1:${serving.rpc.grpcPort}`, credentials.createInsecure());
    const call = byGrpc(plain, getAccount, { book: 'shop' }, { deadline: Date.now() + 10_000 });
    await expect(call).rejects.toMatchObject({ code: status.UNAVAILABLE });
    plain.close();
    const answer = fetch(`http://127.0.0.1:${serving.rpc.connectPort}/`, { method: 'POST' });
    await expect(answer).rejects.toThrow();
  });

  test('shows a newer certificate when its files have one, and keeps the old while they hold none', async () => {
    expect(tls.reread()).toBe(false);
    writeFileSync(paths.certFile, 'half a file');
    expect(() => tls.reread()).toThrow(BadTlsFile);
    expect(await codesOf({})).toEqual([status.OK, status.OK]);

    const newer = ours.issue({ dns: ['core.renewed'] });
    writeFileSync(paths.certFile, newer.cert);
    writeFileSync(paths.keyFile, newer.key);
    expect(tls.reread()).toBe(true);
    expect(await codesOf({ name: 'core.renewed' })).toEqual([status.OK, status.OK]);
    expect(await connectStatus({ name: 'core.renewed' })).toBe(200);
    expect(await codesOf({})).toEqual([status.UNAVAILABLE, status.UNAVAILABLE]);
  });

  test('with a certificate of its own that has expired is believed by nobody', async () => {
    const expired = ours.issue({ dns: ['core.internal'] }, { fromDays: -3, untilDays: -1 });
    writeFileSync(paths.certFile, expired.cert);
    writeFileSync(paths.keyFile, expired.key);
    expect(tls.reread()).toBe(true);
    expect(await codesOf({})).toEqual([status.UNAVAILABLE, status.UNAVAILABLE]);
    expect(await connectStatus({})).toBe('CERT_HAS_EXPIRED');
  });
});

describe('files that cannot be used', () => {
  const sound = {
    ...paths,
    certFile: files.write('sound.pem', shown.cert),
    keyFile: files.write('sound.key', shown.key),
  };
  const calling = (text: string): object => ({ ...sound, callersFile: files.write('callers.json', text) });

  test.each([
    ['there is no such file', () => ({ ...sound, keyFile: '/nowhere/core.key' }), '/nowhere/core.key'],
    [
      'key and certificate are no pair',
      () => ({ ...sound, keyFile: files.write('other.key', mine.key) }),
      'other.key',
    ],
    ['authorities are none', () => ({ ...sound, clientCaFile: sound.keyFile }), 'sound.key'],
    ['callers are no JSON', () => calling('{'), 'callers.json: it is not JSON'],
    ['a caller has no kind of name', () => calling('{"edge":"*"}'), '"edge" does not begin with dns:'],
    ['a caller may use what is no book', () => calling('{"cn:edge":["Shop"]}'), 'what "cn:edge" may use'],
  ])('are named in one line where %s', (_, named, message) => {
    const open = (): Tls => new Tls(named() as typeof sound);
    expect(open).toThrow(BadTlsFile);
    expect(open).toThrow(message);
  });
});
