// peer - the order service as a Go program would have it: net/http and database/sql, one transaction an order.
//
//	usage: peer ADDRESS sqlite:FILE | postgresql://...    peer 127.0.0.1:8081 sqlite:order.db
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/mattn/go-sqlite3"
)

const (
	largestBody  = 1 << 20
	pgConns      = 20
	sqliteReader = 4
)

// Differs by store: only the types. SQLite takes $1 as well.
const tables = `
	CREATE TABLE IF NOT EXISTS orders (id %[1]s, "productId" TEXT, "productName" TEXT, qty INTEGER, "customerId" TEXT, status TEXT);
	CREATE TABLE IF NOT EXISTS outbox (id %[1]s, key TEXT NOT NULL, value %[2]s NOT NULL, at BIGINT NOT NULL);`
const (
	insertOrder = `INSERT INTO orders ("productId", "productName", qty, "customerId", status) VALUES ($1, $2, $3, $4, $5) RETURNING id`
	insertEvent = `INSERT INTO outbox (key, value, at) VALUES ($1, $2, $3)`
	selectOrder = `SELECT "productId", "productName", qty, "customerId", status FROM orders WHERE id = $1`
)

type order struct {
	ProductID   *string `json:"productId"`
	ProductName *string `json:"productName"`
	Qty         *int32  `json:"qty"`
	CustomerID  *string `json:"customerId"`
	Status      *string `json:"status"`
}

type request struct {
	order
	Qty *json.Number `json:"qty"` // 5 or "5"; it hides order's
}

type event struct {
	EventType string `json:"eventType"`
	Timestamp int64  `json:"timestamp"`
	ID        int64  `json:"id"`
	order
}

type link struct {
	Href string `json:"href"`
}

type resource struct {
	order
	Links struct {
		Self   link    `json:"self"`
		Order  [2]link `json:"order"`
		Cancel link    `json:"order cancel"`
	} `json:"_links"`
}

type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance"`
}

type service struct {
	write, read *sql.DB
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func pool(driver, source string, most int) *sql.DB {
	db := must(sql.Open(driver, source))
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most) // else all but two are closed after each use
	return db
}

// Both drivers keep their statements prepared, a connection each. SQLite has one writer, so a pool of one: who waits,
// waits in Go and not in SQLite's busy loop. FULL: the driver's own default in WAL mode is NORMAL, which loses the last
// commits with the power.
func open(url string) *service {
	s := &service{}
	identity, bytes := "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BYTEA"
	if file, is := strings.CutPrefix(url, "sqlite:"); is {
		identity, bytes = "INTEGER PRIMARY KEY", "BLOB"
		source := "file:" + file + "?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_txlock=immediate&_stmt_cache_size=16"
		s.write, s.read = pool("sqlite3", source, 1), pool("sqlite3", source+"&_query_only=true", sqliteReader)
	} else {
		s.write = pool("pgx", url, pgConns)
		s.read = s.write
	}
	must(s.write.Exec(fmt.Sprintf(tables, identity, bytes)))
	return s
}

func (s *service) add(ctx context.Context, o order) (id int64, err error) {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // nothing after a commit
	if err = tx.QueryRowContext(ctx, insertOrder, o.ProductID, o.ProductName, o.Qty, o.CustomerID, o.Status).Scan(&id); err != nil {
		return 0, err
	}
	now := time.Now().UnixMilli()
	said, err := json.Marshal(event{"Orderplaced", now, id, o})
	if err != nil {
		return 0, err
	}
	if _, err = tx.ExecContext(ctx, insertEvent, strconv.FormatInt(id, 10), said, now); err != nil {
		return 0, err
	}
	return id, tx.Commit()
}

func (s *service) get(ctx context.Context, id int64) (o order, err error) {
	err = s.read.QueryRowContext(ctx, selectOrder, id).Scan(&o.ProductID, &o.ProductName, &o.Qty, &o.CustomerID, &o.Status)
	return o, err
}

func answer(w http.ResponseWriter, kind string, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		log.Print(err)
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	w.Write(text)
}

func refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	answer(w, "application/problem+json", status, problem{"about:blank", http.StatusText(status), status, why, r.URL.Path})
}

func show(w http.ResponseWriter, status int, self string, o order) {
	body := resource{order: o}
	body.Links.Self.Href, body.Links.Order = self, [2]link{{self}, {self + "/order"}}
	body.Links.Cancel.Href = self + "/order cancel"
	answer(w, "application/hal+json", status, body)
}

// null is no order, an empty object is one; members that nobody knows are ignored.
func parse(body io.Reader) (order, error) {
	var found *request
	text, err := io.ReadAll(body)
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil {
		return order{}, err
	}
	if found == nil {
		return order{}, errors.New("the body must be an object, not null")
	}
	if found.Qty != nil {
		qty, err := strconv.ParseInt(found.Qty.String(), 10, 32)
		if err != nil || qty < 0 {
			return order{}, fmt.Errorf("qty must be a whole number from 0 to 2147483647, not %s", found.Qty)
		}
		whole := int32(qty)
		found.order.Qty = &whole
	}
	return found.order, nil
}

func (s *service) post(w http.ResponseWriter, r *http.Request) {
	o, err := parse(http.MaxBytesReader(w, r.Body, largestBody))
	if err != nil {
		refuse(w, r, http.StatusBadRequest, err.Error())
		return
	}
	// an order that was begun is finished, even if its client has gone; and mattn's driver starts a goroutine for each
	// statement that can be canceled
	id, err := s.add(context.WithoutCancel(r.Context()), o)
	if err != nil {
		log.Print(err)
		refuse(w, r, http.StatusServiceUnavailable, "the store does not take this now")
		return
	}
	self := fmt.Sprintf("http://%s/orders/%d", r.Host, id)
	w.Header().Set("Location", self)
	show(w, http.StatusCreated, self, o)
}

func (s *service) one(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		refuse(w, r, http.StatusNotFound, "there is no such order")
		return
	}
	o, err := s.get(context.WithoutCancel(r.Context()), id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		refuse(w, r, http.StatusNotFound, "there is no such order")
	case err != nil:
		log.Print(err)
		refuse(w, r, http.StatusServiceUnavailable, "the store does not answer now")
	default:
		show(w, http.StatusOK, fmt.Sprintf("http://%s/orders/%d", r.Host, id), o)
	}
}

func (s *service) health(w http.ResponseWriter, r *http.Request) {
	if err := s.write.PingContext(r.Context()); err != nil {
		answer(w, "application/json", http.StatusServiceUnavailable, map[string]string{"status": "DOWN"})
		return
	}
	answer(w, "application/json", http.StatusOK, map[string]string{"status": "UP"})
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: peer ADDRESS sqlite:FILE | postgresql://...    peer 127.0.0.1:8081 sqlite:order.db")
		os.Exit(2)
	}
	ending, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	s := open(os.Args[2])
	routes := http.NewServeMux()
	routes.HandleFunc("POST /orders", s.post)
	routes.HandleFunc("GET /orders/{id}", s.one)
	routes.HandleFunc("GET /actuator/health", s.health)
	server := &http.Server{Addr: os.Args[1], Handler: routes, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second}
	go func() {
		<-ending.Done()
		patience, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		server.Shutdown(patience)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	s.read.Close()
	s.write.Close()
}
