"""A stranger's client: nothing but proto/ and what its language generates from it.

Usage: client.py TARGET. Opens a book, books a transaction, sends it again, reads it, and prints one JSON object.
"""

import json
import sys
import uuid

import grpc

from florin.ledger.v1 import accounts_pb2, accounts_pb2_grpc, books_pb2, books_pb2_grpc
from florin.ledger.v1 import statements_pb2, statements_pb2_grpc
from florin.ledger.v1 import transactions_pb2, transactions_pb2_grpc

BOOK = "from-python"
AMOUNT = 9_007_199_254_740_993  # 2^53 + 1: no floating point number holds it


def main(target: str) -> None:
    channel = grpc.insecure_channel(target)
    accounts = accounts_pb2_grpc.AccountServiceStub(channel)
    transactions = transactions_pb2_grpc.TransactionServiceStub(channel)
    statements = statements_pb2_grpc.StatementServiceStub(channel)
    books_pb2_grpc.BookServiceStub(channel).CreateBook(books_pb2.CreateBookRequest(name=BOOK), timeout=10)

    cash, sales, booked = (str(uuid.uuid4()) for _ in range(3))
    sides = {cash: accounts_pb2.NORMAL_SIDE_DEBIT, sales: accounts_pb2.NORMAL_SIDE_CREDIT}
    accounts.CreateAccounts(
        accounts_pb2.CreateAccountsRequest(
            book=BOOK,
            accounts=[
                accounts_pb2.NewAccount(id=cash, code="cash", asset="EUR", normal_side=sides[cash]),
                accounts_pb2.NewAccount(id=sales, code="sales", asset="EUR", normal_side=sides[sales]),
            ],
        ),
        timeout=10,
    )
    request = transactions_pb2.CreateTransactionsRequest(
        book=BOOK,
        transactions=[
            transactions_pb2.NewTransaction(
                id=booked,
                postings=[transactions_pb2.Posting(debit_account=cash, credit_account=sales, amount=AMOUNT)],
                reference="Zażółć 💶",
                metadata={"language": "python"},
            )
        ],
    )
    first = transactions.CreateTransactions(request, timeout=10)
    again = transactions.CreateTransactions(request, timeout=10)
    read = transactions.GetTransaction(
        transactions_pb2.GetTransactionRequest(
            book=BOOK, transaction_id=booked, freshness={"min_seq": first.position.seq, "wait_ms": 5000}
        ),
        timeout=10,
    ).transaction
    lines = [
        line.balance
        for chunk in statements.StreamStatement(
            statements_pb2.StreamStatementRequest(book=BOOK, code="sales"), timeout=10
        )
        for line in chunk.lines
    ]
    try:
        accounts.GetAccount(accounts_pb2.GetAccountRequest(book=BOOK, code="nobody"), timeout=10)
        refused = "found"
    except grpc.RpcError as error:
        refused = error.code().name
    print(
        json.dumps(
            {
                "replayed": [answer.results[0].booked.replayed for answer in (first, again)],
                "same_seq": first.results[0].booked.seq == again.results[0].booked.seq == read.seq,
                "amount": str(read.postings[0].amount),
                "reference": read.reference,
                "metadata": dict(read.metadata),
                "lines": [str(balance) for balance in lines],
                "refused": refused,
            }
        )
    )


main(sys.argv[1])
