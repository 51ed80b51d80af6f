"""What was debited and credited, account by account, kept in SQLite from Florin's events.

Usage: turnover.py TARGET FILE [UNTIL]. Follows SETTLEMENT over gRPC; after UNTIL events it prints the turnovers and ends.
"""

import json
import sqlite3
import sys
import time

import grpc

from florin.events.v1 import envelopes_pb2, event_streams_pb2, event_streams_pb2_grpc

TABLES = """
CREATE TABLE IF NOT EXISTS inbox (shard INTEGER PRIMARY KEY, seq INTEGER NOT NULL, events INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS turnovers (account TEXT PRIMARY KEY, debits INTEGER NOT NULL, credits INTEGER NOT NULL);
"""
ADD = """
INSERT INTO turnovers VALUES (?, ?, ?)
ON CONFLICT (account) DO UPDATE SET debits = debits + excluded.debits, credits = credits + excluded.credits
"""
KEEP = """
INSERT INTO inbox VALUES (?, ?, 1) ON CONFLICT (shard) DO UPDATE SET seq = excluded.seq, events = events + 1
"""
# Kinds that move money; holds, voids and expiries move none.
MOVES = {1, 3, 6}
RETRY_SECONDS = 1


class Gap(Exception):
    """An event came before the one that it follows."""


def take(database, envelope):
    """Once per event: the place and what follows from the event are one transaction."""
    with database:
        found = database.execute("SELECT seq FROM inbox WHERE shard = ?", [envelope.shard]).fetchone()
        handled = found[0] if found else 0
        if envelope.seq <= handled:
            return
        if envelope.previous_seq != handled:
            raise Gap(f"{envelope.id} follows {envelope.previous_seq}, and {handled} was the last")
        if envelope.WhichOneof("payload") == "transaction" and envelope.transaction.kind in MOVES:
            for posting in envelope.transaction.postings:
                database.execute(ADD, [posting.debit_account, posting.amount, 0])
                database.execute(ADD, [posting.credit_account, 0, posting.amount])
        database.execute(KEEP, [envelope.shard, envelope.seq])


def follow(stub, database, until):
    """Until so many events are in the inbox; 0: for as long as the core streams."""
    places = database.execute("SELECT shard, seq FROM inbox").fetchall()
    request = event_streams_pb2.SubscribeRequest(
        stream=envelopes_pb2.EVENT_STREAM_SETTLEMENT,
        after=[event_streams_pb2.StreamPosition(shard=shard, seq=seq) for shard, seq in places],
    )
    for response in stub.Subscribe(request):
        for envelope in response.envelopes:
            take(database, envelope)
        (events,) = database.execute("SELECT coalesce(sum(events), 0) FROM inbox").fetchone()
        if until and events >= until:
            return


def main(target, file, until=0):
    database = sqlite3.connect(file)
    database.executescript(TABLES)
    stub = event_streams_pb2_grpc.EventStreamServiceStub(grpc.insecure_channel(target))
    while True:
        try:
            follow(stub, database, until)
            break
        except (grpc.RpcError, Gap) as error:
            print(f"tries again: {error}", file=sys.stderr)
            time.sleep(RETRY_SECONDS)
    rows = database.execute("SELECT account, debits, credits FROM turnovers ORDER BY account").fetchall()
    # As text: whoever reads JSON may have no whole numbers of this size.
    print(json.dumps({account: [str(debits), str(credits)] for account, debits, credits in rows}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
