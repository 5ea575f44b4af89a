package store_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// BenchmarkMessage is what storing one chat message costs: who takes part, the
// message with its number, and eight search tokens, in conversations of 20, durably committed. cpu-µs/op
// is the process's own CPU time.
func BenchmarkMessage(b *testing.B) {
	for _, driver := range storetest.Drivers {
		for _, writers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/writers=%d", driver, writers), func(b *testing.B) { benchMessages(b, driver, writers) })
		}
	}
}

func benchMessages(b *testing.B, driver string, writers int) {
	db := storetest.Open(b, driver)
	storetest.Organisations(b, db, storetest.TenantA)
	for w := range b.N/perConversation + 1 {
		conversation(b, db, storetest.TenantA, fmt.Sprintf("con_%026d", w), fmt.Sprintf("int_%026d", w))
	}
	var next atomic.Int64
	var all sync.WaitGroup
	before := db.Stats()
	cpu := cpuTime()
	b.ResetTimer()
	for w := range writers {
		all.Go(func() {
			zipf := rand.NewZipf(rand.New(rand.NewPCG(1, uint64(w))), 1.1, 4, 20000)
			for first := next.Add(perConversation) - perConversation; first < int64(b.N); first = next.Add(perConversation) - perConversation {
				for n := first; n < min(first+perConversation, int64(b.N)); n++ {
					if err := writeMessage(b.Context(), db, fmt.Sprintf("int_%026d", first/perConversation), n, zipf); err != nil {
						b.Error(err)
						return
					}
				}
				if err := closeConversation(b.Context(), db, fmt.Sprintf("int_%026d", first/perConversation)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(cpuTime()-cpu)/1e3/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	s := db.Stats()
	b.ReportMetric(float64(s.Writes-before.Writes)/float64(s.Commits-before.Commits), "writes/commit")
}

// perConversation is how many messages a conversation has in the benchmark.
const perConversation = 20

func writeMessage(ctx context.Context, db *store.DB, interaction string, n int64, zipf *rand.Zipf) error {
	m := store.MessageRow{InteractionID: interaction, ID: fmt.Sprintf("msg_%026d", n), AuthorKind: "visitor", Kind: "text", ClientID: fmt.Sprint(n),
		BodySealed: make([]byte, 180), Tokens: make([][]byte, 8), At: time.Now()}
	for i := range m.Tokens {
		h := zipf.Uint64() * 0x9e3779b97f4a7c15
		m.Tokens[i] = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, h), h)
	}
	return db.Write(ctx, storetest.TenantA, func(tx *store.Tx) error {
		_, _, err := tx.InsertMessage(m, nil)
		return err
	})
}

func closeConversation(ctx context.Context, db *store.DB, interaction string) error {
	return db.Write(ctx, storetest.TenantA, func(tx *store.Tx) error {
		i, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		i.State, i.CloseReason, i.ClosedAt = "closed", "completed", time.Now()
		return tx.UpdateInteraction(i)
	})
}

func cpuTime() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano()
}

// conversation adds a contact with an open interaction and its chat.
func conversation(tb testing.TB, db *store.DB, t id.Tenant, contact, interaction string) {
	tb.Helper()
	err := db.Write(tb.Context(), t, func(tx *store.Tx) error {
		if err := tx.InsertContact(store.ContactRow{ID: contact, CreatedAt: time.Now(), SeenAt: time.Now()}); err != nil {
			return err
		}
		if err := tx.InsertInteraction(store.InteractionRow{ID: interaction, Channel: "chat", ContactID: contact, State: "active", ArrivedAt: time.Now()}); err != nil {
			return err
		}
		return tx.InsertChat(store.ChatRow{InteractionID: interaction, TokenHash: []byte("token of " + interaction)})
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkCampaignProgress is what one look at a campaign's progress reads, with 100,000
// contacts of which one in three was called, beside a campaign as large.
func BenchmarkCampaignProgress(b *testing.B) {
	const contacts = 100_000
	for _, driver := range storetest.Drivers {
		b.Run(driver, func(b *testing.B) {
			db := storetest.Open(b, driver)
			storetest.Organisations(b, db, storetest.TenantA)
			states := []string{"pending", "pending", "pending", "done", "retry_at", "excluded"}
			for from := 0; from < contacts; from += 1000 {
				err := db.Write(b.Context(), storetest.TenantA, func(tx *store.Tx) error {
					for n := from; n < from+1000; n++ {
						entry := fmt.Sprintf("lco_%06d", n)
						if _, err := tx.InsertListContact(store.ListContactRow{ID: entry, ListID: "lst_1", Seq: int64(n + 1), ContactID: fmt.Sprintf("con_%06d", n), AddressIndex: []byte(entry)}); err != nil {
							return err
						}
						for _, campaign := range []string{"cmp_1", "cmp_2"} {
							if _, err := tx.InsertCampaignContact(store.CampaignContactRow{CampaignID: campaign, EntryID: entry, ListID: "lst_1", Seq: int64(n + 1), Place: int64(n + 1), ContactID: fmt.Sprintf("con_%06d", n), State: states[n%len(states)]}); err != nil {
								return err
							}
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				err := db.Read(b.Context(), storetest.TenantA, func(tx *store.Tx) error {
					counts, err := tx.CampaignCounts("cmp_1")
					if err == nil && len(counts) != 4 {
						b.Fatal(counts)
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
