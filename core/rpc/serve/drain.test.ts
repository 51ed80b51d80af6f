import { createServer } from 'node:net';
import { Client, type ServiceError, credentials, status } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { afterEach, expect, test } from 'vitest';
import { AccountService } from '../../../gen/florin/ledger/v1/accounts_pb.ts';
import { TransactionService } from '../../../gen/florin/ledger/v1/transactions_pb.ts';
import { byGrpc, byJson, bytesByGrpc, pathOf } from '../testing/callers.ts';
import { accountRow } from '../testing/fakeReads.ts';
import { type Serving, serve } from '../testing/serving.ts';

const { createTransactions } = TransactionService.method;
let serving: Serving;
afterEach(() => serving.close());

/** A ledger that answers when it is told to; `asked` settles once it was asked so many times. */
function holdLedger(times: number) {
  const release = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let count = 0;
  serving.ledger.onCreate = async () => {
    if (++count === times) asked.resolve();
    await release.promise;
    return new Uint8Array(0);
  };
  return { release: release.resolve, asked: asked.promise };
}

test('stop lets calls in flight finish, on both ports, and refuses new ones', async () => {
  serving = await serve();
  const { rpc, grpc } = serving;
  const held = holdLedger(2);
  const inFlight = [byGrpc(grpc, createTransactions, {}), byJson(rpc.connectPort, createTransactions, {})];
  await held.asked;
  let isStopped = false;
  const stopped = rpc.stop(10_000).then(() => (isStopped = true));
  const late = new Client(`127.0.0.1:${rpc.grpcPort}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  const options = { deadline: new Date(Date.now() + 2_000) };
  await expect(byGrpc(late, createTransactions, {}, options)).rejects.toMatchObject({
    code: status.UNAVAILABLE,
  });
  await expect(byJson(rpc.connectPort, createTransactions, {})).rejects.toThrow();
  late.close();
  expect(isStopped).toBe(false);
  held.release();
  await Promise.all([...inFlight, stopped]);
});

test('stop cuts what has not finished in time', async () => {
  serving = await serve();
  const held = holdLedger(1);
  const cut = byGrpc(serving.grpc, createTransactions, {}).catch((error: unknown) => error as ServiceError);
  await held.asked;
  const began = performance.now();
  await serving.rpc.stop(50);
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(await cut).toMatchObject({
    code: expect.toBeOneOf([status.UNAVAILABLE, status.CANCELLED]) as number,
  });
  held.release();
});

test('health follows what the server says of itself, and watchers see the drain', async () => {
  serving = await serve();
  const { Check: check, Watch: watch } = healthService;
  const ask = async (service: string): Promise<unknown> => {
    const request = check.requestSerialize({ service });
    return check.responseDeserialize(Buffer.from(await bytesByGrpc(serving.grpc, check.path, request)));
  };
  expect(await ask('')).toMatchObject({ status: 'SERVING' });
  expect(await ask('florin.ledger.v1.ProofService')).toMatchObject({ status: 'SERVING' });
  await expect(ask('florin.ledger.v1.Nothing')).rejects.toMatchObject({ code: status.NOT_FOUND });
  serving.rpc.setServing(false);
  expect(await ask('')).toMatchObject({ status: 'NOT_SERVING' });
  serving.rpc.setServing(true);

  const seen: unknown[] = [];
  const watching = serving.grpc.makeServerStreamRequest(
    watch.path,
    watch.requestSerialize,
    watch.responseDeserialize,
    { service: '' },
  );
  const ended = new Promise((resolve) => watching.once('error', resolve));
  const first = new Promise<void>((resolve) => watching.once('data', () => resolve()));
  watching.on('data', (answer: unknown) => seen.push(answer));
  await first;
  // An open watch does not hold the drain up.
  await serving.rpc.stop(10_000);
  await ended;
  expect(seen).toMatchObject([{ status: 'SERVING' }, { status: 'NOT_SERVING' }]);
});

test('a port in use is told with its code and number, as the launcher needs it', async () => {
  serving = await serve();
  const other = createServer();
  const port = await new Promise<number>((resolve) => {
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
  });
  await expect(serve({ grpcPort: port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  await expect(serve({ connectPort: port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  other.close();
});

test('a handler answers for each method of the contract', async () => {
  serving = await serve();
  serving.reads.accountRows = [accountRow()];
  const call = bytesByGrpc(
    serving.grpc,
    pathOf(AccountService.method.listAccounts),
    Buffer.from('\x0a\x04shop'),
  );
  expect((await call).length).toBeGreaterThan(0);
});
