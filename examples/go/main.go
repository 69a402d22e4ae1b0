// consumer - how much of each product is on order: what was placed minus what was canceled, in an SQLite file.
//
//	usage: consumer BROKER TOPIC GROUP FILE    consumer localhost:9092 mall sums-go sums-go.db
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	_ "modernc.org/sqlite"
)

var sign = map[string]int64{"Orderplaced": 1, "OrderCanceled": -1}

const tables = `
	CREATE TABLE IF NOT EXISTS seen (source TEXT, id TEXT, PRIMARY KEY (source, id)) WITHOUT ROWID;
	CREATE TABLE IF NOT EXISTS ordered (productId TEXT PRIMARY KEY, qty INTEGER NOT NULL);`

type event struct {
	EventType string
	ProductId *string
	Qty       int32
}

// Whatever fails ends the process; started again, it goes on at its last commit.
func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// An event that comes twice has the same identity. The Spring services send no headers: there it is the record's place.
func identity(r *kgo.Record, headers map[string]string) (string, string) {
	if headers["ce_source"] != "" && headers["ce_id"] != "" {
		return headers["ce_source"], headers["ce_id"]
	}
	return fmt.Sprintf("%s/%d", r.Topic, r.Partition), fmt.Sprintf("%d@%d", r.Offset, r.Timestamp.UnixMilli())
}

func apply(tx *sql.Tx, r *kgo.Record) {
	var e event
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	if kind, there := headers["ce_type"]; there && sign[kind] == 0 {
		return // somebody else's, known before its value is read
	}
	if err := json.Unmarshal(r.Value, &e); err != nil || e.EventType == "" || e.Qty < 0 {
		log.Printf("%s/%d at %d is skipped: %v, eventType %q, qty %d", r.Topic, r.Partition, r.Offset, err, e.EventType, e.Qty)
		return
	}
	if sign[e.EventType] == 0 || e.ProductId == nil {
		return
	}
	source, id := identity(r, headers)
	seen := must(tx.Exec("INSERT OR IGNORE INTO seen VALUES (?, ?)", source, id))
	if must(seen.RowsAffected()) == 1 {
		must(tx.Exec("INSERT INTO ordered VALUES (?, ?) ON CONFLICT DO UPDATE SET qty = qty + excluded.qty",
			*e.ProductId, sign[e.EventType]*int64(e.Qty)))
	}
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: consumer BROKER TOPIC GROUP FILE    consumer localhost:9092 mall sums-go sums-go.db")
		os.Exit(2)
	}
	ending, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	store := must(sql.Open("sqlite", "file:"+os.Args[4]+"?_txlock=immediate&_pragma=busy_timeout(60000)"))
	must(store.Exec(tables))
	client := must(kgo.NewClient(kgo.SeedBrokers(os.Args[1]), kgo.ConsumeTopics(os.Args[2]), kgo.ConsumerGroup(os.Args[3]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(), kgo.MetadataMaxAge(5*time.Second)))
	for {
		fetches := client.PollFetches(ending)
		if ending.Err() != nil {
			break
		}
		fetches.EachError(func(topic string, partition int32, err error) { log.Printf("%s/%d: %v", topic, partition, err) })
		if fetches.NumRecords() > 0 {
			tx := must(store.Begin()) // one transaction: what these records do, and that they were seen
			fetches.EachRecord(func(r *kgo.Record) { apply(tx, r) })
			must(0, tx.Commit())
			must(0, client.CommitUncommittedOffsets(context.Background())) // only now: a crash before it brings them again
		}
	}
	client.Close() // leaves the group
	store.Close()
}
