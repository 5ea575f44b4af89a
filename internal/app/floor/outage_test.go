package floor_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// The database server goes away and comes back: until then every change is
// refused as unavailable, afterwards the floor is as it was and goes on.
func TestTheDatabaseIsGoneForAWhile(t *testing.T) {
	ctx := t.Context()
	config := storetest.Config(t, store.Postgres)
	h := newHouse(t, storetest.Reopen(t, config))
	v := h.queue(a, "Maria")
	h.ready(a, 0)
	offer := h.desk(a, 0).Offers[0].ID

	outage := newOutage(t, config.DSN)
	outage.begin()
	if _, err := h.chat.Say(ctx, v, "lost", secret.New("is anybody there")); !errs.Is(err, errs.Unavailable) {
		t.Errorf("a message during the outage: %v", err)
	}
	if _, err := h.floor.Accept(ctx, actor(a, 0), offer); !errs.Is(err, errs.Unavailable) {
		t.Errorf("accepting during the outage: %v", err)
	}
	if _, err := h.floor.Accept(ctx, actor(a, 0), offer); !errs.Is(err, errs.Unavailable) {
		t.Errorf("accepting again during the outage: %v", err)
	}
	outage.end()

	var err error
	for ctx.Err() == nil { // the floor comes back by itself
		if _, err = h.floor.Accept(ctx, actor(a, 0), offer); !errs.Is(err, errs.Unavailable) {
			break
		}
	}
	if err != nil {
		t.Fatalf("accepting after the outage: %v", err)
	}
	if _, err := h.chat.Say(ctx, v, "lost", secret.New("is anybody there")); err != nil {
		t.Fatalf("the same message after the outage: %v", err)
	}
	n := 0
	for _, s := range h.texts(v) {
		if strings.HasSuffix(s, "is anybody there") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the message is there %d times", n)
	}
	if got := h.state(v); got.State != "active" {
		t.Errorf("after the outage: %+v", got)
	}
	if _, err := h.chat.Send(ctx, actor(a, 0), v.Interaction, "m", chat.KindText, secret.New("yes")); err != nil {
		t.Errorf("answering after the outage: %v", err)
	}
}

// outage shuts a database of the test's own server.
type outage struct {
	t     *testing.T
	admin *pgx.Conn
	name  string
}

func newOutage(t *testing.T, dsn string) *outage {
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	o := &outage{t: t, name: strings.TrimPrefix(u.Path, "/")}
	u.Path = "/postgres"
	if o.admin, err = pgx.Connect(t.Context(), u.String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.admin.Close(context.Background()) })
	return o
}

func (o *outage) exec(sql string, args ...any) {
	o.t.Helper()
	if _, err := o.admin.Exec(o.t.Context(), sql, args...); err != nil {
		o.t.Fatal(err)
	}
}

func (o *outage) begin() {
	o.exec("ALTER DATABASE " + pgx.Identifier{o.name}.Sanitize() + " ALLOW_CONNECTIONS false")
	o.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", o.name)
}

func (o *outage) end() {
	o.exec("ALTER DATABASE " + pgx.Identifier{o.name}.Sanitize() + " ALLOW_CONNECTIONS true")
}
