package floor_test

import (
	"bytes"
	"context"
	"maps"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// came is how an arrival was answered.
type came struct {
	interaction string
	err         error
}

// What arrives together is stored together, with the first step of its flow; one that is
// refused keeps no other from it, and of what was opened for it nothing stays. What is sure
// is stored as its flow left it.
func TestWhatArrivesTogetherIsStoredTogether(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		g, err := flow.Parse([]byte(`{"start":"q","nodes":{"q":{"type":"queue","queue":"que_1"}}}`))
		h.no(err)
		h.close()
		for _, tenant := range []id.Tenant{a, b} {
			p := h.plans.of(tenant)
			p.Flows, p.EntryPoints = maps.Clone(p.Flows), maps.Clone(p.EntryPoints)
			p.Flows["flo_2"] = floor.PlannedFlow{Version: 1, Graph: g}
			p.EntryPoints["ent_mail"] = setup.EntryPoint{Name: "Mail", Channel: acd.Email, Flow: "flo_2", Languages: []string{"en"}}
			h.plans.set(tenant, p)
		}
		h.open("nod_1")
		h.floor.Drive(acd.Email, letters{map[string]int{}})
		opened := func(tx *store.Tx, interaction, _ string) error {
			return tx.InsertChat(store.ChatRow{InteractionID: interaction, TokenHash: []byte(interaction), VisitorSeenAt: h.clock.Now(), ExpiresAt: h.clock.Now().Add(time.Hour)})
		}
		arrive := func(tenant id.Tenant, entry string, sure bool, open func(tx *store.Tx, interaction, contact string) error) <-chan came {
			c := make(chan came, 1)
			go func() {
				i, _, err := h.floor.Arrive(context.Background(), channel.Arrival{Tenant: tenant, Channel: acd.Email, EntryPoint: entry, Language: "en", Sure: sure, Open: open})
				c <- came{i, err}
			}()
			return c
		}
		held, free := make(chan struct{}), make(chan struct{})
		first := arrive(a, "ent_mail", false, func(tx *store.Tx, interaction, contact string) error {
			close(held)
			<-free
			return opened(tx, interaction, contact)
		})
		<-held
		refused, kept := "", make(chan struct{})
		no := arrive(a, "ent_mail", false, func(tx *store.Tx, interaction, contact string) error {
			if refused == "" {
				refused = interaction
				close(kept)
			}
			if err := opened(tx, interaction, contact); err != nil {
				return err
			}
			return errs.New(errs.Conflict, "Not now.")
		})
		all := []<-chan came{first, arrive(a, "ent_mail", true, opened), arrive(a, "ent_mail", true, nil), arrive(a, "ent_mail", false, opened), arrive(b, "ent_mail", true, opened)}
		nowhere := arrive(a, "ent_none", true, opened)
		for h.db.Once() && floor.Waiting(h.floor, a) < 5 { // they go together, after the first
			time.Sleep(time.Millisecond)
		}
		close(free)
		<-kept
		if c := <-no; !errs.Is(c.err, errs.Conflict) {
			t.Errorf("who was refused is told %v", c.err)
		}
		rowOf := func(tenant id.Tenant, interaction string) (row store.InteractionRow, chat, segments int, err error) {
			err = h.db.Read(t.Context(), tenant, func(tx *store.Tx) error {
				all, err := tx.Segments(interaction)
				if segments = len(all); err != nil {
					return err
				}
				switch _, err := tx.Chat(interaction); {
				case err == nil:
					chat = 1
				case !errs.Is(err, errs.NotFound):
					return err
				}
				row, err = tx.Interaction(interaction)
				return err
			})
			return row, chat, segments, err
		}
		if _, chat, segments, err := rowOf(a, refused); !errs.Is(err, errs.NotFound) || chat+segments > 0 {
			t.Errorf("of who was refused %d conversations and %d segments are stored (%v)", chat, segments, err)
		}
		for n, c := range all {
			got := <-c
			h.no(got.err)
			tenant, chats := a, 1
			if n == 4 {
				tenant = b
			}
			if n == 2 {
				chats = 0
			}
			row, chat, segments, err := rowOf(tenant, got.interaction)
			h.no(err)
			if row.State != "queued" || row.QueueID != queueID || row.FlowID != "flo_2" || row.Place.IsZero() || chat != chats || segments != 2 {
				t.Errorf("arrival %d is %s in %q by %q, %d conversations, %d segments", n, row.State, row.QueueID, row.FlowID, chat, segments)
			}
			if sure := n == 1 || n == 2 || n == 4; sure && h.db.Once() && row.Version != 1 {
				t.Errorf("arrival %d was changed %d times before anybody saw it", n, row.Version-1)
			}
		}
		got := <-nowhere
		h.no(got.err)
		if row, chat, _, err := rowOf(a, got.interaction); err != nil || row.State != "closed" || row.CloseReason != "failed" || chat != 1 {
			t.Errorf("who came by an entry point that is nowhere is %s (%s), %d conversations (%v)", row.State, row.CloseReason, chat, err)
		}
		// What memory holds of them is what is stored: they are changed on.
		for _, tenant := range []id.Tenant{a, b} {
			h.ready(tenant, 0)
			d := h.desk(tenant, 0)
			for _, o := range d.Offers {
				_, err := h.floor.Accept(t.Context(), actor(tenant, 0), o.ID)
				h.no(err)
			}
			if len(d.Offers) == 0 {
				t.Errorf("%s: nobody was offered", tenant)
			}
		}
		if bytes.Contains(h.logged.bytes(), []byte("could not commit")) {
			t.Errorf("%s", h.logged.bytes())
		}
	})
}
