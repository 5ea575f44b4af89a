package server

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// The ends of calls by filter, listed with cursors and as a file: numbers masked,
// and clear only for who may see them and says why, which the log notes. Nothing of
// another tenant's.
func TestCallLegsAreExported(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		bo := acme.agent(t, "bo")
		holder, _ := acme.ready(t, "bo")
		acme.user(t, "sue", access.Supervisor)
		acme.user(t, "pia", access.PrivacyOfficer)
		sue, pia, other := acme.signIn(t, "sue"), acme.signIn(t, "pia"), books.signIn(t, "ana")
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		call, _, interaction := acme.talking(t, op, holder)
		call.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, holder, interaction)
		must(t, holder.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))
		short := op.dial(t, "210000001", "+351930000008", negotiate.Policy{})
		must(t, short.Accept(await[sip.Answered](t, short).Body.Data))
		short.leg.Hangup(sip.Reason{Q850: 16})
		within(t, "the legs are not noted", func() bool { return len(legsBy(t, sue, "")) == 3 && !running(legsBy(t, sue, "")) })

		whole := legsBy(t, sue, "")
		var paged []floor.CallLeg
		for cursor, first := "", true; first || cursor != ""; first = false {
			var page struct {
				Items []floor.CallLeg
				Next  string
			}
			must(t, sue.Do(ctx, "GET", "call-legs?limit=1&cursor="+cursor, nil, &page))
			paged, cursor = append(paged, page.Items...), page.Next
		}
		if !slices.Equal(whole, paged) {
			t.Errorf("%+v\nand by pages %+v", whole, paged)
		}
		for query, want := range map[string]int{"queue=" + acme.queue: 2, "agent=" + bo: 2, "agent=" + acme.admin.User: 0, "entry_point=" + entry: 3, "direction=in": 3, "direction=out": 0,
			"from=" + time.Now().Add(time.Hour).UTC().Format(time.RFC3339): 0, "to=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339): 0} {
			if got := legsBy(t, sue, query); len(got) != want {
				t.Errorf("%s finds %d, not %d", query, len(got), want)
			}
		}
		if got := legsBy(t, other, ""); len(got) > 0 {
			t.Errorf("another tenant sees %+v", got)
		}
		refused(t, holder.Do(ctx, "GET", "call-legs", nil, nil), 403)

		file := func(body m) string {
			t.Helper()
			var raw []byte
			must(t, pia.Do(ctx, "POST", "call-legs/export", body, &raw))
			return string(raw)
		}
		hidden := file(m{"format": "csv"})
		if strings.Contains(hidden, "930000007") || !strings.Contains(hidden, "•••07") || strings.Count(hidden, "\r\n") != 4 {
			t.Error(hidden)
		}
		if got := file(m{"format": "csv", "direction": "out"}); strings.Count(got, "\r\n") != 1 {
			t.Error(got)
		}
		refused(t, sue.Do(ctx, "POST", "call-legs/export", m{"format": "csv", "numbers": "clear", "reason": "A complaint"}, nil), 403)
		refused(t, pia.Do(ctx, "POST", "call-legs/export", m{"format": "csv", "numbers": "clear", "reason": "   "}, nil), 422)
		clear := file(m{"format": "json", "numbers": "clear", "reason": "A complaint"})
		if !strings.Contains(clear, `"+351930000007"`) || !strings.Contains(clear, `"+351930000008"`) {
			t.Error(clear)
		}
		var log []store.AuditRow
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) (err error) {
			log, err = tx.AuditAfter(0, 1000)
			return err
		}))
		noted := map[string]int{}
		for _, r := range log {
			noted[r.Action+" "+r.Detail]++
		}
		if noted["call.exported "] != 2 || noted[`call.numbers_exported {"detail":"A complaint"}`] != 1 {
			t.Errorf("%v", noted)
		}
	})
}

func legsBy(t *testing.T, u *drive.User, query string) []floor.CallLeg {
	t.Helper()
	var list struct{ Items []floor.CallLeg }
	must(t, u.Do(t.Context(), "GET", "call-legs?"+query, nil, &list))
	return list.Items
}

func running(list []floor.CallLeg) bool {
	return slices.ContainsFunc(list, func(l floor.CallLeg) bool { return l.EndedAt.IsZero() })
}
