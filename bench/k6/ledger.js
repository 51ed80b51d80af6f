// What the scenarios over gRPC to the core share: accounts, and transfers between any two of them.
import exec from 'k6/execution';
import grpc from 'k6/net/grpc';
import { asked } from './asked.js';

const BOOK = 'k6-ledger';
const ACCOUNTS = 10_000;
const A_CALL = 5_000;
const hex = (value, digits) => value.toString(16).padStart(digits, '0');

const client = new grpc.Client();
client.load(['../../proto'], 'florin/ledger/v1/books.proto');
client.load(['../../proto'], 'florin/ledger/v1/accounts.proto');
client.load(['../../proto'], 'florin/ledger/v1/transactions.proto');

const accountId = (i) => `0190a000-0000-7000-8000-${hex(i, 12)}`;

function call(method, request) {
  return client.invoke(`florin.ledger.v1.${method}`, request, { timeout: '30s' });
}

function connect() {
  client.connect(__ENV.CORE, { plaintext: true });
}

export function setup() {
  connect();
  call('BookService/CreateBook', { name: BOOK });
  for (let first = 0; first < ACCOUNTS; first += A_CALL) {
    const accounts = Array.from({ length: A_CALL }, (_, i) => ({
      id: accountId(first + i),
      code: `load:${first + i}`,
      asset: 'EUR',
      normalSide: (first + i) % 2 === 0 ? 'NORMAL_SIDE_CREDIT' : 'NORMAL_SIDE_DEBIT',
    }));
    const { status, error, message } = call('AccountService/CreateAccounts', { book: BOOK, accounts });
    if (status !== grpc.StatusOK) throw new Error(`accounts: ${JSON.stringify(error)}`);
    if (message.results.length !== A_CALL) throw new Error('not all accounts were answered');
  }
  client.close();
}

/** Stamped now, as UUIDv7 has it: no two callers, and no two calls of one, have the same. */
function newId(i) {
  const stamp = hex(Date.now(), 12);
  const caller = hex(exec.vu.idInTest, 4);
  const nth = hex(exec.vu.iterationInInstance * 64 + i, 12);
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${hex(Math.floor(Math.random() * 4_096), 3)}-8${caller.slice(1)}-${nth}`;
}

function transfer(_, i) {
  const debit = Math.floor(Math.random() * ACCOUNTS);
  const credit = (debit + 1 + Math.floor(Math.random() * (ACCOUNTS - 1))) % ACCOUNTS;
  const amount = 1 + Math.floor(Math.random() * 10_000);
  const posting = { debitAccount: accountId(debit), creditAccount: accountId(credit), amount };
  return { id: newId(i), postings: [posting] };
}

let isConnected = false;

/** Books so many transfers by one call; whether all of them are booked. */
export function book(count) {
  if (!isConnected) connect();
  isConnected = true;
  const transactions = Array.from({ length: count }, transfer);
  const { status, message } = call('TransactionService/CreateTransactions', { book: BOOK, transactions });
  return status === grpc.StatusOK && message.results.every(({ booked }) => booked !== undefined);
}

/** Every transfer is booked, and there were some. */
export const BOOKED = asked.isMeasured ? { checks: ['rate==1'], iterations: ['count>100'] } : {};
