package email

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// floorOf stores what arrives, and counts it.
type floorOf struct {
	noFloor
	s      *Service
	tenant id.Tenant
	mu     *sync.Mutex
	works  map[string]int // by the message's identity
}

func (f floorOf) Arrive(ctx context.Context, a channel.Arrival) (string, string, error) {
	interaction := ids.New(id.Interaction)
	identity := ""
	err := f.s.DB.Write(ctx, f.tenant, func(tx *store.Tx) error {
		if err := tx.InsertInteraction(store.InteractionRow{ID: interaction, ContactID: "con_1", Channel: "email", State: "queued", Version: 1}); err != nil {
			return err
		}
		if err := a.Open(tx, interaction, "con_1"); err != nil {
			return err
		}
		row, err := tx.Email(interaction)
		identity = string(row.Identity)
		return err
	})
	if err == nil {
		f.mu.Lock()
		f.works[identity]++
		f.mu.Unlock()
	}
	return interaction, "", err
}
func (floorOf) CustomerInput(context.Context, id.Tenant, string, int64, flow.Input) error { return nil }
func (floorOf) CustomerLeft(context.Context, id.Tenant, string) error                     { return nil }
func (floorOf) KeepPlace(context.Context, id.Tenant, string) error                        { return nil }
func (floorOf) Talk(context.Context, id.Tenant, string, bool) error                       { return nil }

// Two nodes that both believe that a mailbox is theirs, at once, make each of its messages
// work once between them.
func TestTwoNodesOnOneMailbox(t *testing.T) {
	db := openStore(t)
	tenant := newTenant(t, db)
	if err := db.Write(t.Context(), tenant, func(tx *store.Tx) error { return tx.InsertContact(store.ContactRow{ID: "con_1"}) }); err != nil {
		t.Fatal(err)
	}
	const messages = 60
	var mu sync.Mutex
	works := map[string]int{}
	var running sync.WaitGroup
	begin := make(chan struct{})
	for range 2 {
		s := New(testDeps(t, db))
		s.Floor = floorOf{noFloor{}, s, tenant, &mu, works}
		b := &fakeBox{w: &world{}, folders: map[string]*fakeFolder{"INBOX": {validity: 1, next: messages + 1}}}
		for uid := range uint32(messages) {
			b.folders["INBOX"].mail = append(b.folders["INBOX"].mail, fakeMail{uid: uid + 1, id: "m" + strings.Repeat("i", int(uid)), came: time.Now()})
		}
		f := &followed{s: s, tenant: tenant, id: "mbx_1", Mailbox: setup.Mailbox{Folders: []string{"INBOX"}, Unread: true, Order: setup.MailOldest}, known: map[string]*seen{}}
		running.Go(func() {
			<-begin
			for more := true; more; {
				var err error
				if more, err = f.look(t.Context(), b, "INBOX"); err != nil {
					more = true // it is tried again, as a session is
				}
			}
		})
	}
	close(begin)
	running.Wait()
	if len(works) != messages {
		t.Errorf("%d of %d messages are work", len(works), messages)
	}
	for _, n := range works {
		if n != 1 {
			t.Errorf("one is work %d times", n)
		}
	}
}

// Who limits us or does not let us in is not asked again at once.
func TestPauseAfter(t *testing.T) {
	for why, want := range map[provider.Reason]time.Duration{provider.Busy: denied, provider.Denied: denied, provider.SignedOut: denied, provider.NoClient: denied, provider.Lost: firstRetry, provider.Refused: firstRetry, provider.NoFolder: firstRetry} {
		if got := pauseAfter(why, firstRetry); got != want {
			t.Errorf("%s: %s", why, got)
		}
	}
	if got := pauseAfter(provider.Busy, 2*denied); got != 2*denied {
		t.Errorf("%s", got)
	}
}
