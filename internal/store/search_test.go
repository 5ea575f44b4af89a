package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// teamsOf are the teams of those who held the history. An underscore is a wildcard of
// LIKE: team_b is no teamxb.
var teamsOf = map[string][]string{"usr_0": {"team_a"}, "usr_1": {"team_a", "team_b"}, "usr_2": {"teamxb", "team_ab"}}

// past is an interaction as the plain model of the search knows it.
type past struct {
	row    store.InteractionRow
	taped  bool // has recordings
	held   []string
	tokens []string
}

func (p past) matches(f store.InteractionFilter) bool {
	any := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	if !any(f.Contacts, p.row.ContactID) || !any(f.States, p.row.State) {
		return false
	}
	for want, got := range map[string]string{f.Agent: p.row.AgentID, f.Queue: p.row.QueueID, f.Channel: p.row.Channel} {
		if want != "" && want != got {
			return false
		}
	}
	if w := f.Within; w != nil && !slices.Contains(p.held, w.User) && !slices.Contains(w.Queues, p.row.QueueID) &&
		!slices.ContainsFunc(w.Teams, func(team string) bool { return slices.Contains(teamsOf[p.row.AgentID], team) }) {
		return false
	}
	if (!f.From.IsZero() && p.row.ArrivedAt.Before(f.From)) || (!f.To.IsZero() && !p.row.ArrivedAt.Before(f.To)) {
		return false
	}
	for _, t := range f.Tokens {
		if !slices.Contains(p.tokens, string(t)) {
			return false
		}
	}
	if f.Recorded && !p.taped {
		return false
	}
	b := f.Before
	return b.At.IsZero() || p.row.ArrivedAt.Before(b.At) || (p.row.ArrivedAt.Equal(b.At) && p.row.ID < b.ID)
}

// history stores interactions of every kind, and gives them newest first.
func history(t *testing.T, db *store.DB, n int) (out []past) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 5))
	write(t, db, tenA, func(tx *store.Tx) error {
		for user, teams := range teamsOf {
			if err := tx.InsertUser(store.UserRow{ID: user, UserName: user, UserNameKey: user, Status: "active", Roles: []string{"agent"}, Teams: teams, CreatedAt: at(0), UpdatedAt: at(0)}); err != nil {
				return err
			}
		}
		return nil
	})
	pick := func(kind string, n int) string { return fmt.Sprintf("%s_%d", kind, r.IntN(n)) }
	for i := range n {
		arrived := at(r.IntN(40)) // many at the same moment
		name := fmt.Sprintf("int_%03d", i)
		talk(t, db, tenA, pick("con", 4), name, arrived)
		p := past{}
		write(t, db, tenA, func(tx *store.Tx) (err error) {
			p = past{held: []string{pick("usr", 3)}, taped: i%3 == 0}
			if p.taped {
				for _, rec := range []string{"rec_a_", "rec_b_"} {
					if err := tx.InsertRecording(store.RecordingRow{ID: rec + name, InteractionID: name}); err != nil {
						return err
					}
				}
			}
			for range 1 + r.IntN(3) {
				w := pick("word", 6)
				p.tokens = append(p.tokens, w)
				if _, _, err := say(tx, name, "usr_1", fmt.Sprint(len(p.tokens)), w); err != nil {
					return err
				}
			}
			row, err := tx.Interaction(name)
			if err != nil {
				return err
			}
			row.AgentID, row.QueueID = pick("usr", 3), pick("que", 2)
			if r.IntN(4) > 0 {
				row.State, row.ClosedAt = "closed", arrived.Add(time.Minute)
			}
			if err := tx.UpdateInteraction(row); err != nil {
				return err
			}
			if err := tx.PutSegment(store.SegmentRow{InteractionID: name, Number: 1, HolderKind: "agent", HolderID: p.held[0], StartedAt: arrived}); err != nil {
				return err
			}
			p.row, err = tx.Interaction(name)
			return err
		})
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b past) int {
		if c := b.row.ArrivedAt.Compare(a.row.ArrivedAt); c != 0 {
			return c
		}
		return -slices.Compare([]string{a.row.ID}, []string{b.row.ID})
	})
	return out
}

// A search finds what a plain walk over everything finds, in the same order, on
// both engines.
func TestSearchAgainstAPlainModel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		all := history(t, db, 120)
		rapid.Check(t, func(rt *rapid.T) {
			f := drawFilter(rt, all)
			var want []string
			for _, p := range all {
				if p.matches(f) && (f.Limit <= 0 || len(want) < f.Limit) && len(want) < 50 {
					want = append(want, p.row.ID)
				}
			}
			for tenant, want := range map[id.Tenant][]string{tenA: want, tenB: nil} {
				var got []string
				err := db.Read(t.Context(), tenant, func(tx *store.Tx) error {
					rows, err := tx.SearchInteractions(f)
					got = nil
					for _, r := range rows {
						got = append(got, r.ID)
					}
					if err != nil {
						return err
					}
					taped, err := tx.Recorded(got)
					for _, p := range all {
						if slices.Contains(got, p.row.ID) && slices.Contains(taped, p.row.ID) != p.taped {
							rt.Errorf("%s has recordings: %v", p.row.ID, !p.taped)
						}
					}
					return err
				})
				if err != nil || !slices.Equal(got, want) {
					rt.Fatalf("%s: %v\ngot  %v\nwant %v", tenant, err, got, want)
				}
			}
		})
	})
}

func drawFilter(rt *rapid.T, all []past) (f store.InteractionFilter) {
	one := func(label, kind string, n int) string {
		if i := rapid.IntRange(-n, n-1).Draw(rt, label); i >= 0 {
			return fmt.Sprintf("%s_%d", kind, i)
		}
		return ""
	}
	for range rapid.IntRange(0, 2).Draw(rt, "contacts") {
		f.Contacts = append(f.Contacts, fmt.Sprintf("con_%d", rapid.IntRange(0, 4).Draw(rt, "contact")))
	}
	f.Agent, f.Queue = one("agent", "usr", 3), one("queue", "que", 2)
	if rapid.Bool().Draw(rt, "within?") {
		f.Within = &store.Within{User: one("held by", "usr", 3)}
		if q := one("of queue", "que", 2); q != "" {
			f.Within.Queues = []string{q}
		}
		f.Within.Teams = rapid.SampledFrom([][]string{nil, nil, {"team_a"}, {"team_b"}, {"team_a", "team_ab"}, {"team_c"}}).Draw(rt, "of teams")
	}
	f.Channel = rapid.SampledFrom([]string{"", "", "chat", "voice"}).Draw(rt, "channel")
	f.States = rapid.SampledFrom([][]string{nil, nil, {"closed"}, {"active", "closed"}}).Draw(rt, "states")
	f.Recorded = rapid.IntRange(0, 3).Draw(rt, "recorded") == 0
	if rapid.Bool().Draw(rt, "from?") {
		f.From = at(rapid.IntRange(0, 40).Draw(rt, "from"))
	}
	if rapid.Bool().Draw(rt, "to?") {
		f.To = at(rapid.IntRange(0, 40).Draw(rt, "to"))
	}
	for range rapid.IntRange(0, 3).Draw(rt, "words") {
		f.Tokens = append(f.Tokens, []byte(fmt.Sprintf("word_%d", rapid.IntRange(0, 6).Draw(rt, "word"))))
	}
	if rapid.Bool().Draw(rt, "page?") {
		p := rapid.SampledFrom(all).Draw(rt, "after")
		f.Before = store.Cursor{At: p.row.ArrivedAt, ID: p.row.ID}
	}
	f.Limit = rapid.IntRange(0, 20).Draw(rt, "limit")
	return f
}

func TestSearchIsBounded(t *testing.T) {
	db := storetest.Open(t, store.SQLite)
	for _, f := range []store.InteractionFilter{{Tokens: make([][]byte, 17)}, {Contacts: make([]string, 501)}} {
		err := db.Read(t.Context(), tenA, func(tx *store.Tx) error { _, err := tx.SearchInteractions(f); return err })
		wantCode(t, "too much", err, errs.Invalid)
	}
}

// The lists that retention and screens walk over.
func TestListsOfInteractions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		for i := range 6 {
			name := fmt.Sprintf("int_%d", i)
			talk(t, db, tenA, fmt.Sprintf("con_%d", i%2), name, at(i))
			if i < 4 {
				write(t, db, tenA, func(tx *store.Tx) error { return closeWork(tx, name, at(100-i)) })
			}
		}
		ids := func(get func(*store.Tx) ([]store.InteractionRow, error)) (out []string) {
			read(t, db, tenB, func(tx *store.Tx) error {
				rows, err := get(tx)
				if len(rows) > 0 {
					t.Errorf("another tenant sees %d", len(rows))
				}
				return err
			})
			read(t, db, tenA, func(tx *store.Tx) error {
				rows, err := get(tx)
				for _, r := range rows {
					out = append(out, r.ID)
				}
				return err
			})
			return out
		}
		same(t, "open", []string{"int_4", "int_5"}, ids((*store.Tx).OpenInteractions))
		same(t, "of a contact", []string{"int_4", "int_2"}, ids(func(tx *store.Tx) ([]store.InteractionRow, error) {
			return tx.InteractionsOf("con_0", store.Cursor{}, 2)
		}))
		same(t, "of a contact, before", []string{"int_0"}, ids(func(tx *store.Tx) ([]store.InteractionRow, error) {
			return tx.InteractionsOf("con_0", store.Cursor{At: at(2), ID: "int_2"}, 2)
		}))
		same(t, "closed before", []string{"int_3", "int_2"}, ids(func(tx *store.Tx) ([]store.InteractionRow, error) {
			return tx.ClosedInteractions(at(99), 10)
		}))
		write(t, db, tenA, func(tx *store.Tx) error { _, err := tx.DeleteConversation("int_3", at(500)); return err })
		same(t, "with a conversation", []string{"int_2"}, ids(func(tx *store.Tx) ([]store.InteractionRow, error) {
			return tx.ClosedConversations(at(99), 10)
		}))
		same(t, "closed before, limited", []string{"int_3"}, ids(func(tx *store.Tx) ([]store.InteractionRow, error) {
			return tx.ClosedInteractions(at(99), 1)
		}))
		write(t, db, tenA, func(tx *store.Tx) error { return tx.SetRating("int_5", 4) })
		read(t, db, tenA, func(tx *store.Tx) error {
			i, err := tx.Interaction("int_5")
			if i.Rating != 4 || i.Version != 1 {
				t.Errorf("rating %d, version %d", i.Rating, i.Version)
			}
			return err
		})
		wantCode(t, "rating of nothing", db.Write(t.Context(), tenB, func(tx *store.Tx) error { return tx.SetRating("int_5", 4) }), errs.NotFound)
	})
}
