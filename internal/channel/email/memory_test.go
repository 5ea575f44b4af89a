package email

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// during does something while the set-up is asked for, which is in the middle of opening
// a message.
type during struct {
	oneBox
	then func()
}

func (d during) Mailboxes(ctx context.Context, t id.Tenant) (map[string]setup.Mailbox, error) {
	if d.then != nil {
		d.then()
	}
	return d.oneBox.Mailboxes(ctx, t)
}

// closes closes the work as a floor does.
func closes(t *testing.T, s *Service, tenant id.Tenant, interaction string) {
	t.Helper()
	var after func()
	err := s.DB.Write(t.Context(), tenant, func(tx *store.Tx) (err error) {
		i, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		i.State = "closed"
		if err := tx.UpdateInteraction(i); err != nil {
			return err
		}
		after, err = s.Carry(tx, channel.Work{Tenant: tenant, ID: interaction, State: "closed"}, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	after()
}

// Work that ends while something of it is being kept leaves nothing in memory: neither
// what is written, nor a file, nor the message itself; nor does a floor that goes to
// another node.
func TestNothingIsKeptOfWorkThatEndsMeanwhile(t *testing.T) {
	for _, end := range []string{"closed", "elsewhere"} {
		for name, does := range map[string]func(s *Service, a access.Actor, interaction string) error{
			"words": func(s *Service, a access.Actor, interaction string) error {
				_, err := s.Write(t.Context(), a, interaction, 0, DraftWords{Text: "One"})
				return err
			},
			"file": func(s *Service, a access.Actor, interaction string) error {
				_, err := s.Attach(t.Context(), a, interaction, DraftFile{Name: "a.pdf", Size: 5})
				return err
			},
		} {
			s, a, interaction := writing(t, newRelay(t), 0)
			m, ended := s.held.get(a.Tenant, interaction), false
			s.Setup = during{s.Setup.(oneBox), func() {
				if ended {
					return
				}
				ended = true
				if end == "closed" {
					closes(t, s, a.Tenant, interaction)
				} else {
					s.Closed(a.Tenant)
				}
				s.held.put(a.Tenant, interaction, m) // it is read just now
			}}
			if err := does(s, a, interaction); !errs.Is(err, errs.Gone) || !ended {
				t.Errorf("%s, %s: %v", end, name, err)
			}
			if len(s.drafts.all) != 0 || s.drafts.size != 0 {
				t.Errorf("%s, %s: %d drafts with %d octets are left", end, name, len(s.drafts.all), s.drafts.size)
			}
		}
	}
	s, a, interaction := writing(t, newRelay(t), 0)
	m := s.held.get(a.Tenant, interaction)
	s.keep(t.Context(), a.Tenant, interaction, m)
	if s.held.get(a.Tenant, interaction) == nil {
		t.Error("the message of open work is not kept")
	}
	closes(t, s, a.Tenant, interaction)
	s.keep(t.Context(), a.Tenant, interaction, m)
	if s.held.get(a.Tenant, interaction) != nil || s.held.size != 0 {
		t.Error("the message of closed work is kept")
	}
}

// aside puts the work of a message aside, or takes it back.
func aside(t *testing.T, s *Service, tenant id.Tenant, interaction string, away bool) {
	t.Helper()
	var after func()
	err := s.DB.Write(t.Context(), tenant, func(tx *store.Tx) (err error) {
		i, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		i.State, i.FlowID = map[bool]string{true: "in_flow", false: "queued"}[away], store.ShelfFlow
		if err := tx.UpdateInteraction(i); err != nil {
			return err
		}
		after, err = s.Carry(tx, channel.Work{Tenant: tenant, ID: interaction, State: i.State, Shelved: away}, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if after != nil {
		after()
	}
}

// Of an email that is put aside nothing is kept, also when it is read meanwhile, and it takes
// no place from what comes.
func TestWhatIsPutAsideIsNeitherKeptNorInTheWay(t *testing.T) {
	s, a, interaction := writing(t, newRelay(t), 0)
	m := s.held.get(a.Tenant, interaction)
	f := &followed{s: s, tenant: a.Tenant, id: "mbx_1"}
	for _, away := range []bool{true, false} {
		aside(t, s, a.Tenant, interaction, away)
		s.keep(t.Context(), a.Tenant, interaction, m) // somebody reads it
		if kept := s.held.get(a.Tenant, interaction) != nil; kept == away {
			t.Errorf("aside %v: kept %v", away, kept)
		}
		want := mostOpen - 1
		if away {
			want = mostOpen
		}
		if room, err := f.room(t.Context()); err != nil || room != want {
			t.Errorf("aside %v: there is room for %d, %v; want %d", away, room, err, want)
		}
	}
}

// A node that has not the tenant's floor, which does a job of it, keeps nothing: nobody
// would tell it of the end.
func TestOnlyTheNodeOfTheFloorKeepsMessages(t *testing.T) {
	s, a, interaction := writing(t, newRelay(t), 0)
	m := s.held.get(a.Tenant, interaction)
	s.held.forget(a.Tenant, interaction)
	s.mu.Lock()
	delete(s.houses, a.Tenant)
	s.mu.Unlock()
	s.keep(t.Context(), a.Tenant, interaction, m)
	if s.held.get(a.Tenant, interaction) != nil || s.held.size != 0 {
		t.Error("it is kept")
	}
}

// A file that was announced and does not come gives its room back; one whose pieces come
// keeps it, and one that is whole.
func TestAFileThatDoesNotComeHoldsNoRoom(t *testing.T) {
	s, a, interaction := writing(t, newRelay(t), 0)
	now := clock.NewVirtual(time.Now())
	s.Clock = now
	ctx := t.Context()
	attach := func(size int64) DraftFile {
		t.Helper()
		f, err := s.Attach(ctx, a, interaction, DraftFile{Name: "a.pdf", Size: size})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	piece := func(f DraftFile, from int64, n int) error {
		_, err := s.Piece(ctx, a, interaction, f.ID, from, make([]byte, n))
		return err
	}
	whole, slow, never := attach(10), attach(20), attach(700<<10)
	if err := piece(whole, 0, 10); err != nil {
		t.Fatal(err)
	}
	now.Advance(uploadLife - time.Minute)
	if err := piece(slow, 0, 1); err != nil {
		t.Fatal(err)
	}
	now.Advance(2 * time.Minute)
	after := attach(400 << 10) // for which there was none before
	if err := piece(never, 0, 1); !errs.Is(err, errs.NotFound) {
		t.Errorf("what did not come is waited for: %v", err)
	}
	if err := piece(slow, 1, 19); err != nil {
		t.Errorf("what comes slowly is not waited for: %v", err)
	}
	if want := whole.Size + slow.Size + after.Size; s.drafts.size != want {
		t.Errorf("%d octets are taken, %d are there", s.drafts.size, want)
	}
}

// A draft that nobody touches goes when its time is over, also where nobody writes another.
func TestADraftOfDaysAgoIsNotKept(t *testing.T) {
	w := newWorld(t, openStore(t), 1)
	now := clock.NewVirtual(time.Now())
	w.s.Clock = now
	if _, err := w.s.write(draftKey{w.tenant, "int_1", "usr_1"}, 0, DraftWords{Text: "One"}); err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{1, 0} {
		now.Advance(draftLife/2 + time.Hour)
		w.look(0)
		if len(w.s.drafts.all) != left {
			t.Errorf("%d drafts, want %d", len(w.s.drafts.all), left)
		}
	}
}

// Answers that are held are within a bound of their own, and give their room back when
// they leave or are undone.
func TestHeldAnswersAreBounded(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 60)
	ctx := t.Context()
	w := Answer{ClientID: "1", Text: secret.New("We look."), Hold: true}
	s.letters.tenant = 10
	if _, err := s.Reply(ctx, a, interaction, w); !errs.Is(err, errs.Unavailable) || r.count() != 0 || s.waits(interaction) {
		t.Fatalf("more than there is room for: %v", err)
	}
	s.letters.tenant = lettersOfTenant
	if got, err := s.Reply(ctx, a, interaction, w); err != nil || got.State != held || s.letters.size < 100 {
		t.Fatalf("%s %v, %d octets are taken", got.State, err, s.letters.size)
	}
	s.mu.Lock()
	if s.holding[interaction].o.m != nil {
		t.Error("what is answered is held with the answer")
	}
	s.mu.Unlock()
	if err := s.Undo(ctx, a, interaction, "1"); err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool { return !s.waits(interaction) })
	if s.letters.size != 0 || len(s.letters.sizes) != 0 {
		t.Errorf("%d octets are taken by what was undone", s.letters.size)
	}
	w.Hold = false
	if got, err := s.Reply(ctx, a, interaction, w); err != nil || got.State != sent || s.letters.size != 0 {
		t.Errorf("%s %v, %d octets are taken", got.State, err, s.letters.size)
	}
}

// Whom a message says that an answer reaches may be anything before its @: it is that
// address at the provider, and nothing more is said there.
func TestAReplyToIsNoCommand(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	m, err := message.Read(strings.NewReader("From: rui@example.org\r\nReply-To: \"x> NOTIFY=NEVER <victim\"@example.org\r\nTo: help@shop.example\r\nMessage-ID: <2@example.org>\r\n\r\nHello\r\n"), message.Standard)
	if err != nil {
		t.Fatal(err)
	}
	s.held.put(a.Tenant, interaction, m)
	if got, err := s.Reply(t.Context(), a, interaction, Answer{ClientID: "1", Text: secret.New("We look.")}); err != nil || got.State != sent {
		t.Fatalf("%s %v", got.State, err)
	}
	if want := `RCPT TO:<"x> NOTIFY=NEVER <victim"@example.org>`; len(r.told) != 1 || !strings.HasPrefix(r.told[0], want) {
		t.Errorf("told %q, want %q", r.told, want)
	}
	if to := r.last(t).To; len(to) != 1 || to[0].Address.Reveal() != "x> NOTIFY=NEVER <victim@example.org" {
		t.Errorf("its header names %d", len(to))
	}
}

// What people write is not printed, and is what the door writes.
func TestWhatIsWrittenIsNotPrinted(t *testing.T) {
	const canary = "canary"
	words := DraftWords{Text: canary, HTML: canary, From: canary, To: []string{canary}}
	file := DraftFile{Name: canary}
	for _, one := range []any{words, &words, file, Draft{Words: words, Files: []DraftFile{file}}, draft{Draft: Draft{Words: words}}, Mail{Subject: canary, Text: canary, From: []Person{{canary, canary}}},
		Person{canary, canary}, File{Name: canary}, Content{File: File{Name: canary}, Octets: []byte(canary)}, Delivery{Addresses: []string{canary}}, []DraftFile{file}} {
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "one", one)
		for _, got := range []string{fmt.Sprintf("%v", one), fmt.Sprintf("%+v", one), fmt.Sprintf("%#v", one), fmt.Sprint(one)} {
			if strings.Contains(got, canary) {
				t.Errorf("%T prints %s", one, got)
			}
		}
		if _, many := one.([]DraftFile); !many && strings.Contains(log.String(), canary) {
			t.Errorf("%T is logged as %s", one, log.String())
		}
	}
	if b, err := json.Marshal(words); err != nil || !bytes.Contains(b, []byte(canary)) {
		t.Errorf("the door writes %s, %v", b, err)
	}
}
