// Command turnover keeps what was debited and credited, account by account, from Florin's events.
//
// Usage: turnover TARGET FILE [UNTIL]. It follows SETTLEMENT over gRPC; after UNTIL events it prints the turnovers and ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	eventsv1 "florin.example/turnover/gen/florin/events/v1"
	ledgerv1 "florin.example/turnover/gen/florin/ledger/v1"
)

const (
	retry = time.Second
	// A core that gives no sign of life for four heartbeats is gone.
	heartbeatMs = 5_000
	silence     = 4 * heartbeatMs * time.Millisecond
)

// Turnover is what an account was debited and credited: beyond 64 bits too, in the end.
type Turnover struct {
	Debits  *big.Int `json:"debits"`
	Credits *big.Int `json:"credits"`
}

// Books are inbox and turnovers in one file, which is replaced as a whole: they are kept together, or neither is.
type Books struct {
	// By shard the last event that was handled.
	Inbox     map[int32]int64      `json:"inbox"`
	Events    int                  `json:"events"`
	Turnovers map[string]*Turnover `json:"turnovers"`
}

func open(file string) (*Books, error) {
	books := &Books{Inbox: map[int32]int64{}, Turnovers: map[string]*Turnover{}}
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return books, nil
	}
	if err != nil {
		return nil, err
	}
	return books, json.Unmarshal(content, books)
}

// save is durable before it answers: a crash leaves the file of before, or this one.
func (b *Books) save(file string) error {
	content, err := json.Marshal(b)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(file), ".turnover-*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name())
	_, err = next.Write(content)
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	if err = os.Rename(next.Name(), file); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// take handles an event once: what is not above the last one of its shard was handled before.
func (b *Books) take(envelope *eventsv1.Envelope) error {
	handled := b.Inbox[envelope.Shard]
	if envelope.Seq <= handled {
		return nil
	}
	if envelope.PreviousSeq != handled {
		return fmt.Errorf("%s follows %d, and %d was the last", envelope.Id, envelope.PreviousSeq, handled)
	}
	if transaction := envelope.GetTransaction(); transaction != nil && moves(transaction.Kind) {
		for _, posting := range transaction.Postings {
			amount := big.NewInt(posting.Amount)
			debited, credited := b.of(posting.DebitAccount), b.of(posting.CreditAccount)
			debited.Debits.Add(debited.Debits, amount)
			credited.Credits.Add(credited.Credits, amount)
		}
	}
	b.Inbox[envelope.Shard] = envelope.Seq
	b.Events++
	return nil
}

func (b *Books) of(account string) *Turnover {
	if b.Turnovers[account] == nil {
		b.Turnovers[account] = &Turnover{Debits: new(big.Int), Credits: new(big.Int)}
	}
	return b.Turnovers[account]
}

// moves tells kinds that move money from holds, voids and expiries, which move none.
func moves(kind ledgerv1.TransactionKind) bool {
	switch kind {
	case ledgerv1.TransactionKind_TRANSACTION_KIND_DIRECT,
		ledgerv1.TransactionKind_TRANSACTION_KIND_POST,
		ledgerv1.TransactionKind_TRANSACTION_KIND_REVERSAL:
		return true
	}
	return false
}

// follow goes on until so many events are in the inbox; 0: for as long as the core streams.
func follow(client eventsv1.EventStreamServiceClient, books *Books, file string, until int) error {
	if until > 0 && books.Events >= until {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	request := &eventsv1.SubscribeRequest{Stream: eventsv1.EventStream_EVENT_STREAM_SETTLEMENT, HeartbeatMs: heartbeatMs}
	for shard, seq := range books.Inbox {
		request.After = append(request.After, &eventsv1.StreamPosition{Shard: shard, Seq: seq})
	}
	stream, err := client.Subscribe(ctx, request)
	if err != nil {
		return err
	}
	silent := time.AfterFunc(silence, cancel)
	defer silent.Stop()
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		silent.Reset(silence)
		for _, envelope := range response.Envelopes {
			if err := books.take(envelope); err != nil {
				return err
			}
		}
		if len(response.Envelopes) > 0 {
			if err := books.save(file); err != nil {
				return err
			}
		}
		if until > 0 && books.Events >= until {
			return nil
		}
	}
}

func run(target, file string, until int) error {
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := eventsv1.NewEventStreamServiceClient(connection)
	for {
		// What was not saved is forgotten: the file says where it goes on.
		books, err := open(file)
		if err != nil {
			return err
		}
		if err = follow(client, books, file, until); err == nil {
			return printed(books)
		}
		fmt.Fprintf(os.Stderr, "tries again: %v\n", err)
		time.Sleep(retry)
	}
}

// printed writes amounts as text: whoever reads JSON may have no whole numbers of this size.
func printed(books *Books) error {
	all := map[string][2]string{}
	for account, one := range books.Turnovers {
		all[account] = [2]string{one.Debits.String(), one.Credits.String()}
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

func main() {
	until := 0
	var err error
	if len(os.Args) < 3 || len(os.Args) > 4 {
		err = errors.New("usage: turnover TARGET FILE [UNTIL]")
	} else if len(os.Args) == 4 {
		until, err = strconv.Atoi(os.Args[3])
	}
	if err == nil {
		err = run(os.Args[1], os.Args[2], until)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
