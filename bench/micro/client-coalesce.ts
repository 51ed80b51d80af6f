/**
 * What the client costs a call: single calls gathered into batches, against a server in a thread of its own that
 * answers at once, or after a time as a commit takes it. It shows the client's share alone; the core's is in the scenario `coalesced`.
 *
 *   node bin/node.cjs bench/micro/client-coalesce.ts [seconds]
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  connectFlorin,
  CreateTransactionsWriter,
  type Florin,
  type NewTransactionInit,
  readTransactionResults,
  uuidv7,
} from '../../client/index.ts';
import {
  CreateTransactionsRequestSchema,
  CreateTransactionsResponseSchema,
} from '../../gen/florin/ledger/v1/transactions_pb.ts';

const PATH = '/florin.ledger.v1.TransactionService/CreateTransactions';
const BATCH = 8_192;

if (isMainThread) await main();
else serve();

/** Counts the items of a request and answers as many results, all alike and made ahead. */
function serve(): void {
  const commitMs = workerData as number;
  const answers = new Map<number, Buffer>();
  const answer: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    const count = countItems(call.request);
    let bytes = answers.get(count);
    if (bytes === undefined) answers.set(count, (bytes = Buffer.from(answerOf(count))));
    if (commitMs === 0) callback(null, bytes);
    else setTimeout(callback, commitMs, null, bytes);
  };
  const asIs = (bytes: Buffer): Buffer => bytes;
  const server = new Server({ 'grpc.max_receive_message_length': 64 * 1_048_576 });
  server.addService(
    {
      create: {
        path: PATH,
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    { create: answer },
  );
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port, not a window
    parentPort?.postMessage(port);
  });
}

function countItems(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at++];
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at += length;
    if (tag === 0x12) count += 1;
  }
  return count;
}

function answerOf(count: number): Uint8Array {
  const effect = { version: 1_234n, postedBalance: 1_234_567n, availableBalance: 1_234_567n };
  const booked = { seq: 123_456n, effects: [{ debit: effect, credit: effect }] };
  const init = {
    position: { shard: 7, epoch: 3n, seq: 123_456n, height: 99n, blockHash: new Uint8Array(32) },
    results: Array.from({ length: count }, () => ({ outcome: { case: 'booked' as const, value: booked } })),
  };
  return toBinary(CreateTransactionsResponseSchema, create(CreateTransactionsResponseSchema, init));
}

function transfer(): NewTransactionInit {
  return {
    id: uuidv7(),
    postings: [
      {
        debitAccount: '01890a5d-ac96-774b-bcce-b302099a8057',
        creditAccount: '01890a5d-ac96-774b-bcce-b302099a8058',
        amount: 1_250n,
      },
    ],
  };
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 3);
  codecs();
  for (const commitMs of [0, 3]) {
    console.log(
      `a server that answers ${commitMs === 0 ? 'at once' : `after ${commitMs} ms, as one that commits`}`,
    );
    const server = new Worker(new URL(import.meta.url), { workerData: commitMs });
    const port = await new Promise<number>((resolve) => server.once('message', resolve));
    await table({ port, seconds });
    await server.terminate();
  }
}

async function table({ port, seconds }: { port: number; seconds: number }): Promise<void> {
  for (const callers of [1, 128, 1_000, 4_000]) {
    for (const eagerItems of [128, 512, 8_192]) {
      const florin = connectFlorin({ target: `127.0.0.1:${port}`, coalesce: { eagerItems } });
      await run({ florin, callers, seconds: 0.5 });
      const before = process.cpuUsage();
      const calls = await run({ florin, callers, seconds });
      const cpu = process.cpuUsage(before);
      const microseconds = (cpu.user + cpu.system) / calls;
      console.log(
        `${String(callers).padStart(5)} callers, next batch from ${String(eagerItems).padStart(4)} items: ` +
          `${Math.round(calls / seconds).toLocaleString('en')} calls/s, ${microseconds.toFixed(1)} us CPU a call, both threads`,
      );
      florin.close();
    }
  }
}

/** Each caller calls again as soon as it is answered. */
async function run(load: { florin: Florin; callers: number; seconds: number }): Promise<number> {
  const until = performance.now() + load.seconds * 1_000;
  let calls = 0;
  const caller = async () => {
    while (performance.now() < until) {
      const { outcome } = await load.florin.transactions.createTransaction('bench', transfer());
      if (outcome.case !== 'booked') throw new Error('refused');
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: load.callers }, caller));
  return calls;
}

/** The hand-written codecs beside those of protobuf-es, nanoseconds an item. */
function codecs(): void {
  const transactions = Array.from({ length: BATCH }, transfer);
  const answer = answerOf(BATCH);
  const request = { book: 'bench', transactions };
  timed('uuidv7', () => {
    for (let i = 0; i < BATCH; i++) uuidv7();
  });
  timed('write, by hand', () => {
    const writer = new CreateTransactionsWriter('bench', 1_200_000);
    for (const transaction of transactions) writer.add(transaction);
  });
  timed('write, protobuf-es', () => {
    toBinary(CreateTransactionsRequestSchema, create(CreateTransactionsRequestSchema, request));
  });
  timed('read, by hand', () => {
    readTransactionResults(answer);
  });
  timed('read, protobuf-es', () => {
    fromBinary(CreateTransactionsResponseSchema, answer);
  });
}

/** The best of 20 rounds of a batch, after 20 to warm up. */
function timed(name: string, round: () => void): void {
  let best = Infinity;
  for (let i = 0; i < 40; i++) {
    const start = performance.now();
    round();
    if (i >= 20) best = Math.min(best, performance.now() - start);
  }
  console.log(`${name.padEnd(20)} ${((best * 1e6) / BATCH).toFixed(0).padStart(6)} ns an item`);
}
