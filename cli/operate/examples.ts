import { paymentId, SHOP, SHOWN_ORDER } from '../sample/story.ts';

/** Calls that work when pasted: the sample books have that account. */
export function examples({ connect, grpc }: { connect: string; grpc: string }): string[] {
  const balance = `{"book":"berka","code":"customers:2378"}`;
  const statement = `{"book":"berka","code":"customers:2378","pageSize":3}`;
  return [
    '',
    'The books of a real bank are in the book "berka". Try:',
    `  curl -s http://${connect}/florin.ledger.v1.BalanceService/GetBalance -H 'content-type: application/json' -d '${balance}'`,
    `  grpcurl -plaintext -d '${statement}' ${grpc} florin.ledger.v1.StatementService/GetStatement`,
    `  npm run florin -- statement customers:2378 --book berka`,
    `  npm run florin -- sql "select code, posted_balance from books.accounts order by code limit 5"`,
  ];
}

/** A first payment as a merchant's server makes it. */
export function merchantExamples(edge: string, key: string): string[] {
  const payment = `{"amount":1999,"currency":"eur","payment_method":"pm_card_visa","confirm":true}`;
  return [
    '',
    `A test key of one of them is ${key}. Try:`,
    `  curl -s ${edge}/v1/payment_intents -H 'authorization: Bearer ${key}' -H 'idempotency-key: first' -H 'content-type: application/json' -d '${payment}'`,
    `  curl -s ${edge}/v1/balance -H 'authorization: Bearer ${key}'`,
    `  npm run shop    (in another terminal: a shop that takes payments with that key, at http://127.0.0.1:4000)`,
  ];
}

/** The same for payments: the sample's shop has that one. */
export function paymentExamples(connect: string): string[] {
  const id = paymentId(SHOWN_ORDER);
  const payment = `{"book":"${SHOP}","paymentIntentId":"${id}"}`;
  return [
    '',
    `Payments of two merchants are in the book "${SHOP}". Try:`,
    `  curl -s http://${connect}/florin.payments.v1.PaymentIntentService/GetPaymentIntent -H 'content-type: application/json' -d '${payment}'`,
    `  npm run florin -- payment ${id} --book ${SHOP}`,
    `  npm run florin -- sql "select currency, state, count(*), sum(captured) as captured, sum(refunded) as refunded from books.payment_intents group by currency, state order by currency, state"`,
  ];
}
