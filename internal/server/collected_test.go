package server

import (
	"strings"
	"testing"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/core/access"
	"nubitalk/internal/server/collector/collectortest"
	"nubitalk/internal/server/config"
)

// A whole node sends its log and the audit logs of all organisations to a collector that
// asks who it is; while the collector is away nothing of the audit logs is lost, and what it
// kept proves itself. It holds no name.
func TestTheLogsAreKeptElsewhere(t *testing.T) {
	engines(t, func(t *testing.T, c *config.Config) {
		a := collectortest.NewAuthority(t)
		there := collectortest.New(t, a, a)
		c.Log.Syslog, c.Log.Authority, c.Log.Audit = "tls://"+there.Address, a.File, true
		c.Log.Certificate, c.Log.Key = a.Sign(t, "node")
		if err := c.Check(nil); err != nil {
			t.Fatal(err)
		}
		n := start(t, c, nil)
		acme, books := house(t, n)
		agent := acme.agent(t, "ines.canaria")
		there.Wait(t, "a line of the log", func() bool { return there.Has(`<30>1 `, `"msg":"ready"`) })
		of := func(c *company, words ...string) bool {
			return there.Has(append(words, `<109>1 `, ` audit [audit@32473 organisation="`+string(c.ID)+`" seq="`)...)
		}
		there.Wait(t, "a user's beginning", func() bool { return of(acme, `action="user.created"`, `object="`+agent+`"`) })
		there.Wait(t, "the other organisation's", func() bool { return of(books, `action="user.created"`) })
		there.Away()
		there.Wait(t, "the end of the connection", func() bool { return n.Server.logs.Connection() == 0 })
		while := books.user(t, "while-away", access.Supervisor)
		there.Again()
		there.Wait(t, "what was done meanwhile", func() bool { return of(books, `object="`+while+`"`) })
		there.Wait(t, "all", func() bool {
			got, err := audit.VerifyCollected(strings.NewReader(strings.Join(there.Messages(), "\n")))
			if err != nil {
				t.Fatal(err)
			}
			ends := map[string]int64{}
			for _, v := range got {
				if !v.Whole() || v.First != 1 {
					t.Fatalf("%+v", v)
				}
				ends[string(v.Organisation)] = v.Last
			}
			for _, o := range []*company{acme, books} {
				v, err := n.parts.audit.Verify(t.Context(), o.ID)
				if err != nil || !v.Whole() {
					t.Fatal(v, err)
				}
				if ends[string(o.ID)] < v.Last {
					return false
				}
			}
			return len(got) == 3 // with the operator's own
		})
		n.stop(t)
		there.Wait(t, "the last line", func() bool { return there.Has(`"msg":"stopped"`) })
		for _, m := range there.Messages() {
			for _, name := range []string{"ines", "canaria", "while-away", "Acme"} {
				if strings.Contains(m, name) {
					t.Errorf("%q is in %q", name, m)
				}
			}
		}
	})
}
