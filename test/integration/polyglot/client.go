// A stranger's client: nothing but proto/ and what its language generates from it.
//
// Usage: client TARGET. Opens a book, books a transaction, sends it again, reads it, and prints one JSON object.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	ledger "florin.example/client/gen/florin/ledger/v1"
)

const (
	book = "from-go"
	// 2^53 + 1: no floating point number holds it.
	amount = 9_007_199_254_740_993
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	connection := must(grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials())))
	defer connection.Close()
	accounts := ledger.NewAccountServiceClient(connection)
	transactions := ledger.NewTransactionServiceClient(connection)
	must(ledger.NewBookServiceClient(connection).CreateBook(ctx, &ledger.CreateBookRequest{Name: book}))

	cash, sales, booked := uuid(), uuid(), uuid()
	must(accounts.CreateAccounts(ctx, &ledger.CreateAccountsRequest{
		Book: book,
		Accounts: []*ledger.NewAccount{
			{Id: cash, Code: "cash", Asset: "EUR", NormalSide: ledger.NormalSide_NORMAL_SIDE_DEBIT},
			{Id: sales, Code: "sales", Asset: "EUR", NormalSide: ledger.NormalSide_NORMAL_SIDE_CREDIT},
		},
	}))
	request := &ledger.CreateTransactionsRequest{
		Book: book,
		Transactions: []*ledger.NewTransaction{{
			Id:        booked,
			Postings:  []*ledger.Posting{{DebitAccount: cash, CreditAccount: sales, Amount: amount}},
			Reference: "Zażółć 💶",
			Metadata:  map[string]string{"language": "go"},
		}},
	}
	first := must(transactions.CreateTransactions(ctx, request))
	again := must(transactions.CreateTransactions(ctx, request))
	read := must(transactions.GetTransaction(ctx, &ledger.GetTransactionRequest{
		Book:          book,
		TransactionId: booked,
		Freshness:     &ledger.Freshness{MinSeq: first.Position.Seq, WaitMs: 5000},
	})).Transaction
	_, refused := accounts.GetAccount(ctx, &ledger.GetAccountRequest{
		Book:    book,
		Account: &ledger.GetAccountRequest_Code{Code: "nobody"},
	})
	is, was := first.Results[0].GetBooked(), again.Results[0].GetBooked()
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"replayed":  []bool{is.Replayed, was.Replayed},
		"same_seq":  is.Seq == was.Seq && is.Seq == read.Seq,
		"amount":    strconv.FormatInt(read.Postings[0].Amount, 10),
		"reference": read.Reference,
		"metadata":  read.Metadata,
		"lines":     balances(ctx, ledger.NewStatementServiceClient(connection)),
		"refused":   name(status.Code(refused)),
	}); err != nil {
		log.Fatal(err)
	}
}

// The name of the contract, which Go spells in its own way.
func name(code codes.Code) string {
	if code == codes.NotFound {
		return "NOT_FOUND"
	}
	return code.String()
}

// The running balances of the statement of "sales".
func balances(ctx context.Context, statements ledger.StatementServiceClient) []string {
	stream := must(statements.StreamStatement(ctx, &ledger.StreamStatementRequest{
		Book:    book,
		Account: &ledger.StreamStatementRequest_Code{Code: "sales"},
	}))
	lines := []string{}
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return lines
		}
		for _, line := range must(chunk, err).Lines {
			lines = append(lines, strconv.FormatInt(line.Balance, 10))
		}
	}
}

func uuid() string {
	var b [16]byte
	must(rand.Read(b[:]))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
